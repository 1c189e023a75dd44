"""Changes that a crash or a silent vendor left open, settled by reading profiles."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.budget import COMMAND_SECONDS
from bot.core.changes.applying import WriteResult, infer_outcome
from bot.core.changes.journal import Journal
from bot.core.lookups.profile import Profiles
from bot.core.model import WATCHED, App, Change, Outcome, Surface
from bot.core.results import Settled
from bot.errors import AlteredError, ExpiredError, IMError, OutcomeUnknownError, UsageError

GRACE = timedelta(seconds=3 * COMMAND_SECONDS)
"""The time that a change must have stood still to count as left open: far longer than any live one does."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Brings changes that were attempted, and no process is at any more, to an end."""

    profiles: Profiles
    journal: Journal

    def settle(self, grace: timedelta) -> Iterator[Settled]:
        """Settle what is open and can be told, and say of each what became of it once that is recorded.

        Raises:
            AuditError: The record cannot be read or written.
        """
        if not (left_open := self.journal.record.list_open(grace)):
            return
        now = self.journal.record.now()
        for change in left_open:
            if settled := self._settle(change, now):
                yield settled

    def _settle(self, change: Change, now: datetime) -> Settled | None:
        if change.outcome is Outcome.UNKNOWN and now - change.proposed_at > WATCHED:
            return None
        result = self._look(change)
        if result.outcome is change.outcome:
            return None
        app = self.profiles.apps.by_name.get(change.app) or App(change.app, "")
        try:
            return self.journal.close(app, change, result, Surface.BOT)
        except ExpiredError:
            # Another process has just settled it.
            return None
        except AlteredError as error:
            # It must not stand in the way of others.
            log.warning("change %.40r is left alone: %s", change.id, error)
            return None

    def _look(self, change: Change) -> WriteResult:
        try:
            app, touched = self.profiles.place(change)
            found = infer_outcome(change, touched, self.profiles.read(app, change.account, touched))
        except (UsageError, IMError) as error:
            return WriteResult(Outcome.UNKNOWN, OutcomeUnknownError(f"the profile cannot be read: {error}"))
        if found is Outcome.SUCCEEDED:
            return WriteResult(found)
        if found is Outcome.FAILED:
            return WriteResult(found, IMError("the profile reads as before the change"))
        words = "the profile reads neither as before the change nor as after it"
        return WriteResult(Outcome.UNKNOWN, OutcomeUnknownError(words))
