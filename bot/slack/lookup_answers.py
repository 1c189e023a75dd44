"""Answers to lookups: pages, shares, retries and CSV, and the state behind their buttons."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from bot.core.commands import (
    LookupCommand,
    ShowHistory,
)
from bot.core.lookups.job import LookupJob
from bot.core.model import Actor, LookupStatus, SavedState
from bot.core.policy import NOTHING_SENT
from bot.core.results import Lookup
from bot.core.services import Services
from bot.errors import NotSharedError, PermissionDeniedError
from bot.slack.api.channels import check_share, find_place
from bot.slack.api.people import SlackPeople
from bot.slack.delivery.files import Files
from bot.slack.delivery.progress import showing_progress
from bot.slack.delivery.reply import Audience
from bot.slack.delivery.request import SlackRequest
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import HistoryPage, LookupPage, Showing, page_id
from bot.slack.messages.blocks import DATA_TABLE, NEWER, PICTURE, Message, find_newer, sentence
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
from bot.slack.messages.notices import sending
from bot.slack.messages.render import render, render_sent
from bot.slack.messages.text import plural

_UNRECORDED: Mapping[bool | None, str] = {
    False: "This lookup could not be recorded. Tell the bot's operator: the log says why.",
    None: "The record did not answer in time: this lookup may be missing from it. Tell the bot's operator.",
}
_SHARED_BESIDE = "The answer is in this channel for everyone; the CSV is only for you."
_NOT_TAKEN = "Not shared: Slack did not take the message. Share it again in a minute."
_NO_CSV = "No CSV was sent, since no account could be read."


@dataclass(frozen=True, slots=True)
class LookupAnswers:
    """Runs lookups and answers with their results.

    Args:
        command: The slash command's name, slash included.
        services: The services that run commands.
        interactions: The state behind buttons.
        people: The readers of channels.
        files: Sends files.
        avoided_blocks: The kinds of newer blocks to avoid; those that Slack refuses are added.
    """

    command: str
    services: Services
    interactions: Interactions
    people: SlackPeople
    files: Files
    avoided_blocks: set[str]

    def run(self, request: SlackRequest, command: LookupCommand) -> None:
        """Answer with a lookup as its options ask; what may not be shared is for the actor alone."""
        answer = self.export if command.csv else self.show
        try:
            answer(request, command, share=command.share and not request.reply.public)
        except NotSharedError as error:
            # No call was made yet: the actor still gets the answer.
            parts = (f"Not shared: {error}", error.advice)
            answer(request, command, note=" ".join(sentence(part) for part in parts if part))

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
        showing = self._first_page(request, command, share=share)
        lookup = self._look_up(request, self._begin(request, command), showing, share=share)
        self._show(request, lookup, showing, share=share, note=note)

    def turn_page(self, request: SlackRequest, page: LookupPage) -> None:
        """Answer with a page of an earlier answer, with current values."""
        accounts = accounts_on(page.answer, page.number, page.size)
        begin = self._renew(request, page.answer, accounts)
        showing = Showing(page.number, page.size, public=request.reply.public)
        self._show(request, self._look_up(request, begin, showing), showing)

    def share(self, request: SlackRequest, page: LookupPage) -> None:
        """Post a page in the channel, with current values.

        Raises:
            NotSharedError: It is a direct message, or people from other organizations may read it.
        """
        part = shown(page.answer, page.number, page.size)
        begin, showing = self._renew(request, part, part.command.accounts), Showing(0, page.size, public=True)
        self._show(request, self._look_up(request, begin, showing, share=True), showing, share=True)

    def retry(self, request: SlackRequest, page: LookupPage) -> None:
        """Look up the failed accounts of an answer again, including those on the page."""
        command = page.answer.narrow({*page.answer.unanswered(), *page.failed}).command
        answer = self.export if command.csv else self.show
        answer(request, command)

    def export_again(self, request: SlackRequest, page: LookupPage) -> None:
        """Send an earlier answer as CSV, with current values."""
        answer = page.answer
        begin = self._renew(request, answer, answer.command.accounts)
        showing = Showing(0, page.size, public=request.reply.public)
        self._send(request, self._look_up(request, begin, showing, csv=True), showing)

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
        begin, showing = self._begin(request, command), self._first_page(request, command, share=share)
        lookup = self._look_up(request, begin, showing, share=share, csv=True)
        self._send(request, lookup, showing, share=share, note=note)

    def _send(
        self,
        request: SlackRequest,
        lookup: Lookup,
        showing: Showing,
        *,
        share: bool = False,
        note: str = "",
    ) -> None:
        if lookup.answer.is_unanswered:
            note = f"{_NO_CSV} Nothing was shared." if share else _NO_CSV
            self._show(request, lookup, replace(showing, public=request.reply.public), note=note)
            return
        if share:
            is_shared = request.reply.answer(self.make_answer(request, lookup, showing), Audience.CHANNEL)
            note = _SHARED_BESIDE if is_shared else _NOT_TAKEN
        now = datetime.now(UTC)
        name = file_name(lookup.command, now)
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
        showing: Showing,
        note: str = "",
    ) -> Message:
        """Make a page of a lookup's answer.

        Args:
            request: The request to answer.
            lookup: The result.
            showing: The page.
            note: A sentence to add.
        """
        draw = partial(self._draw_answer, request, lookup, showing, note)
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
        showing: Showing,
        note: str,
        avoid: Collection[str],
    ) -> Message:
        page = (
            PageControls(size=showing.size)
            if showing.public
            else self._page_controls(request, lookup, showing)
        )
        return render(
            lookup,
            command=self.command,
            actor_id=request.actor.user_id,
            page=page,
            shared=showing.public,
            note=_note_unrecorded(note, lookup),
            avoid=avoid,
        )

    def _first_page(self, request: SlackRequest, command: LookupCommand, *, share: bool) -> Showing:
        """Return the first page of a new answer: a larger one where the reader can page through it.

        Every button of the answer goes by this size, whatever is refused in between.
        """
        many = len(command.accounts) > SIDE_BY_SIDE
        newer = DATA_TABLE not in self.avoided_blocks
        size = ROWS_PER_DATA_TABLE if many and newer else ROWS_PER_PAGE
        return Showing(0, size, public=share or request.reply.public)

    def _show(
        self,
        request: SlackRequest,
        lookup: Lookup,
        showing: Showing,
        *,
        share: bool = False,
        note: str = "",
    ) -> None:
        if share and request.reply.answer(self.make_answer(request, lookup, showing, note), Audience.CHANNEL):
            return
        if share:
            showing, note = replace(showing, public=request.reply.public), _NOT_TAKEN
        request.reply.answer(self.make_answer(request, lookup, showing, note))

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
        showing: Showing,
        *,
        share: bool = False,
        csv: bool = False,
    ) -> Lookup:
        job = begin()
        # After the role check, so that a missing role is recorded in any channel.
        check_readers(self.people, request, self.command)
        if share:
            check_share(self.people, request.channel_id)
        job.disclose(
            request.channel_id if showing.public else "", exported=csv, when_cancelled=request.reply.public
        )
        if not request.reply.public:
            job.save_with(partial(self._save, request.actor, showing))

        def answer(lookup: Lookup) -> None:
            request.reply.answer(self.make_answer(request, lookup, showing))

        with showing_progress(self.interactions, request, job, showing, answer):
            return job.run()

    def _save(self, actor: Actor, showing: Showing, lookup: Lookup) -> SavedState | None:
        """Keep what the buttons of an answer stand for; return what is saved with its entry."""
        failed = lookup.narrow(lookup.unanswered()).command.accounts if lookup.earlier else ()
        page = LookupPage(lookup.without_values(), showing.number, showing.size, failed)
        return self.interactions.prepare(actor, page, showing.key)

    def _page_controls(self, request: SlackRequest, lookup: Lookup, showing: Showing) -> PageControls:
        number, size, this = showing.number, showing.size, showing.key
        last, command = pages(lookup, size) - 1, lookup.answer.command
        is_single = single_account(lookup) is not None
        place = None if lookup.answer.is_unanswered else find_place(self.people, request.channel_id)
        return PageControls(
            number,
            size,
            page_id(this, number - 1) if number > 0 else None,
            page_id(this, number + 1) if number < last else None,
            export_id=this,
            retry_id=this if lookup.unanswered() else None,
            share_id=this if place else None,
            share_place=place or "",
            edit_id=this if is_single and self.services.may_change(request.actor) else None,
            history_id=this if is_single else None,
            drift_id=self._keep_drift(request, lookup),
            both_id=this if command.kind.one_way and not command.both else None,
            instead_id=this if strip_unknown(lookup) else None,
        )

    def _keep_drift(self, request: SlackRequest, lookup: Lookup) -> str | None:
        """Keep the history of the fields of a card that were overwritten."""
        if not lookup.drift:
            return None
        fields = tuple(drift.field for drift in lookup.drift)
        history = ShowHistory(lookup.command.app, lookup.rows[0].account, fields=fields)
        return self.interactions.keep(request.actor, HistoryPage(history))


def check_readers(people: SlackPeople, request: SlackRequest, command: str) -> None:
    """Check that a public answer stays within the organization.

    Raises:
        PermissionDeniedError: It may not be posted here.
    """
    if not request.reply.public:
        return
    try:
        check_share(people, request.channel_id)
    except NotSharedError as error:
        raise PermissionDeniedError(
            str(error),
            advice=f"To get the answer privately, type {command} here or message the bot directly. "
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
