"""A run of a lookup of many ids: what is asked is recorded first, and written then."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from bot.bulk.job import BulkLookup, RowBatch
from bot.bulk.job_record import ENTRY_ACCOUNTS, JobRecord
from bot.core.model import LookupStatus
from bot.core.ports import CALL_ACCOUNTS
from bot.errors import IMError

KEEP_SECONDS = 5.0
"""Seconds after which rows are written, however few they are."""


@dataclass(frozen=True, slots=True)
class BulkRun:
    """A run, from the first id that is not yet written to the last.

    Args:
        lookup: The lookup.
        record: Its record.
        keep: Writes more rows, given the counts of all, and shows how far it has come.
        counts: The numbers of rows that are written, by status.
        most: Returns the most accounts that are recorded and written together, up to ENTRY_ACCOUNTS.
    """

    lookup: BulkLookup
    record: JobRecord
    keep: Callable[[bytes, Mapping[LookupStatus, int]], None]
    counts: Counter[LookupStatus]
    most: Callable[[], int] = lambda: ENTRY_ACCOUNTS

    def run(self, ids: Iterable[str]) -> IMError | None:
        """Look up ids until the end, or until it is stopped; return why the vendor cannot be asked.

        Raises:
            BotError: The output cannot be written.
        """
        problem = None
        batches: list[RowBatch] = []
        kept_at = time.monotonic()
        try:
            with closing(self.lookup.run(ids, answered=bool(self.counts))) as found:
                for batch in found:
                    batches.append(batch)
                    is_full = sum(len(each.accounts) for each in batches) > self.most() - CALL_ACCOUNTS
                    if is_full or time.monotonic() - kept_at > KEEP_SECONDS:
                        self._keep(batches)
                        batches, kept_at = [], time.monotonic()
        except IMError as error:
            problem = error
        self._keep(batches)
        return problem

    def _keep(self, batches: list[RowBatch]) -> None:
        if batches:
            # A value that is written was recorded, even if the process is killed in between.
            self.record.add([account for batch in batches for account in batch.accounts])
            more: Counter[LookupStatus] = Counter()
            for batch in batches:
                more.update(batch.counts)
            self.keep(b"".join(batch.rows for batch in batches), self.counts + more)
            self.counts.update(more)
