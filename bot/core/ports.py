"""The ports of the core: Tencent Chat, Slack's people, the record and its outbox."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.model import (
    Actor,
    AlteredEntry,
    AuditEvent,
    Change,
    Deadline,
    Entry,
    Found,
    Head,
    Membership,
    Outcome,
    OutdatedPost,
    Post,
    RecordQuery,
    SavedState,
    Value,
    Values,
)
from bot.errors import IMError

CALL_ACCOUNTS = 100
"""The most accounts that one call to the vendor may name."""


class IM(Protocol):
    """One Tencent Chat app. Every call names at most CALL_ACCOUNTS accounts.

    A result has an item for each account in the vendor's answer, an error for one that failed on its own. A
    call that fails as a whole raises an IMError.
    """

    def get_profiles(
        self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        """Read profile fields by tag."""
        ...

    def get_friends(
        self, owner: str, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        """Read the accounts' entries in the owner's friend list; a NotAFriendError if there is none."""
        ...

    def get_attributes(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, Values | IMError]:
        """Read the attributes of accounts by attribute name."""
        ...

    def check_accounts(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, bool | IMError]:
        """Return, by account, whether it is imported into the app."""
        ...

    def set_profile(self, account: str, values: Mapping[str, Value], deadline: Deadline) -> None:
        """Write profile fields by tag; other fields keep their values.

        Raises:
            OutcomeUnknownError: It was sent, and no usable answer came.
            IMError: It was refused, or never sent.
        """
        ...


class People(Protocol):
    """The members and user groups of the workspace."""

    def get_membership(self, actor: Actor, *, bypass_cache: bool = False) -> Membership:
        """Return an actor's membership, from a cache of a minute unless bypassed.

        Raises:
            SlackUnavailableError: Slack could not be asked.
        """
        ...

    def list_group(self, group_id: str, *, bypass_cache: bool = False) -> frozenset[str]:
        """List the user ids in a user group, from a cache of a minute unless bypassed.

        Raises:
            SlackUnavailableError: Slack could not be asked, or will not say.
        """
        ...


class Record(Protocol):
    """The record of changes and entries; when a method returns, its effect is on disk.

    Every method may raise an AuditError, and then has had no effect, unless it is a RecordUnknownError. All
    times are those of the database's clock.
    """

    def now(self) -> datetime:
        """Return the time (UTC) by the record's clock, never before the newest entry's."""
        ...

    def add(self, event: AuditEvent, state: SavedState | None = None) -> Entry:
        """Record an event that is not a step of a change, and save state with it at no further cost.

        The state may be lost where the entry is not.
        """
        ...

    def propose(self, change: Change, event: AuditEvent) -> Entry:
        """Store a new change, and record it.

        Raises:
            AuditError: There is already a change with this id.
        """
        ...

    def find(self, change_id: str) -> Change | None:
        """Find a change.

        Raises:
            AlteredError: The change or one of its entries was altered.
        """
        ...

    def find_each(self, change_ids: Collection[str]) -> Sequence[Change]:
        """Find changes in any order, within the time limit of one use; leave out altered ones."""
        ...

    def move(self, change: Change, outcome: Outcome, event: AuditEvent) -> Entry | None:
        """Move a change to another outcome, and record it; None if it has moved since it was read.

        Of several callers, in any process, exactly one gets the entry.

        Raises:
            AlteredError: The change differs from its entries.
        """
        ...

    def list_open(self, grace: timedelta) -> Sequence[Change]:
        """List the unsettled changes that have not moved for `grace`, the oldest first.

        These are the attempted ones, and the unknown ones for as long as WATCHED.
        """
        ...

    def list_history(
        self, app: str, account: str, before: int | None, limit: int
    ) -> Sequence[Entry | AlteredEntry]:
        """List the entries about an account, newest first, below the sequence number `before`."""
        ...

    def list_steps(self, app: str, account: str, among: int) -> Sequence[Entry | AlteredEntry]:
        """List the steps of changes among the latest entries about an account, newest first."""
        ...

    def search(self, query: RecordQuery, before: int | None, limit: int) -> Found:
        """Find entries, newest first, below a sequence number; look at a bounded number of them."""
        ...

    def find_posts(self, sequences: Collection[int]) -> Mapping[int, tuple[str, str]]:
        """Find the channel and time stamp of the audit channel's message of entries, by their numbers."""
        ...

    def list_done(self, actor: Actor, limit: int) -> Sequence[Entry | AlteredEntry]:
        """List an actor's entries, newest first."""
        ...

    def list_proposed(self, within: timedelta) -> Sequence[Change]:
        """List the changes proposed within that time and still open, oldest first."""
        ...


class Outbox(Protocol):
    """The entries not yet posted to the audit channel; raises AuditError as the record does."""

    def now(self) -> datetime:
        """Return the time (UTC) by the clock of entries and leases."""
        ...

    def lease_next(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        """Lease the outbox for `seconds`; return its next entries in order.

        There are none while another holder has the lease.
        """
        ...

    def lease_checkpoint(self, holder: str, seconds: float, every: float) -> Head | None:
        """Lease the outbox for `seconds`; return the head, when a checkpoint is due.

        None is due while entries wait, if the channel's last message covers the newest entry or is younger
        than `every` seconds, or while another holder has the lease.
        """
        ...

    def mark_delivered(self, holder: str, last: int, posts: Collection[Post] = ()) -> None:
        """Mark every entry up to a number as covered, and keep their messages; the lease stays."""
        ...

    def lease_outdated(self, holder: str, seconds: float) -> OutdatedPost | None:
        """Lease the outbox for `seconds`; return the oldest undone change whose message does not say so.

        There is none while entries wait, or while another holder has the lease.
        """
        ...

    def mark_shown(self, outdated: OutdatedPost) -> None:
        """Mark an undo as shown at its change's message."""
        ...

    def release(self, holder: str) -> None:
        """Release the lease."""
        ...

    def count_waiting(self) -> tuple[int, datetime | None]:
        """Count the waiting entries; also return when the oldest readable one was recorded."""
        ...
