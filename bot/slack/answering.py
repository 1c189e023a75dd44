"""What a worker does for a command, a button or a form: run it, and answer whatever happens."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, assert_never

from bot.core.answers import Answers, Page
from bot.core.commands import (
    EditProfile,
    LookupCommand,
    SetFields,
    ShowAttributes,
    ShowFriends,
    ShowHelp,
    ShowHistory,
    ShowProfiles,
    ShowRole,
    UndoChange,
)
from bot.core.dispatcher import Dispatcher
from bot.core.model import Actor, Surface
from bot.core.results import Lookup, Preview, Result, Settled
from bot.errors import BotError, SlackUnavailableError
from bot.slack.forms import Forms
from bot.slack.messages import (
    Message,
    Turns,
    changing,
    pages,
    render,
    render_crash,
    render_error,
    working,
)
from bot.slack.mrkdwn import plain
from bot.slack.people import SlackPeople
from bot.slack.responder import Reply

Observer: TypeAlias = Callable[[str, str, float], None]
"""Told of everything answered: what was asked, how it ended, and how many seconds it took."""

_DIRECT = "D"
"""What the ids of direct messages start with."""
_UNRECORDED = "This lookup could not be recorded; whoever runs this bot finds the reason in its log."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command was typed: the channel, and what allows to open a form there."""

    channel_id: str
    trigger_id: str


@dataclass(frozen=True, slots=True)
class Answering:
    """Turns what an actor asked into exactly one answer.

    Args:
        command: The slash command's name, slash included.
        dispatcher: What runs commands.
        answers: What buttons and forms lead back to.
        people: Who could read what is shared to a channel.
        forms: What opens forms.
        observe: Told of everything answered.
        channel_trouble: Says why the audit channel is not told of changes; empty while it is.
    """

    command: str
    dispatcher: Dispatcher
    answers: Answers
    people: SlackPeople
    forms: Forms
    observe: Observer
    channel_trouble: Callable[[], str]

    def answer_text(self, actor: Actor, text: str, place: Place, reply: Reply) -> None:
        """Run what was typed after the slash command."""
        self._always_answer(reply, partial(self._run_text, actor, text, place, reply))

    def answer_button(self, action_id: str, actor: Actor, value: str, reply: Reply) -> None:
        """Do what a button stands for."""
        self._always_answer(reply, partial(_BUTTONS[action_id], self, actor, value, reply))

    def answer_shortcut(self, trigger_id: str, reply: Reply) -> None:
        """Ask whose profile the form is to show."""
        self._always_answer(reply, partial(self._ask_account, trigger_id))

    def answer_account(self, actor: Actor, command: EditProfile, view_id: str, reply: Reply) -> None:
        """Fill the view that asked for an account with the form."""
        self._always_answer(reply, partial(self._fill_form, actor, command, view_id, reply))

    def answer_form(self, actor: Actor, command: SetFields, reply: Reply) -> None:
        """Run what a form was filled in with."""
        self._always_answer(reply, partial(self._change, actor, command, Surface.FORM, reply))

    def own_up(self, error: Exception) -> Message:
        """Log an unexpected error under a reference, and show the reference."""
        reference = secrets.token_hex(4)
        log.error("reference %s", reference, exc_info=error)
        return render_crash(reference, self.command)

    def _always_answer(self, reply: Reply, run: Callable[[], str]) -> None:
        started = time.monotonic()
        asked, outcome = "unknown", "answered"
        try:
            asked = run()
        except BotError as error:
            outcome = type(error).__name__
            log.info("answered with %s %s", outcome, error.detail)
            reply.refuse(render_error(error, command=self.command))
        except Exception as error:  # noqa: BLE001 - silence in the channel is the worst answer
            outcome = "crash"
            reply.refuse(self.own_up(error))
        self.observe(asked, outcome, time.monotonic() - started)

    def _run_text(self, actor: Actor, text: str, place: Place, reply: Reply) -> str:
        command = self.dispatcher.read(plain(text))
        match command:
            case ShowProfiles() | ShowFriends() | ShowAttributes():
                share, note = self._may_share(place.channel_id) if command.share else (False, "")
                self._show(actor, command, Surface.COMMAND, reply, share=share, note=note)
            case ShowHistory():
                self._show_history(actor, command, Surface.COMMAND, reply)
            case SetFields() | UndoChange():
                self._change(actor, command, Surface.COMMAND, reply)
            case EditProfile():
                self._open_form(actor, command, place, reply)
            case ShowRole() | ShowHelp():
                self._answer(actor, self.dispatcher.execute(actor, command), reply)
            case _:
                assert_never(command)
        return type(command).__name__

    def _answer(self, actor: Actor, result: Result, reply: Reply) -> None:
        trouble = self.channel_trouble() if isinstance(result, Preview | Settled) else ""
        note = f"The audit channel is behind: {trouble}." if trouble else ""
        reply.answer(render(result, command=self.command, actor_id=actor.user_id, note=note))

    def _change(self, actor: Actor, command: SetFields | UndoChange, surface: Surface, reply: Reply) -> str:
        with reply.working(changing):
            result = self.dispatcher.execute(actor, command, surface)
        self._answer(actor, result, reply)
        return type(command).__name__

    def _ask_account(self, trigger_id: str) -> str:
        self.forms.ask_account(trigger_id, self.dispatcher.apps)
        return "AskAccount"

    def _fill_form(self, actor: Actor, command: EditProfile, view_id: str, reply: Reply) -> str:
        load = partial(self.dispatcher.changes.edit, actor, command, Surface.FORM)
        self.forms.fill(actor, view_id, load, reply.url)
        return type(command).__name__

    def _open_form(self, actor: Actor, command: EditProfile, place: Place, reply: Reply) -> None:
        load = partial(self.dispatcher.changes.edit, actor, command)
        self.forms.open(actor, place.trigger_id, load, reply.url)

    def _confirm(self, actor: Actor, change_id: str, reply: Reply) -> str:
        reply.replaces = True
        with reply.working(changing):
            result = self.dispatcher.changes.confirm(actor, change_id)
        self._answer(actor, result, reply)
        return "ConfirmChange"

    def _cancel(self, actor: Actor, change_id: str, reply: Reply) -> str:
        reply.replaces = True
        self._answer(actor, self.dispatcher.changes.cancel(actor, change_id), reply)
        return "CancelChange"

    def _undo(self, actor: Actor, change_id: str, reply: Reply) -> str:
        return self._change(actor, UndoChange(change_id), Surface.BUTTON, reply)

    def _turn_page(self, actor: Actor, key: str, reply: Reply) -> str:
        page = self.answers.find(key, actor, Page)
        reply.replaces = True
        match page.command:
            case ShowHistory() as history:
                self._show_history(actor, history, Surface.BUTTON, reply)
            case lookup:
                self._show(actor, lookup, Surface.BUTTON, reply, number=page.number)
        return "TurnPage"

    def _show_history(self, actor: Actor, command: ShowHistory, surface: Surface, reply: Reply) -> None:
        history = self.dispatcher.show_history(actor, command, surface)
        older = None
        if history.older is not None:
            older = self.answers.keep(actor, Page(ShowHistory(command.app, command.account, history.older)))
        turns = Turns(0, None, older)
        reply.answer(render(history, command=self.command, actor_id=actor.user_id, page=turns))

    def _show(
        self,
        actor: Actor,
        command: LookupCommand,
        surface: Surface,
        reply: Reply,
        *,
        number: int = 0,
        share: bool = False,
        note: str = "",
    ) -> None:
        with reply.working(partial(working, command), stays=share):
            lookup = self.dispatcher.look_up(actor, command, surface)
        # Buttons on a shared answer would let everybody turn one person's pages.
        turns = None if share else self._turns(actor, lookup, number)
        message = render(
            lookup,
            command=self.command,
            actor_id=actor.user_id,
            page=turns,
            shared=share,
            note=note if lookup.recorded else f"{note} {_UNRECORDED}".strip(),
        )
        reply.answer(message, in_channel=share)

    def _turns(self, actor: Actor, lookup: Lookup, number: int) -> Turns:
        last = pages(lookup) - 1
        number = min(number, last)

        def keep(neighbor: int) -> str | None:
            exists = 0 <= neighbor <= last
            return self.answers.keep(actor, Page(lookup.command, neighbor)) if exists else None

        return Turns(number, keep(number - 1), keep(number + 1))

    def _may_share(self, channel_id: str) -> tuple[bool, str]:
        """Tell whether an answer may be shown to a channel, and if not, why not."""
        if channel_id.startswith(_DIRECT):
            return False, "Not shared: this is a direct message. Use --share in a channel."
        try:
            shared_outside = self.people.is_shared_outside(channel_id)
        except SlackUnavailableError:
            return False, (
                "Not shared: Slack did not say whether people of other organizations can read this channel. "
                "In a private channel, invite the bot first."
            )
        if shared_outside:
            return False, "Not shared: people of other organizations can read this channel."
        return True, ""


_BUTTONS: Mapping[str, Callable[[Answering, Actor, str, Reply], str]] = {
    "page": Answering._turn_page,  # noqa: SLF001 - its own table
    "confirm_change": Answering._confirm,  # noqa: SLF001
    "cancel_change": Answering._cancel,  # noqa: SLF001
    "undo_change": Answering._undo,  # noqa: SLF001
}
BUTTONS = tuple(_BUTTONS)
"""The action ids of the buttons there are."""
