"""What a worker does for whatever somebody asked: run it, and answer whatever happens."""

import logging
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias, assert_never

from bot.core.budget import QUICK_SECONDS
from bot.core.commands import (
    WORDS,
    Command,
    EditProfile,
    LookupCommand,
    SetFields,
    ShowAttributes,
    ShowFriends,
    ShowHelp,
    ShowHistory,
    ShowProfiles,
    ShowRole,
    ShowStart,
    UndoChange,
)
from bot.core.lookups.job import LookupJob
from bot.core.model import LookupStatus
from bot.core.policy import NOTHING_SENT
from bot.core.results import Lookup, Preview, Result, Settled
from bot.core.services import Services
from bot.errors import AuditError, BotError, CancelledError, NotSharedError, PermissionDeniedError
from bot.slack.api.channels import check_share, is_private
from bot.slack.api.people import SlackPeople
from bot.slack.delivery.files import Files
from bot.slack.delivery.forms import Forms
from bot.slack.delivery.open_view import Pane
from bot.slack.delivery.progress import watching
from bot.slack.delivery.request import Ask
from bot.slack.interactions import Again, Answers, HistoryPage, LookupPage, Subject
from bot.slack.messages.blocks import sentence
from bot.slack.messages.csv import comment, file_name, to_csv
from bot.slack.messages.mrkdwn import plain
from bot.slack.messages.paging import accounts_on, lone_account, shown
from bot.slack.messages.render import (
    Message,
    Turns,
    changing,
    pages,
    render,
    render_crash,
    render_error,
    render_sent,
    sending,
)

Observer: TypeAlias = Callable[[str, str, float], None]
"""Told of everything answered: what was asked, how it ended, and how many seconds it took."""

_UNRECORDED: Mapping[bool | None, str] = {
    False: "This lookup could not be recorded; whoever runs this bot finds the reason in its log.",
    None: "Whether this lookup was recorded is not known: the record did not answer in time.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answering:
    """Turns what an actor asked into exactly one answer.

    Args:
        command: The slash command's name, slash included.
        services: The services that run commands.
        answers: What buttons and forms lead back to.
        people: Who could read what is shared to a channel.
        forms: What opens forms.
        files: What sends files.
        observe: Told of everything answered.
        channel_trouble: Says why the audit channel is not told of changes; empty while it is.
    """

    command: str
    services: Services
    answers: Answers
    people: SlackPeople
    forms: Forms
    files: Files
    observe: Observer
    channel_trouble: Callable[[], str]

    def answer_text(self, ask: Ask, text: str) -> None:
        """Run what was typed after the slash command."""
        self.always_answer(ask, partial(self._run_text, ask, text))

    def answer_shortcut(self, ask: Ask) -> None:
        """Ask whose profile the form is to show."""
        self.always_answer(ask, partial(self.ask_account, ask))

    def answer_account(self, ask: Ask, command: EditProfile, pane: Pane) -> None:
        """Fill the view that asked for an account with the form."""
        self.always_answer(ask, partial(self._fill_form, ask, command, pane))

    def always_answer(self, ask: Ask, run: Callable[[], str]) -> None:
        """Run something that answers, and answer in its stead when it raises.

        Args:
            ask: Whom to answer.
            run: Answers, and names what was asked.
        """
        started = time.monotonic()
        asked, outcome = "unknown", "answered"
        try:
            asked = run()
        except CancelledError as error:
            # Whoever pressed Cancel has been answered there.
            outcome = type(error).__name__
        except BotError as error:
            outcome = type(error).__name__
            # What the record could not do is for whoever runs the bot, too; its words hold no values.
            level, why = (logging.WARNING, error) if isinstance(error, AuditError) else (logging.INFO, "")
            log.log(level, "answered with %s %s %s", outcome, error.detail, why)
            ask.reply.refuse(render_error(error, command=self.command))
        except Exception as error:  # noqa: BLE001 - silence in the channel is the worst answer
            outcome = "crash"
            ask.reply.refuse(self.own_up(error))
        self.observe(asked, outcome, time.monotonic() - started)

    def own_up(self, error: Exception) -> Message:
        """Log an unexpected error under a reference, and show the reference."""
        reference = secrets.token_hex(4)
        log.error("reference %s", reference, exc_info=error)
        return render_crash(reference, self.command)

    def answer(self, ask: Ask, result: Result) -> None:
        """Answer with what a command came to."""
        message = render(result, command=self.command, actor_id=ask.actor.user_id, note=self.note_on(result))
        ask.reply.answer(message, private=True)

    def note_on(self, result: Result) -> str:
        """Say what else whoever changes something is to know; empty for anything else."""
        trouble = self.channel_trouble() if isinstance(result, Preview | Settled) else ""
        return f"Audit channel: {trouble}." if trouble else ""

    def change(self, ask: Ask, command: SetFields | UndoChange) -> str:
        """Answer with the preview of a change; names what was asked."""
        with ask.reply.working(changing):
            result = self.services.execute(ask.actor, command, ask.surface)
        self.answer(ask, result)
        return type(command).__name__

    def show_history(self, ask: Ask, command: ShowHistory) -> None:
        """Answer with a page of an account's history."""
        history = self.services.show_history(ask.actor, command, ask.surface)
        self._check_readers(ask)
        turns = None
        if ask.reply.public:
            # Values are for editors, and a button would let everybody turn one person's pages.
            history = replace(history, with_values=False)
        else:
            neighbors = (history.newer, history.older)
            turns = Turns(
                0, *(self.answers.keep(ask.actor, HistoryPage(page)) if page else None for page in neighbors)
            )
        ask.reply.answer(render(history, command=self.command, actor_id=ask.actor.user_id, page=turns))

    def show_start(self, ask: Ask) -> None:
        """Answer with where to start."""
        start = self.services.start(ask.actor)
        again = [self.answers.keep(ask.actor, Again(lookup)) for lookup in start.recent]
        message = render(start, command=self.command, actor_id=ask.actor.user_id, again=again)
        ask.reply.answer(message, private=True)

    def show(self, ask: Ask, command: LookupCommand, *, share: bool = False, note: str = "") -> None:
        """Answer with the first page of a lookup.

        Args:
            ask: Whom to answer.
            command: What to look up.
            share: Whether to show it to the whole channel.
            note: A sentence of our own to add.
        """
        lookup = self._look_up(ask, self._begin(ask, command), share=share)
        self._show(ask, lookup, 0, share=share, note=note)

    def turn(self, ask: Ask, page: LookupPage) -> None:
        """Answer with a page of an earlier answer, and the values that it shows as they are now."""
        begin = self._renew(ask, page.answer, accounts_on(page.answer, page.number))
        self._show(ask, self._look_up(ask, begin, number=page.number), page.number)

    def share(self, ask: Ask, page: LookupPage) -> None:
        """Show a page to the whole channel: whom it is about, and their values as they are now.

        Raises:
            NotSharedError: Others than the workspace's own people could read it, or nobody would.
        """
        part = shown(page.answer, page.number)
        lookup = self._look_up(ask, self._renew(ask, part, part.command.accounts), share=True)
        self._show(ask, lookup, 0, share=True)

    def retry(self, ask: Ask, page: LookupPage) -> None:
        """Ask anew about the accounts of an answer that were not answered for, those of a page included."""
        accounts = {*page.answer.unanswered(), *page.failed}
        self.show(ask, page.answer.narrow(accounts).command)

    def export_again(self, ask: Ask, page: LookupPage) -> None:
        """Send an earlier answer as CSV, with the values as they are now."""
        answer = page.answer
        self._send(ask, self._look_up(ask, self._renew(ask, answer, answer.command.accounts)))

    def export(self, ask: Ask, command: LookupCommand, *, share: bool = False, note: str = "") -> None:
        """Send a lookup as CSV to the actor's direct messages, and say so.

        Args:
            ask: Whom to answer.
            command: What to look up.
            share: Whether to show the answer to the whole channel besides.
            note: A sentence of our own to add.
        """
        self._send(ask, self._look_up(ask, self._begin(ask, command), share=share), share=share, note=note)

    def _send(self, ask: Ask, lookup: Lookup, *, share: bool = False, note: str = "") -> None:
        if share:
            ask.reply.answer(self.make_answer(ask, lookup, 0, public=True), in_channel=True)
            note = "The answer is in this channel, for everybody; the CSV is for you alone."
        name = file_name(lookup, datetime.now(UTC))
        with ask.reply.working(sending):
            self.files.send(ask.actor.user_id, name, to_csv(lookup), comment(lookup))
        actor_id, note = ask.actor.user_id, _noted(note or _differing(lookup), lookup)
        ask.reply.answer(render_sent(lookup, name, actor_id=actor_id, shared=ask.reply.public, note=note))

    def make_answer(self, ask: Ask, lookup: Lookup, number: int, *, public: bool, note: str = "") -> Message:
        """Make a page of a lookup's answer.

        Args:
            ask: Who is answered.
            lookup: What it came to.
            number: The page, counted from zero.
            public: Whether others see it; then it has no buttons, which they would press.
            note: A sentence of our own to add.
        """
        return render(
            lookup,
            command=self.command,
            actor_id=ask.actor.user_id,
            page=None if public else self._turns(ask, lookup, number),
            shared=public,
            note=_noted(note, lookup),
        )

    def _show(self, ask: Ask, lookup: Lookup, number: int, *, share: bool = False, note: str = "") -> None:
        public = share or ask.reply.public
        ask.reply.answer(self.make_answer(ask, lookup, number, public=public, note=note), in_channel=share)

    def _begin(self, ask: Ask, command: LookupCommand) -> Callable[[], LookupJob]:
        return partial(self.services.begin, ask.actor, command, ask.surface)

    def _renew(self, ask: Ask, answer: Lookup, accounts: Collection[str]) -> Callable[[], LookupJob]:
        return partial(self.services.renew, ask.actor, answer, accounts, ask.surface)

    def _look_up(
        self, ask: Ask, begin: Callable[[], LookupJob], *, number: int = 0, share: bool = False
    ) -> Lookup:
        inquiry = begin()
        # The role comes first, so that a refusal is recorded wherever it was asked for.
        self._check_readers(ask)
        if share:
            check_share(self.people, ask.channel_id)
        with watching(self.answers, ask, inquiry, number=number, stays=share):
            return inquiry.run()

    def _run_text(self, ask: Ask, text: str) -> str:
        return self.run(ask, self.services.read(ask.actor, plain(text), ask.surface))

    def run(self, ask: Ask, command: Command) -> str:
        """Run a command and answer it; names what was asked."""
        match command:
            case ShowProfiles() | ShowFriends() | ShowAttributes():
                self._run_lookup(ask, command)
            case ShowHistory():
                self.show_history(ask, command)
            case SetFields() | UndoChange():
                self.change(ask, command)
            case EditProfile():
                self._open_form(ask, command)
            case ShowStart():
                self.show_start(ask)
            case ShowRole() | ShowHelp():
                with self.people.within(QUICK_SECONDS):
                    result = self.services.execute(ask.actor, command, ask.surface)
                self.answer(ask, result)
            case _:
                assert_never(command)
        return type(command).__name__

    def _run_lookup(self, ask: Ask, command: LookupCommand) -> None:
        answer = self.export if command.csv else self.show
        try:
            answer(ask, command, share=command.share and not ask.reply.public)
        except NotSharedError as error:
            # Nothing was asked of the vendor yet: whoever typed --share still gets what they asked for.
            parts = (f"Not shared: {error}", error.advice)
            answer(ask, command, note=" ".join(sentence(part) for part in parts if part))

    def ask_account(self, ask: Ask) -> str:
        """Open the modal that asks whose profile to change; names the deed."""
        self.services.allow(ask.actor, WORDS[SetFields], ask.surface)
        self.forms.ask_account(ask.trigger_id, self.services.apps)
        return "AskAccount"

    def _fill_form(self, ask: Ask, command: EditProfile, pane: Pane) -> str:
        load = partial(self.services.changes.edit, ask.actor, command, ask.surface)
        self.forms.fill(ask.actor, pane, load, ask.reply.url)
        return type(command).__name__

    def _open_form(self, ask: Ask, command: EditProfile) -> None:
        load = partial(self.services.changes.edit, ask.actor, command, ask.surface)
        self.forms.open(ask.actor, ask.trigger_id, load, ask.reply.url)

    def _turns(self, ask: Ask, lookup: Lookup, number: int) -> Turns:
        answer, last = lookup.without_values(), pages(lookup) - 1
        failed = lookup.narrow(lookup.unanswered()).command.accounts if lookup.earlier else ()

        def page(neighbor: int) -> str | None:
            exists = 0 <= neighbor <= last
            return self.answers.keep(ask.actor, LookupPage(answer, neighbor)) if exists else None

        this = self.answers.keep(ask.actor, LookupPage(answer, number, failed))
        account = lone_account(lookup)
        subject = self.answers.keep(ask.actor, Subject(lookup.command.app, account)) if account else None
        return Turns(
            number,
            page(number - 1),
            page(number + 1),
            export_id=this,
            retry_id=this if lookup.unanswered() else None,
            share_id=None if is_private(ask.channel_id) else this,
            edit_id=subject if subject and self.services.may_change(ask.actor) else None,
            history_id=subject,
        )

    def _check_readers(self, ask: Ask) -> None:
        """Check that an answer may be given where others see it, if that is where it goes.

        Raises:
            PermissionDeniedError: It may not.
        """
        if not ask.reply.public:
            return
        try:
            check_share(self.people, ask.channel_id)
        except NotSharedError as error:
            raise PermissionDeniedError(
                str(error),
                advice=f"Type {self.command} here or write to me directly, and the answer is yours alone. "
                f"{NOTHING_SENT}",
            ) from None


def _differing(lookup: Lookup) -> str:
    """Say that accounts are not found any more that an answer found; empty where all are."""
    if lookup.earlier is None:
        return ""
    count = sum(row.status is not LookupStatus.FOUND for row in lookup.rows)
    accounts = f"{count:,} account{'' if count == 1 else 's'}"
    return f"Of those found then, {accounts} gave no values now: each row says why." if count else ""


def _noted(note: str, lookup: Lookup) -> str:
    """Add to a note that a lookup was not recorded, or may not have been, where that is so."""
    return " ".join(filter(None, (note, _UNRECORDED.get(lookup.recorded))))
