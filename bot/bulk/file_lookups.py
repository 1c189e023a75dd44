"""The use cases of file lookups: start, cancel, resume, and send what there is so far."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from itertools import islice
from typing import BinaryIO, Protocol

from bot.bulk.id_list import IdList
from bot.bulk.ids_file import IdsFile, as_utf8, reading
from bot.bulk.job_record import JobRecord
from bot.core.changes import journal
from bot.core.commands import LookupCommand
from bot.core.file_lookups import (
    OVER,
    FileLookup,
    FileLookupNotices,
    FileLookupState,
    FileLookupStore,
)
from bot.core.model import Actor, AuditEvent, Outcome, Surface
from bot.core.ports import Record
from bot.core.services import Services
from bot.errors import ExpiredError, FileError, LimitError, UsageError

PART_IDS = 1000
"""The ids that are kept, and read again, together."""
LAST_CALL = timedelta(minutes=30)
"""The time before it expires in which nothing more is looked up: its actor may still take the rows."""

_UNCLAIMED = nullcontext()
_RESUMABLE = (FileLookupState.CANCELLED, FileLookupState.FAILED)
_OPEN = tuple(state for state in FileLookupState if state not in OVER)
_GONE = "this file lookup has expired, or is another person's"
_ANEW = "Send the file again"
_GOES_ON = "this file lookup goes on already, or has ended"
_LATE = "Take the rows so far, and send the file again"
_SEE_MESSAGE = "See its message in your direct messages with the bot: its buttons say what you can do"


class Loop(Protocol):
    """Runs file lookups in this process."""

    @property
    def is_busy(self) -> bool:
        """Whether file lookups run."""
        ...

    def start(self) -> None:
        """Begin to look for file lookups."""
        ...

    def wake(self) -> None:
        """Look at once for what is new, and for what was cancelled."""
        ...

    def stop(self) -> None:
        """Lease no more, and end what runs soon; returns at once."""
        ...

    def close(self) -> None:
        """Stop, and wait until what is finished is kept and the leases are given back."""
        ...


@dataclass(frozen=True, slots=True)
class FileLookups:
    """The use cases of file lookups, in any process.

    Args:
        services: Checks roles and limits, and has the record.
        store: Keeps them.
        notices: Tells their actors how far they have come.
        loop: Runs them in this process.
    """

    services: Services
    store: FileLookupStore
    notices: FileLookupNotices
    loop: Loop

    def start(
        self,
        actor: Actor,
        command: LookupCommand,
        source: BinaryIO,
        name: str,
        column: str,
        *,
        message: tuple[str, str] = ("", ""),
        claim: AbstractContextManager[None] = _UNCLAIMED,
    ) -> FileLookup:
        """Check the actor's role and limits, read and keep a file of ids, and let it be looked up.

        Args:
            actor: The actor.
            command: The lookup; its accounts do not count.
            source: The file, in UTF-8 or UTF-16; it can seek.
            name: Its name.
            column: The column of the ids: its name, or its number from 1 on; empty for the only one.
            message: The channel and time stamp of a message that shows it from now on; empty for a new one.
            claim: Entered once the file is read, left once it is kept; raises if it is started already.

        Raises:
            UsageError: The file cannot be read, or holds no ids; or the lookup is none for a file.
            PermissionDeniedError: The actor may not look up; recorded.
            LimitError: They have reached a limit; recorded.
            AuditError: It cannot be kept.
            BotError: The temporary folder is full, or too many files are being read.
        """
        command = _prepare(command)
        self._allow(actor, command)
        self._check_open(make_event(actor, command))
        with closing(IdList()) as ids:
            digest, id_ = _read(ids, source, name, column), secrets.token_urlsafe()
            waiting = FileLookupState.WAITING
            lookup = FileLookup(id_, actor, command, name, digest, ids.count, waiting, message=message)
            self._keep(lookup, ids, claim)
        return self._move_on(lookup)

    def _keep(self, lookup: FileLookup, ids: IdList, claim: AbstractContextManager[None]) -> None:
        asked = make_event(lookup.actor, lookup.command)
        with claim, self._spending(asked, ids.count):
            if not self.store.add(lookup, _split(ids.after(0)), self.services.limits.at_once):
                raise self._refuse_one_more(asked)

    def find(self, actor: Actor, id_: str) -> FileLookup:
        """Find a file lookup of the actor's.

        Raises:
            ExpiredError: It has expired, or is another actor's.
            AuditError: The database failed.
        """
        lookup = self.store.find(id_)
        if lookup is None or lookup.actor != actor:
            raise ExpiredError(_GONE, advice=_ANEW)
        return lookup

    def cancel(self, actor: Actor, id_: str) -> FileLookup:
        """Cancel a file lookup, whichever process runs it; the rows so far stay.

        Raises:
            ExpiredError: It is over, or its CSV is being sent.
            AuditError: The database failed.
        """
        lookup = self.find(actor, id_)
        if not self.store.set_state(id_, _OPEN, FileLookupState.CANCELLED):
            if self.find(actor, id_).state is FileLookupState.SENDING:
                raise ExpiredError("the CSV is being sent", advice="Wait for the file")
            raise ExpiredError("this file lookup is over already", advice=_SEE_MESSAGE)
        lookup = self.store.find(id_) or replace(lookup, state=FileLookupState.CANCELLED)
        problem = f"cancelled after {lookup.done:,} of {lookup.total:,} ids"
        record = make_record(self.services.record, lookup)
        is_recorded = record.end(lookup.counts, Outcome.CANCELLED, problem) and lookup.is_recorded
        return self._move_on(replace(lookup, is_recorded=is_recorded))

    def resume(self, actor: Actor, id_: str) -> FileLookup:
        """Check the actor's role and limits, and let a cancelled or failed file lookup go on.

        Raises:
            ExpiredError: It has expired, is about to, or goes on already.
            PermissionDeniedError: The actor may not look up; recorded.
            LimitError: They have reached a limit; recorded.
            AuditError: The database failed.
        """
        lookup = self._find_over(actor, id_)
        left = lookup.total - lookup.done
        if left and is_late(lookup):
            raise ExpiredError("this file lookup is about to expire", advice=_LATE)
        asked = make_event(actor, lookup.command)
        self._check_open(asked)
        state = FileLookupState.WAITING if left else FileLookupState.SENDING
        with self._spending(asked, left):
            self._open_again(lookup, state)
        return self._move_on(replace(lookup, state=state, problem="", tries=0))

    def send_part(self, actor: Actor, id_: str) -> None:
        """Check the actor's role, and let the rows so far of a cancelled or failed file lookup be sent.

        Raises:
            ExpiredError: It has expired, goes on, or has no rows.
            PermissionDeniedError: The actor may not look up; recorded.
            LimitError: They have as many open as they may; recorded.
            AuditError: The database failed.
        """
        lookup = self._find_over(actor, id_)
        if not lookup.done:
            raise ExpiredError("nothing has been looked up yet", advice="Resume it first")
        # The problem stays: it says to which state the lookup returns.
        self._open_again(lookup, FileLookupState.SENDING, lookup.problem)
        self._move_on(replace(lookup, state=FileLookupState.SENDING, tries=0))

    @contextmanager
    def _spending(self, asked: AuditEvent, ids: int) -> Iterator[None]:
        """Count ids, and give them back if they are not looked up then."""
        self.services.spend(asked, ids)
        try:
            yield
        except BaseException:
            self.services.limits.give_back(asked.actor, ids)
            raise

    def _open_again(self, lookup: FileLookup, state: FileLookupState, problem: str = "") -> None:
        if self.store.set_state(lookup.id, _RESUMABLE, state, problem, self.services.limits.at_once):
            return
        if self.find(lookup.actor, lookup.id).state in _RESUMABLE:
            raise self._refuse_one_more(make_event(lookup.actor, lookup.command))
        raise ExpiredError(_GOES_ON, advice=_SEE_MESSAGE)

    def _find_over(self, actor: Actor, id_: str) -> FileLookup:
        lookup = self.find(actor, id_)
        if lookup.state not in _RESUMABLE:
            raise ExpiredError(_GOES_ON, advice=_SEE_MESSAGE)
        self._allow(actor, lookup.command)
        return lookup

    def _allow(self, actor: Actor, command: LookupCommand) -> None:
        event = make_event(actor, command)
        self.services.allow(actor, event.command, event.surface, event.app, event.accounts)

    def _check_open(self, asked: AuditEvent) -> None:
        most = self.services.limits.at_once
        if most is not None and len(self.store.list_open(asked.actor)) >= most:
            raise self._refuse_one_more(asked)

    def _refuse_one_more(self, asked: AuditEvent) -> LimitError:
        refusal = self.services.limits.make_open_error()
        journal.deny(self.services.record, asked, refusal)
        return refusal

    def _move_on(self, lookup: FileLookup) -> FileLookup:
        # Shown first: the loop shows what follows.
        self.notices.show(lookup)
        self.loop.wake()
        return lookup


def _read(ids: IdList, source: BinaryIO, name: str, column: str) -> str:
    """Read the ids of a file; return its SHA-256, in hex."""
    with reading(), as_utf8(source, name) as text:
        ids.add(IdsFile(text, name, column))
    if not ids.count:
        raise FileError(f"{name} holds no ids", advice="Give one id a line, or a column of ids")
    # Not of a copy in UTF-8: people compare it with their file's.
    source.seek(0)
    return file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]  # files have readinto


def _prepare(command: LookupCommand) -> LookupCommand:
    if command.both:
        raise UsageError("--both is not for files", advice="Leave it out, or ask for fewer ids")
    return replace(command, accounts=(), csv=True, share=False)


def is_late(lookup: FileLookup, after: timedelta = timedelta(0)) -> bool:
    """Check whether, after some time, it is about to expire."""
    # Not the record's time, which may be ahead of the clock.
    end = lookup.expires_at
    return end is not None and datetime.now(UTC) + after > end - LAST_CALL


def make_event(actor: Actor, command: LookupCommand) -> AuditEvent:
    """Make the audit event of a file lookup: the owner of a friend list as its only account."""
    owner = (command.owner,) if command.owner else ()
    return AuditEvent(actor, Surface.FILE, command.app.name, command.kind.word, owner, Outcome.ANSWERED)


def make_record(record: Record, lookup: FileLookup) -> JobRecord:
    """Make the record of a file lookup."""
    return JobRecord(record, make_event(lookup.actor, lookup.command), lookup.total, lookup.digest)


def _split(ids: Iterator[str]) -> Iterator[Sequence[str]]:
    while part := tuple(islice(ids, PART_IDS)):
        yield part
