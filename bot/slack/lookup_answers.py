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
from bot.core.model import LookupStatus
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
from bot.slack.interactions import (
    HistoryPage,
    Interactions,
    LookupPage,
    SavedAccount,
    SavedLookup,
)
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
        command = page.answer.narrow({*page.answer.unanswered(), *page.failed}).command
        answer = self.export if command.csv else self.show
        answer(request, command)

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
        if lookup.answer.is_unanswered:
            self._show(request, lookup, 0, note=_NO_CSV)
            return
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
        check_readers(self.people, request, self.command)
        if share:
            check_share(self.people, request.channel_id)
        is_seen = share or request.reply.public
        job.disclose(request.channel_id if is_seen else "", exported=csv, when_cancelled=request.reply.public)
        with showing_progress(self.interactions, request, job, number=number, size=size):
            return job.run()

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
            drift_id=self._keep_drift(request, lookup),
            both_id=self.interactions.keep(request.actor, SavedLookup(both))
            if both and not command.both
            else None,
            instead_id=self.interactions.keep(request.actor, SavedLookup(stripped)) if stripped else None,
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
