"""The command runner: runs each request and always answers it."""

import logging
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias, assert_never

from bot.core.budget import QUICK_SECONDS
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
from bot.core.lookups.job import LookupJob
from bot.core.model import Actor, LookupStatus, Role, Surface
from bot.core.policy import NOTHING_SENT
from bot.core.results import History, Lookup, Preview, RecordPage, Result, Settled
from bot.core.services import Services
from bot.errors import AuditError, BotError, CancelledError, NotSharedError, PermissionDeniedError, UsageError
from bot.slack.api.channels import check_share, find_place
from bot.slack.api.people import SlackPeople
from bot.slack.delivery.files import Files
from bot.slack.delivery.forms import Forms
from bot.slack.delivery.history_controls import make_controls
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.progress import showing_progress
from bot.slack.delivery.reply import Audience
from bot.slack.delivery.request import SlackRequest
from bot.slack.interactions import (
    Interactions,
    LookupPage,
    OpenForm,
    OpenLookup,
    SavedAccount,
    SavedLookup,
    SavedText,
    ShownPreview,
)
from bot.slack.messages.blocks import DATA_TABLE, NEWER, PICTURE, Message, find_newer, sentence
from bot.slack.messages.errors import render_crash, render_error
from bot.slack.messages.lookups.csv import comment, file_name, to_csv
from bot.slack.messages.lookups.paging import (
    ROWS_PER_DATA_TABLE,
    ROWS_PER_PAGE,
    PageControls,
    accounts_on,
    pages,
    shown,
    single_account,
)
from bot.slack.messages.lookups.stray import strip_unknown
from bot.slack.messages.lookups.tables import SIDE_BY_SIDE
from bot.slack.messages.notices import changing, sending
from bot.slack.messages.render import render, render_sent
from bot.slack.messages.text import plural, unescape
from bot.slack.modals.profile import TITLE, account_view, form_view
from bot.slack.modals.search import TITLE as SEARCH_TITLE
from bot.slack.modals.search import search_view

Observer: TypeAlias = Callable[[str, str, float], None]
"""Called after each answer with the command, the outcome and the seconds it took."""

_UNRECORDED: Mapping[bool | None, str] = {
    False: "This lookup could not be recorded; the bot's log says why.",
    None: "The record did not answer in time, so this lookup may not have been recorded.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CommandRunner:
    """Turns each request into exactly one answer.

    Args:
        command: The slash command's name, slash included.
        services: The services that run commands.
        interactions: The state behind buttons and forms.
        people: The readers of channels.
        forms: Opens forms.
        files: Sends files.
        observe: Called after each answer.
        channel_trouble: Explains why the audit channel lacks changes; empty while it lacks none.
        avoided_blocks: The kinds of newer blocks to avoid; those that Slack refuses are added.
    """

    command: str
    services: Services
    interactions: Interactions
    people: SlackPeople
    forms: Forms
    files: Files
    observe: Observer
    channel_trouble: Callable[[], str]
    avoided_blocks: set[str]

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
        started = time.monotonic()
        asked, outcome = "unknown", "answered"
        try:
            request.actor = self.people.resolve(request.actor)
            asked = run()
        except CancelledError as error:
            # The Cancel button has answered.
            outcome = type(error).__name__
        except BotError as error:
            outcome = type(error).__name__
            # A failing record is also the operator's concern; the error's text has no values.
            level, why = (logging.WARNING, error) if isinstance(error, AuditError) else (logging.INFO, "")
            log.log(level, "answered with %s %s %s", outcome, error.detail, why)
            if preview := self._find_waiting(request.actor, error):
                (show_waiting or partial(self.answer, request))(preview)
            else:
                run_id = self._keep_suggestion(request, error)
                request.reply.refuse(render_error(error, command=self.command, run_id=run_id))
        except Exception as error:  # noqa: BLE001 - silence in the channel is the worst answer
            outcome = "crash"
            request.reply.refuse(self.report_crash(error))
        self.observe(asked, outcome, time.monotonic() - started)

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
        message = render(
            result, command=self.command, actor_id=request.actor.user_id, note=self.channel_note(result)
        )
        request.reply.answer(message, Audience.ACTOR)

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
        if isinstance(command, ShowHistory):
            found = self.services.show_history(request.actor, command, request.surface)
        else:
            if request.reply.public and command.query.is_search:
                self.services.allow(request.actor, WORDS[ShowHistory], request.surface)
                raise PermissionDeniedError(
                    "a search of the record is for editors alone, and others can read this",
                    advice=f"Type {self.command} history here, or message the bot directly",
                )
            found = self.services.search(request.actor, command, request.surface)
        self._check_readers(request)
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

    def show_start(self, request: SlackRequest) -> None:
        """Answer with the start."""
        start = self.services.start(request.actor)
        again = [self.interactions.keep(request.actor, SavedLookup(lookup)) for lookup in start.recent]
        message = render(start, command=self.command, actor_id=request.actor.user_id, repeat_ids=again)
        request.reply.answer(message, Audience.ACTOR)

    def show(
        self, request: SlackRequest, command: LookupCommand, *, share: bool = False, note: str = ""
    ) -> None:
        """Answer with the first page of a lookup.

        Args:
            request: The request to answer.
            command: The lookup.
            share: Whether to post it in the channel.
            note: A sentence to add.
        """
        lookup = self._look_up(request, self._begin(request, command), share=share)
        self._show(request, lookup, 0, share=share, note=note)

    def turn_page(self, request: SlackRequest, page: LookupPage) -> None:
        """Answer with a page of an earlier answer, with current values."""
        accounts = accounts_on(page.answer, page.number, page.size)
        begin = self._renew(request, page.answer, accounts)
        lookup = self._look_up(request, begin, number=page.number, size=page.size)
        self._show(request, lookup, page.number, size=page.size)

    def share(self, request: SlackRequest, page: LookupPage) -> None:
        """Post a page in the channel, with current values.

        Raises:
            NotSharedError: It is a direct message, or people from other organizations may read it.
        """
        part = shown(page.answer, page.number, page.size)
        lookup = self._look_up(request, self._renew(request, part, part.command.accounts), share=True)
        self._show(request, lookup, 0, size=page.size, share=True)

    def retry(self, request: SlackRequest, page: LookupPage) -> None:
        """Look up the failed accounts of an answer again, including those on the page."""
        accounts = {*page.answer.unanswered(), *page.failed}
        self.show(request, page.answer.narrow(accounts).command)

    def export_again(self, request: SlackRequest, page: LookupPage) -> None:
        """Send an earlier answer as CSV, with current values."""
        answer = page.answer
        begin = self._renew(request, answer, answer.command.accounts)
        self._send(request, self._look_up(request, begin, csv=True))

    def export(
        self, request: SlackRequest, command: LookupCommand, *, share: bool = False, note: str = ""
    ) -> None:
        """Send a lookup as CSV to the actor's direct messages, and confirm it.

        Args:
            request: The request to answer.
            command: The lookup.
            share: Whether to post the answer in the channel as well.
            note: A sentence to add.
        """
        self._send(
            request,
            self._look_up(request, self._begin(request, command), share=share, csv=True),
            share=share,
            note=note,
        )

    def _send(self, request: SlackRequest, lookup: Lookup, *, share: bool = False, note: str = "") -> None:
        if share:
            request.reply.answer(self.make_answer(request, lookup, 0, public=True), Audience.CHANNEL)
            note = "The answer is in this channel for everyone; the CSV is only for you."
        now = datetime.now(UTC)
        name = file_name(lookup, now)
        with request.reply.working(sending):
            self.files.send(request.actor.user_id, name, to_csv(lookup, now), comment(lookup))
        actor_id, note = request.actor.user_id, _note_unrecorded(note or _note_missing(lookup), lookup)
        request.reply.answer(
            render_sent(lookup, name, actor_id=actor_id, shared=request.reply.public, note=note)
        )

    def make_answer(
        self,
        request: SlackRequest,
        lookup: Lookup,
        number: int,
        *,
        public: bool,
        size: int | None = None,
        note: str = "",
    ) -> Message:
        """Make a page of a lookup's answer.

        Args:
            request: The request to answer.
            lookup: The result.
            number: The page, counted from zero.
            public: Whether others see it; then it has no buttons.
            size: The found accounts per page; None for a new answer.
            note: A sentence to add.
        """
        # Every button of an answer goes by the size of its first page, whatever is refused in between.
        size = size or self._page_size(lookup)
        draw = partial(self._draw_answer, request, lookup, number, size, public=public, note=note)
        message = draw(NEWER if request.reply.delivery.is_view else frozenset(self.avoided_blocks))
        if not (newer := find_newer(message.blocks)):
            return message

        def simplify() -> Message:
            # A picture is refused for its own sake, a data table for its kind.
            self.avoided_blocks.update(newer - {PICTURE})
            return draw(NEWER)

        return replace(message, simpler=simplify)

    def _draw_answer(
        self,
        request: SlackRequest,
        lookup: Lookup,
        number: int,
        size: int,
        avoid: Collection[str],
        *,
        public: bool,
        note: str,
    ) -> Message:
        page = PageControls(size=size) if public else self._page_controls(request, lookup, number, size)
        return render(
            lookup,
            command=self.command,
            actor_id=request.actor.user_id,
            page=page,
            shared=public,
            note=_note_unrecorded(note, lookup),
            avoid=avoid,
        )

    def _page_size(self, lookup: Lookup) -> int:
        """Return the found accounts per page: more where the reader can page through them."""
        many = len(lookup.answer.rows) > SIDE_BY_SIDE
        newer = DATA_TABLE not in self.avoided_blocks
        return ROWS_PER_DATA_TABLE if many and newer else ROWS_PER_PAGE

    def _show(
        self,
        request: SlackRequest,
        lookup: Lookup,
        number: int,
        *,
        size: int | None = None,
        share: bool = False,
        note: str = "",
    ) -> None:
        public = share or request.reply.public
        answer = self.make_answer(request, lookup, number, public=public, size=size, note=note)
        request.reply.answer(answer, Audience.CHANNEL if share else Audience.USUAL)

    def _begin(self, request: SlackRequest, command: LookupCommand) -> Callable[[], LookupJob]:
        return partial(self.services.begin, request.actor, command, request.surface)

    def _renew(
        self, request: SlackRequest, answer: Lookup, accounts: Collection[str]
    ) -> Callable[[], LookupJob]:
        return partial(self.services.renew, request.actor, answer, accounts, request.surface)

    def _look_up(
        self,
        request: SlackRequest,
        begin: Callable[[], LookupJob],
        *,
        number: int = 0,
        size: int | None = None,
        share: bool = False,
        csv: bool = False,
    ) -> Lookup:
        job = begin()
        # After the role check, so that a missing role is recorded in any channel.
        self._check_readers(request)
        if share:
            check_share(self.people, request.channel_id)
        is_seen = share or request.reply.public
        job.disclose(request.channel_id if is_seen else "", exported=csv)
        with showing_progress(self.interactions, request, job, number=number, size=size):
            return job.run()

    def run_text(self, request: SlackRequest, text: str) -> str:
        """Run the text typed after the slash command; returns the label of its metric."""
        return self.run(request, self.services.read(request.actor, unescape(text), request.surface))

    def run(self, request: SlackRequest, command: Command) -> str:
        """Run a command and answer it; returns the label of its metric."""
        match command:
            case LookupCommand():
                self._run_lookup(request, command)
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

    def _run_lookup(self, request: SlackRequest, command: LookupCommand) -> None:
        answer = self.export if command.csv else self.show
        try:
            answer(request, command, share=command.share and not request.reply.public)
        except NotSharedError as error:
            # No call was made yet: the actor still gets the answer.
            parts = (f"Not shared: {error}", error.advice)
            answer(request, command, note=" ".join(sentence(part) for part in parts if part))

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

    def _page_controls(self, request: SlackRequest, lookup: Lookup, number: int, size: int) -> PageControls:
        answer, last = lookup.without_values(), pages(lookup, size) - 1
        failed = lookup.narrow(lookup.unanswered()).command.accounts if lookup.earlier else ()

        def page(neighbor: int) -> str | None:
            exists = 0 <= neighbor <= last
            return (
                self.interactions.keep(request.actor, LookupPage(answer, neighbor, size)) if exists else None
            )

        this = self.interactions.keep(request.actor, LookupPage(answer, number, size, failed))
        account, stripped = single_account(lookup), strip_unknown(lookup)
        command = answer.command
        both = replace(command, both=True, csv=False, share=False) if command.kind.has_owner else None
        place = None if lookup.answer.is_unanswered else find_place(self.people, request.channel_id)
        subject = (
            self.interactions.keep(request.actor, SavedAccount(lookup.command.app, account))
            if account
            else None
        )
        return PageControls(
            number,
            size,
            page(number - 1),
            page(number + 1),
            export_id=this,
            retry_id=this if lookup.unanswered() else None,
            share_id=this if place else None,
            share_place=place or "",
            edit_id=subject if subject and self.services.may_change(request.actor) else None,
            history_id=subject,
            both_id=self.interactions.keep(request.actor, SavedLookup(both))
            if both and not command.both
            else None,
            instead_id=self.interactions.keep(request.actor, SavedLookup(stripped)) if stripped else None,
        )

    def _check_readers(self, request: SlackRequest) -> None:
        """Check that a public answer stays within the organization.

        Raises:
            PermissionDeniedError: It may not be posted here.
        """
        if not request.reply.public:
            return
        try:
            check_share(self.people, request.channel_id)
        except NotSharedError as error:
            raise PermissionDeniedError(
                str(error),
                advice=f"To get the answer privately, type {self.command} here or message the bot directly. "
                f"{NOTHING_SENT}",
            ) from None


def _note_missing(lookup: Lookup) -> str:
    """Return the note on accounts that only the earlier answer found; empty if there are none."""
    if lookup.earlier is None:
        return ""
    count = sum(row.status is not LookupStatus.FOUND for row in lookup.rows)
    return (
        f"{plural(count, 'account')} found earlier returned no values this time: each row says why."
        if count
        else ""
    )


def _note_unrecorded(note: str, lookup: Lookup) -> str:
    """Add to a note that a lookup was not, or may not have been, recorded."""
    return " ".join(filter(None, (note, _UNRECORDED.get(lookup.recorded))))
