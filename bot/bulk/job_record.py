"""The record of a lookup of many ids: entries of its accounts, and one of its end."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.ids import fits
from bot.core.model import AuditEvent, LookupStatus, Outcome
from bot.core.ports import Record
from bot.errors import AuditError

ENTRY_ACCOUNTS = 1000
"""The most accounts of one entry."""

_DIGITS = 12
_SLOW_SECONDS = 1.0
_PAUSE_SECONDS = 30.0


class JobRecord:
    """Records a lookup; goes on without the record where that cannot be written, as lookups in Slack do.

    Args:
        record: The record.
        asked: The audit event of the lookup: the owner of a friend list as its only account.
        count: The number of distinct ids.
        digest: The SHA-256 of the file of ids, in hex.

    Attributes:
        unrecorded: The number of accounts that could not be recorded.
        problem: The latest reason; None if there is none.
    """

    def __init__(self, record: Record, asked: AuditEvent, count: int, digest: str) -> None:
        self.unrecorded = 0
        self.problem: AuditError | None = None
        self._record = record
        self._asked = asked
        self._count = count
        self._digest = digest
        self._again_at = 0.0

    def add(self, accounts: Sequence[str]) -> None:
        """Record accounts, before their values are written anywhere: at most ENTRY_ACCOUNTS."""
        sent = dict.fromkeys([*self._asked.accounts, *filter(fits, accounts)])
        reason = f"{self._count:,} ids, file {self._digest[:_DIGITS]}"
        event = replace(self._asked, accounts=tuple(sent), reason=reason)
        if time.monotonic() < self._again_at or not self._write(event):
            self.unrecorded += len(sent) - len(self._asked.accounts)

    def end(self, counts: Mapping[LookupStatus, int], outcome: Outcome, problem: str = "") -> bool:
        """Record the end, finished or not; return whether that could be recorded."""
        numbers = ", ".join(f"{counts[status]:,} {status}" for status in LookupStatus if counts.get(status))
        reason = f"{self._count:,} ids, file {self._digest}: {numbers or 'nothing asked'}"
        return self._write(replace(self._asked, outcome=outcome, reason=reason, problem=problem))

    def _write(self, event: AuditEvent) -> bool:
        began = time.monotonic()
        try:
            self._record.add(event)
        except AuditError as error:
            self.problem = error
            # One that does not answer must not hold up each call.
            if time.monotonic() - began > _SLOW_SECONDS:
                self._again_at = time.monotonic() + _PAUSE_SECONDS
            return False
        return True
