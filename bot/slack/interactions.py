"""State behind button and form ids."""

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import TypeAlias

from bot.core.commands import LookupCommand, SearchRecord, ShowHistory
from bot.core.model import App
from bot.core.results import Form, Lookup, Preview

_ID_BYTES = 12
_NEW_ID = re.compile(rf"[\w-]{{{_ID_BYTES * 4 // 3}}}", re.ASCII)
_PAGE = "."
"""Stands between the id of an answer and the number of another page; no id has one."""


log = logging.getLogger(__name__)


def new_id() -> str:
    """Return a new opaque id."""
    return secrets.token_urlsafe(_ID_BYTES)


def may_be_new(id_: str) -> bool:
    """Check whether an id is one that `new_id` may have returned."""
    return bool(_NEW_ID.fullmatch(id_))


def _ignore(_: Lookup) -> None:
    """Answer nothing."""


class Page:
    """A page behind a button."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LookupPage(Page):
    """A page of an answer.

    Args:
        answer: The answer without values; it determines the accounts of each page.
        number: The page, counted from zero.
        size: The found accounts per page.
        failed: The accounts on it that the answer found, but that failed when the page was shown.
    """

    answer: Lookup
    number: int
    size: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPage(Page):
    """A page of a history, read again when shown."""

    command: ShowHistory | SearchRecord


@dataclass(frozen=True, slots=True)
class SavedLookup:
    """A lookup to run again."""

    command: LookupCommand


@dataclass(frozen=True, slots=True)
class SavedText:
    """The text of a command that was meant."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """The account of an answer about one alone."""

    app: App
    account: str


@dataclass(frozen=True, slots=True)
class OpenForm:
    """An open form, and the response URL of the command that opened it.

    Args:
        form: The form.
        response_url: The response URL; empty if there is none.
    """

    form: Form
    response_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenReview:
    """The change that an open modal asks to confirm, kept under the modal's first view."""

    change_id: str


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """The preview of a change, kept under the change's id to be shown again."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class OpenLookup:
    """An open lookup form, and the destination of its answer; without a thread, the channel itself."""

    channel_id: str
    response_url: str = field(repr=False)
    thread_ts: str = ""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A shared file of ids, and the lookup that was asked about.

    Args:
        file_id: The file's id.
        name: Its name.
        command: The lookup, without accounts; a friend list may lack its owner.
        column: The column of the ids, as `IdsFile` takes it; empty if it is to be chosen.
    """

    file_id: str
    name: str = field(repr=False)
    command: LookupCommand
    column: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Showing:
    """The page of an answer to show.

    Args:
        number: The page, counted from zero.
        size: The found accounts per page.
        public: Whether others see the answer; then it has no buttons.
        key: The id behind its buttons.
    """

    number: int
    size: int
    public: bool
    key: str = field(default_factory=new_id)


def page_id(key: str, number: int) -> str:
    """Return the id of another page of an answer, from the id of one."""
    return f"{key.partition(_PAGE)[0]}{_PAGE}{number}"


def split_page_id(id_: str) -> tuple[str, int | None]:
    """Split an id into that of an answer, and the number of another page of it; None for no other."""
    key, _, number = id_.partition(_PAGE)
    return key, int(number) if number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class ShownHome:
    """The Home tab of its owner, which is published again after what they do."""


class Cancelable:
    """State that its owner can cancel."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RunningLookup(Cancelable):
    """A lookup that has not ended.

    Args:
        stop: Cancels it, and returns the partial answer; None if it has ended.
        showing: The page to show.
        answer: Answers its own request with the partial answer.
    """

    stop: Callable[[], Lookup | None]
    showing: Showing
    answer: Callable[[Lookup], None] = _ignore

    @property
    def is_over(self) -> bool:
        """Whether it cannot be cancelled any more; then another state takes its place."""
        return False

    def cancel_here(self) -> bool:
        """Cancel it for a press that another process got, and answer its own request; always True.

        If it has just ended, its answer is on the way.
        """
        Thread(target=self._stop_and_answer, name="cancel", daemon=True).start()
        return True

    def _stop_and_answer(self) -> None:
        # In a thread: the record and Slack may be slow.
        try:
            if lookup := self.stop():
                self.answer(lookup)
        except Exception:
            log.exception("a cancelled lookup could not be answered")


@dataclass(frozen=True, slots=True)
class FinishedLookup(Cancelable):
    """A lookup that has ended, behind a Cancel button that Slack still shows."""


@dataclass(frozen=True, slots=True)
class WaitingRequest(Cancelable):
    """A request that waits for a worker, or did.

    Args:
        cancel: Cancels it; returns False if it has begun.
        find_lookup: Returns its lookup, None before one has begun.
        answer: Answers its own request that it was cancelled.
    """

    cancel: Callable[[], bool]
    find_lookup: Callable[[], RunningLookup | FinishedLookup | None]
    answer: Callable[[], None]

    @property
    def is_over(self) -> bool:
        """Whether it has begun, and its lookup has ended."""
        return isinstance(self.find_lookup(), FinishedLookup)

    def cancel_here(self) -> bool:
        """Cancel it for a press that another process got, and answer its own request; False if too late."""
        if self.cancel():
            Thread(target=self.answer, name="cancel", daemon=True).start()
            return True
        lookup = self.find_lookup()
        return isinstance(lookup, RunningLookup) and lookup.cancel_here()


@dataclass(frozen=True, slots=True)
class ElsewhereCancelable(Cancelable):
    """A request that waits, or a lookup that runs, in another process."""


Interaction: TypeAlias = (
    LookupPage
    | HistoryPage
    | SavedLookup
    | SavedText
    | SavedAccount
    | OpenForm
    | OpenLookup
    | OpenReview
    | SavedFile
    | ShownPreview
    | ShownHome
    | WaitingRequest
    | RunningLookup
    | FinishedLookup
    | ElsewhereCancelable
)
"""State that an id can stand for."""
