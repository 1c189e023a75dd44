"""Lookups of a file of ids that was sent in Slack, and the ports that keep them and tell their actors."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import BinaryIO, Protocol

from bot.core.commands import LookupCommand
from bot.core.model import Actor, LookupStatus

LEASE_SECONDS = 30.0
"""Seconds for which a process has a file lookup, until it renews its lease."""
SHOW_SECONDS = 60.0
"""Seconds in which a process shows an end, or says that it still tries to; then another one shows it."""


class FileLookupState(StrEnum):
    """The state of a file lookup."""

    WAITING = "waiting"
    """It waits for a process to run it, for the first time or again."""
    RUNNING = "running"
    """A process has leased it."""
    SENDING = "sending"
    """Every id has its row, and the CSV is not yet sent."""
    DONE = "done"
    """The CSV was sent."""
    CANCELLED = "cancelled"
    """Its actor cancelled it, and may resume it."""
    FAILED = "failed"
    """It cannot go on; its actor may try again."""


OVER = frozenset({FileLookupState.DONE, FileLookupState.CANCELLED, FileLookupState.FAILED})
"""The states in which no process works on it."""
RESUMABLE = OVER - {FileLookupState.DONE}
"""The states from which its actor may let it go on, or have the rows so far."""


@dataclass(frozen=True, slots=True)
class FileLookup:
    """A lookup of the ids of a file.

    Args:
        id: Its id, opaque.
        actor: The person who asked.
        command: The lookup, without accounts.
        file_name: The file's name, as the person gave it.
        digest: The SHA-256 of the file, in hex.
        total: The number of distinct ids.
        state: How far it has come.
        counts: The numbers of ids with a row, by status.
        problem: Why it failed, or does not go on for now; empty if it does.
        retry_at: The time (UTC) before which it waits; None if it need not.
        message: The channel and time stamp of the message that shows it; empty before there is one.
        tries: The times it was leased since it last moved on.
        losses: The times a lease ran out, with its process perhaps, since it last moved on.
        is_recorded: Whether the record has all accounts with a row, and its latest end.
        expires_at: The time (UTC) from which on nothing of it is kept; None before it is kept.
        is_shown: Whether it is over, and its message says so.
    """

    id: str
    actor: Actor
    command: LookupCommand
    file_name: str
    digest: str
    total: int
    state: FileLookupState
    counts: Mapping[LookupStatus, int] = field(default_factory=dict)
    problem: str = ""
    retry_at: datetime | None = None
    message: tuple[str, str] = ("", "")
    tries: int = 0
    losses: int = 0
    is_recorded: bool = True
    expires_at: datetime | None = None
    is_shown: bool = False

    @property
    def done(self) -> int:
        """The number of ids with a row."""
        return sum(self.counts.values())


class FileLookupStore(Protocol):
    """Keeps file lookups for a day, with their ids and rows; every method may raise an AuditError.

    All times are those of the database's clock.
    """

    def add(self, lookup: FileLookup, ids: Iterable[Sequence[str]], most: int | None = None) -> bool:
        """Keep a new file lookup and its ids, in parts; no process leases it before all are kept.

        Args:
            lookup: The file lookup.
            ids: Its ids in parts, each of which is read at once.
            most: The most of its actor's that may be open with it; None for any number.

        Returns:
            False if as many are open already; nothing is kept then.
        """
        ...

    def find(self, id_: str) -> FileLookup | None:
        """Find a file lookup that has not expired."""
        ...

    def list_open(self, actor: Actor) -> Sequence[FileLookup]:
        """List an actor's file lookups that are not over, oldest first."""
        ...

    def lease_next(self, holder: str, seconds: float) -> FileLookup | None:
        """Lease the next one; None if there is none.

        What is to be sent comes first. Of what waits, or has lost its lease, the oldest of the actor with the
        fewest leased ones does.
        """
        ...

    def renew(self, id_: str, holder: str, seconds: float) -> bool:
        """Renew a lease; return False if it is over, or another process has it."""
        ...

    def is_leased(self, id_: str, holder: str) -> bool:
        """Check, without writing, whether a holder still has a lease."""
        ...

    def list_ids(self, id_: str, after: int) -> Iterator[str]:
        """Yield its ids in order, without the first `after`."""
        ...

    def append(
        self,
        id_: str,
        holder: str,
        rows: bytes,
        counts: Mapping[LookupStatus, int],
        *,
        is_recorded: bool = True,
    ) -> bool:
        """Keep more rows, the counts of all, and whether all are recorded.

        Returns False, and keeps nothing, without the lease.

        The counts so far must be those of the rows before. What is kept already is not kept twice.
        """
        ...

    def list_rows(self, id_: str) -> Iterator[bytes]:
        """Yield its rows, in parts.

        Raises:
            AlteredError: They cannot be decrypted.
        """
        ...

    def release(
        self,
        id_: str,
        holder: str,
        state: FileLookupState,
        problem: str = "",
        wait: timedelta = timedelta(0),
    ) -> bool:
        """Give a lease back with a new state, to be leased again after a while; return False without it."""
        ...

    def set_state(
        self,
        id_: str,
        old: Collection[FileLookupState],
        new: FileLookupState,
        problem: str = "",
        most: int | None = None,
    ) -> bool:
        """Move it from one of some states to another, and end its lease in any process.

        Args:
            id_: Its id.
            old: The states, one of which it must be in.
            new: The new state.
            problem: The problem to be shown with it.
            most: The most of its actor's that may be open with it; None for any number.

        Returns:
            False if it is in none of the states, its CSV is being sent, or as many are open already.
        """
        ...

    def set_message(self, id_: str, channel: str, ts: str) -> None:
        """Keep the message that shows it."""
        ...

    def take_unshown(self) -> FileLookup | None:
        """Take one whose end should be shown by now, for SHOW_SECONDS; None if there is none."""
        ...

    def hold_end(self, id_: str, state: FileLookupState, seconds: float) -> None:
        """Let no other process take its end for some seconds: it is still to be shown by this one."""
        ...

    def set_shown(self, id_: str, state: FileLookupState) -> None:
        """Keep that its end is shown."""
        ...


class FileLookupNotices(Protocol):
    """Tells people how far their file lookups have come; never raises, except where it says so."""

    def show(self, lookup: FileLookup, seconds_left: float | None = None) -> None:
        """Show how far it has come, soon; returns at once, and may be called as often as it moves."""
        ...

    def send(self, lookup: FileLookup, csv: BinaryIO, size: int) -> None:
        """Send the CSV to the actor's direct messages, and show the state.

        Args:
            lookup: The file lookup, in the state that it gets once this returns: done; or cancelled or
                failed, where the CSV has the rows so far.
            csv: The file, from its beginning.
            size: Its bytes.

        Raises:
            SlackUnavailableError: It could not be sent.
        """
        ...
