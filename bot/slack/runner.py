"""The command runner: runs each request and always answers it."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, assert_never

from bot.core.commands import (
    WORDS,
    AskSearch,
    Command,
    EditProfile,
    LookupCommand,
    SearchRecord,
    SetFields,
    ShowHelp,
    ShowHistory,
    ShowRole,
    ShowStart,
    UndoChange,
    metric_of,
)
from bot.core.model import Actor, Outcome, Role, Surface
from bot.core.results import History, Preview, RecordPage, Result, Settled
from bot.core.services import Services
from bot.core.time_limits import QUICK_SECONDS
from bot.errors import AuditError, BotError, CancelledError, PermissionDeniedError, UsageError
from bot.slack.api.people import SlackPeople
from bot.slack.claims import Claims
from bot.slack.delivery.audit.post_links import AddLink
from bot.slack.delivery.forms import Forms
from bot.slack.delivery.history_controls import make_controls
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Audience
from bot.slack.delivery.request import SlackRequest
from bot.slack.file_lookup_answers import FileLookupAnswers
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import OpenForm, OpenLookup, SavedLookup, SavedText, ShownPreview
from bot.slack.lookup_answers import LookupAnswers, check_readers
from bot.slack.messages.blocks import Message
from bot.slack.messages.errors import render_crash, render_error
from bot.slack.messages.notices import changing
from bot.slack.messages.render import render
from bot.slack.messages.text import unescape
from bot.slack.modals.profile import TITLE, account_view, form_view
from bot.slack.modals.search import TITLE as SEARCH_TITLE
from bot.slack.modals.search import search_view

Observer: TypeAlias = Callable[[str, str, float], None]
"""Called after each answer with the command, the outcome and the seconds it took."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CommandRunner:
    """Turns each request into exactly one answer.

    Args:
        command: The slash command's name, slash included.
        services: The services that run commands.
        interactions: The state behind buttons and forms.
        people: The readers of channels.
        claims: Lets each request run once.
        forms: Opens forms.
        lookups: Answers lookups.
        file_lookups: Asks about files of ids, and starts their lookups.
        observe: Called after each answer.
        channel_trouble: Explains why the audit channel lacks changes; empty while it lacks none.
        expect_post: Calls back with the link to an entry's message in the audit channel, if posted soon.
    """

    command: str
    services: Services
    interactions: Interactions
    people: SlackPeople
    claims: Claims
    forms: Forms
    lookups: LookupAnswers
    file_lookups: FileLookupAnswers
    observe: Observer
    channel_trouble: Callable[[], str]
    expect_post: Callable[[int, AddLink], None] = lambda _, __: None

    def run_guarded(
        self,
        request: SlackRequest,
        run: Callable[[], str],
        show_waiting: Callable[[Preview], None] | None = None,
    ) -> None:
        """Run a handler, and answer with its error if it raises.

        Args:
            request: The request to answer.
            run: The handler; returns the label of its metric.
            show_waiting: Shows the preview of a change that an error left open; by default as a message.
        """
        if request.runs_once and not self.claims.take(request.id):
            log.info("a request that Slack sent again was left out")
            return
        started = time.monotonic()
        asked, outcome = "unknown", "answered"
        try:
            request.actor = self.people.resolve(request.actor)
            asked = run()
        except CancelledError as error:
            # The Cancel button has answered.
            outcome = type(error).__name__
        except BotError as error:
            outcome = self._answer_error(request, error, show_waiting)
        except Exception as error:  # noqa: BLE001 - silence in the channel is the worst answer
            outcome = "crash"
            request.reply.refuse(self.report_crash(error))
        self.observe(asked, outcome, time.monotonic() - started)

    def _answer_error(
        self, request: SlackRequest, error: BotError, show_waiting: Callable[[Preview], None] | None
    ) -> str:
        """Answer with an error, or with the preview that it left open; return the label of its metric."""
        outcome = type(error).__name__
        # A failing record is also the operator's concern; the error's text has no values.
        level, why = (logging.WARNING, error) if isinstance(error, AuditError) else (logging.INFO, "")
        log.log(level, "answered with %s %s %s", outcome, error.detail, why)
        try:
            if preview := self._find_waiting(request.actor, error):
                (show_waiting or partial(self.answer, request))(preview)
            else:
                run_id = self._keep_suggestion(request, error)
                request.reply.refuse(render_error(error, command=self.command, run_id=run_id))
        except Exception as crash:  # noqa: BLE001 - as above
            request.reply.refuse(self.report_crash(crash))
        return outcome

    def _keep_suggestion(self, request: SlackRequest, error: BotError) -> str:
        """Return the opaque id of the text that was meant; empty if it is not known."""
        meant = error.suggestion if isinstance(error, UsageError) else ""
        return self.interactions.keep(request.actor, SavedText(meant)) if meant else ""

    def report_crash(self, error: Exception) -> Message:
        """Log an unexpected error under a reference; return the message with the reference."""
        reference = secrets.token_hex(4)
        log.error("reference %s", reference, exc_info=error)
        return render_crash(reference, self.command)

    def answer(self, request: SlackRequest, result: Result) -> None:
        """Answer with the result of a command."""
        self.remember(request.actor, result)

        def draw(link: str = "") -> Message:
            note, actor_id = self.channel_note(result), request.actor.user_id
            return render(result, command=self.command, actor_id=actor_id, note=note, link=link)

        request.reply.answer(draw(), Audience.ACTOR)
        # A modal may show something else by then; its History leads to the message, too.
        if isinstance(result, Settled) and _was_tried(result) and not request.reply.delivery.is_view:
            self.expect_post(result.entry.sequence, lambda link: request.reply.amend(draw(link=link)))

    def remember(self, actor: Actor, result: Result) -> None:
        """Keep a preview until its change is confirmed, to show it again if that fails."""
        if isinstance(result, Preview):
            self.interactions.keep(actor, ShownPreview(result), result.change.id)
        elif isinstance(result, Settled):
            self.interactions.forget(result.change.id)

    def _find_waiting(self, actor: Actor, error: BotError) -> Preview | None:
        """Return the preview of the change that an error left open, with the error."""
        change_id = error.waiting_change
        if not change_id:
            return None
        with suppress(BotError):
            return replace(self.interactions.find(change_id, actor, ShownPreview).preview, problem=error)
        # After a restart, or in another process.
        with suppress(BotError):
            return replace(self.services.changes.recall(actor, change_id), problem=error)
        return None

    def channel_note(self, result: Result) -> str:
        """Return the note on audit channel trouble for a change's result; empty for other results."""
        trouble = self.channel_trouble() if isinstance(result, Preview | Settled) else ""
        return f"Audit channel: {trouble}." if trouble else ""

    def show_history(self, request: SlackRequest, command: ShowHistory | SearchRecord) -> None:
        """Answer with a page of an account's history, or of another search of the record."""
        found: History | RecordPage
        shared_in = self._find_readers(request, command)
        if isinstance(command, ShowHistory):
            found = self.services.show_history(request.actor, command, request.surface, shared_in=shared_in)
        else:
            if request.reply.public and command.query.is_search:
                raise PermissionDeniedError(
                    "a search of the record is for editors alone, and others can read this",
                    advice=f"Type {self.command} history here, or message the bot directly",
                )
            found = self.services.search(request.actor, command, request.surface, shared_in=shared_in)
        controls = None
        if request.reply.public:
            # Values are only for editors, and buttons only for the actor.
            found = replace(found, with_values=False)
        else:
            controls = make_controls(self.interactions, self.people, request.actor, found)
            controls = replace(controls, may_change=self.services.may_change(request.actor))
        request.reply.answer(
            render(found, command=self.command, actor_id=request.actor.user_id, page=controls)
        )

    def _find_readers(self, request: SlackRequest, command: ShowHistory | SearchRecord) -> str:
        """Return the channel whose members see a history, and check the role and that channel; else nothing.

        Raises:
            PermissionDeniedError: It may not be posted there, or the actor may not look up.
        """
        if not request.reply.public:
            return ""
        about = (command.app.name, (command.account,)) if isinstance(command, ShowHistory) else ("", ())
        self.services.allow(request.actor, WORDS[ShowHistory], request.surface, *about)
        check_readers(self.people, request, self.command)
        return request.channel_id

    def show_start(self, request: SlackRequest) -> None:
        """Answer with the start."""
        start = self.services.start(request.actor)
        again = [self.interactions.keep(request.actor, SavedLookup(lookup)) for lookup in start.recent]
        message = render(start, command=self.command, actor_id=request.actor.user_id, repeat_ids=again)
        request.reply.answer(message, Audience.ACTOR)

    def run_text(self, request: SlackRequest, text: str) -> str:
        """Run the text typed after the slash command; returns the label of its metric."""
        return self.run(request, self.services.read(request.actor, unescape(text), request.surface))

    def run(self, request: SlackRequest, command: Command) -> str:
        """Run a command and answer it; returns the label of its metric."""
        match command:
            case LookupCommand():
                self.lookups.run(request, command)
            case ShowHistory() | SearchRecord():
                self.show_history(request, command)
            case AskSearch():
                self.forms.open(request, SEARCH_TITLE, partial(self._make_search, request))
            case SetFields():
                self._preview(request, partial(self.services.changes.propose, request.actor, command))
            case UndoChange(change_id=change_id):
                self._preview(request, partial(self.services.changes.undo, request.actor, change_id))
            case EditProfile():
                self.forms.open(request, TITLE, partial(self._make_form, request, command))
            case ShowStart():
                self.show_start(request)
            case ShowRole():
                with self.people.within(QUICK_SECONDS):
                    report = self.services.report_role(request.actor)
                self.answer(request, report)
            case ShowHelp(topic=topic, full=full):
                with self.people.within(QUICK_SECONDS):
                    help_ = self.services.help(request.actor, topic, full=full)
                self.answer(request, help_)
            case _:
                assert_never(command)
        return metric_of(command)

    def _preview(self, request: SlackRequest, propose: Callable[[Surface], Result]) -> None:
        """Answer with the preview of a change."""
        with request.reply.working(changing):
            result = propose(request.surface)
        self.answer(request, result)

    def ask_account(self, request: SlackRequest) -> str:
        """Open the modal that asks for the account to change; returns the label of its metric."""

        def make() -> Mapping[str, Any]:
            self.services.allow(request.actor, WORDS[SetFields], request.surface)
            return account_view(self.services.apps)

        self.forms.open(request, TITLE, make)
        return "AskAccount"

    def fill_form(self, request: SlackRequest, command: EditProfile, open_view: OpenView) -> str:
        """Fill the view that asked for an account with the form; returns the label of its metric."""
        self.forms.fill(open_view, partial(self._make_form, request, command))
        return metric_of(command)

    def _make_form(self, request: SlackRequest, command: EditProfile) -> Mapping[str, Any]:
        form = self.services.changes.edit(request.actor, command, request.surface)
        return form_view(form, self.interactions.keep(request.actor, OpenForm(form, request.response_url)))

    def _make_search(self, request: SlackRequest) -> Mapping[str, Any]:
        self.services.allow(request.actor, WORDS[ShowHistory], request.surface)
        place = OpenLookup(request.channel_id, request.response_url)
        key = self.interactions.keep(request.actor, place)
        is_editor = self.services.report_role(request.actor).role is Role.EDITOR
        return search_view(self.services.apps, key, anybody=is_editor)


Action: TypeAlias = Callable[[CommandRunner, SlackRequest, str], str]
"""Handles a press of a button with a value; returns the label of its metric."""


def _was_tried(settled: Settled) -> bool:
    return settled.change.outcome is not Outcome.CANCELLED
