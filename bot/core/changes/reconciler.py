"""Reconciliation of changes that a crash or a silent vendor left open, by reading profiles."""

import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta

from bot.core.changes import journal
from bot.core.changes.applying import WriteResult, infer_outcome, list_saved
from bot.core.lookups.profile import find_fields, read_fields
from bot.core.model import WATCHED, Change, Outcome, Surface, find_app
from bot.core.parsing.command_line import Apps
from bot.core.ports import IM, Record
from bot.core.results import Settled
from bot.core.time_limits import COMMAND_SECONDS
from bot.errors import AlteredError, ExpiredError, IMError, OutcomeUnknownError, UsageError

GRACE = timedelta(seconds=3 * COMMAND_SECONDS)
"""The time without a move after which a change counts as left open; far longer than any live one."""

log = logging.getLogger(__name__)


def settle_open(apps: Apps, ims: Mapping[str, IM], record: Record, grace: timedelta) -> Iterator[Settled]:
    """Settle, by reading profiles, the changes that a crash or a silent vendor left open.

    Args:
        apps: The configured apps.
        ims: The vendor's clients, by the app's name.
        record: The record.
        grace: The time without a move after which a change counts as left open.

    Yields:
        Each settled change, once its outcome is recorded.

    Raises:
        AuditError: The record cannot be read or written.
    """
    if not (left_open := record.list_open(grace)):
        return
    now = record.now()
    for change in left_open:
        if change.outcome is Outcome.UNKNOWN and now - change.proposed_at > WATCHED:
            continue
        result = _infer(change, apps, ims)
        if result.outcome is not change.outcome and (settled := _close(change, result, apps, record)):
            yield settled


def _close(change: Change, result: WriteResult, apps: Apps, record: Record) -> Settled | None:
    app = find_app(change.app, apps.by_name)
    try:
        return journal.close(record, app, change, result, Surface.BOT)
    except ExpiredError:
        # Another process has just settled it.
        return None
    except AlteredError as error:
        # It must not block the others.
        log.warning("skipping change %.40r: %s", change.id, error)
        return None


def _infer(change: Change, apps: Apps, ims: Mapping[str, IM]) -> WriteResult:
    try:
        app, touched = find_fields(change, apps)
        now = read_fields(app, change.account, touched, ims)
    except (UsageError, IMError) as error:
        return WriteResult(Outcome.UNKNOWN, OutcomeUnknownError(f"the profile cannot be read: {error}"))
    found = infer_outcome(change, touched, now)
    if found is Outcome.SUCCEEDED:
        return WriteResult(found)
    if found is Outcome.FAILED:
        return WriteResult(found, IMError("the profile still has the old values"))
    saved = ", ".join(field.word for field in list_saved(change, touched, now))
    words = "the profile has neither the old nor the new values"
    words += f", except that {saved} changed as wanted" if saved else ""
    return WriteResult(Outcome.UNKNOWN, OutcomeUnknownError(words))
