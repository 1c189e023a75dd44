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
    Head,
    Membership,
    Outcome,
    Value,
    Values,
)
from bot.errors import IMError

CALL_ACCOUNTS = 100
"""The most accounts that one call to the vendor may name."""


class IM(Protocol):
    """One Tencent Chat app. Every call names at most CALL_ACCOUNTS accounts.

    A result holds an entry for each account that the vendor spoke of, an error for one that failed on its
    own; an account that the answer left out has no entry. What fails as a whole is raised as an IMError.
    """

    def get_profiles(
        self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        """Read profile fields by tag."""
        ...

    def get_friends(
        self, owner: str, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        """Read what the owner's friend list says of these accounts; NotAFriendError for one not in it."""
        ...

    def get_attributes(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, Values | IMError]:
        """Read the attributes of accounts by attribute name."""
        ...

    def check_accounts(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, bool | IMError]:
        """Tell which accounts are imported into the app."""
        ...

    def set_profile(self, account: str, values: Mapping[str, Value], deadline: Deadline) -> None:
        """Write profile fields by tag; the others stay.

        Raises:
            OutcomeUnknownError: It was sent, and no usable answer came.
            IMError: It was refused, or never sent.
        """
        ...


class People(Protocol):
    """The members and user groups of the workspace."""

    def get_membership(self, actor: Actor, *, bypass_cache: bool = False) -> Membership:
        """Tell what kind of person an actor is, from a cache of a minute or, bypassing it, as it is now.

        Raises:
            SlackUnavailableError: Slack could not be asked.
        """
        ...

    def list_group(self, group_id: str, *, bypass_cache: bool = False) -> frozenset[str]:
        """List the user ids in a user group, from a cache of a minute or, bypassing it, as it is now.

        Raises:
            SlackUnavailableError: Slack could not be asked, or will not say.
        """
        ...


class Record(Protocol):
    """The record of changes and entries; once a method has returned, its effect is on disk.

    Every method raises AuditError when it cannot do its part; then nothing of it has happened, unless the
    error is a RecordUnknownError. The database's clock decides, however the processes' own clocks go.
    """

    def now(self) -> datetime:
        """Tell the time (UTC) by the record's clock, which is never before its newest entry."""
        ...

    def add(self, event: AuditEvent) -> Entry:
        """Record something that is no step of a change."""
        ...

    def propose(self, change: Change, event: AuditEvent) -> Entry:
        """Keep a new change, and record it.

        Raises:
            AuditError: There is another change of that id.
        """
        ...

    def find(self, change_id: str) -> Change | None:
        """Find a change.

        Raises:
            AlteredError: It is not what was kept, or not what its entries say.
        """
        ...

    def find_each(self, change_ids: Collection[str]) -> Sequence[Change]:
        """Find changes, in any order and together in the time of one use; altered ones are left out."""
        ...

    def move(self, change: Change, outcome: Outcome, event: AuditEvent) -> Entry | None:
        """Bring a change from its outcome to another, and record it; None if it has moved since it was read.

        Of several callers, in whatever process, exactly one gets the entry.

        Raises:
            AlteredError: The entries recorded since it was read say that it has moved, and it does not.
        """
        ...

    def list_open(self, grace: timedelta) -> Sequence[Change]:
        """List the changes that have not moved for so long and may still be settled, the oldest first.

        Those are the attempted ones, and the unknown ones until they have been so for WATCHED.
        """
        ...

    def list_history(
        self, app: str, account: str, before: int | None, limit: int
    ) -> Sequence[Entry | AlteredEntry]:
        """List the entries about an account, the newest first, from below a sequence number on."""
        ...

    def list_done(self, actor: Actor, limit: int) -> Sequence[Entry | AlteredEntry]:
        """List the entries of what an actor did, the newest first."""
        ...

    def list_proposed(self, within: timedelta) -> Sequence[Change]:
        """List the changes proposed within so long and neither confirmed nor cancelled, the oldest first."""
        ...


class Outbox(Protocol):
    """The entries not posted to the audit channel yet; raises AuditError as the record does."""

    def now(self) -> datetime:
        """Tell the time (UTC) by the clock that entries and leases go by."""
        ...

    def lease_next(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        """Take the next entries in order, and the right to tell them for that many seconds.

        Nothing comes while another holder has that right.
        """
        ...

    def lease_checkpoint(self, holder: str, seconds: float, every: float) -> Head | None:
        """Take the head that the audit channel lacks, and the right to post it for that many seconds.

        None while entries wait, while another holder has the right, when the channel has seen an entry or
        a checkpoint that covers the newest entry, and when the last that it saw is less than `every`
        seconds ago.
        """
        ...

    def mark_delivered(self, holder: str, last: int) -> None:
        """Note that the channel has just seen what covers every entry up to a number; the right stays."""
        ...

    def release(self, holder: str) -> None:
        """Give the right back."""
        ...

    def count_waiting(self) -> tuple[int, datetime | None]:
        """Count the entries that wait, and tell when the oldest that can be read was recorded."""
        ...
