"""Holds each change against the entries that tell of it, which nobody can rewrite unseen."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.core.model import Change, Entry, Outcome
from bot.errors import AlteredError
from bot.store import chain, kept
from bot.store.schema import changes, entries

_SOON = timedelta(minutes=1)
"""How soon after it was made a change is recorded, at the most."""

log = logging.getLogger(__name__)


def believe(connection: Connection, row: Row[Any]) -> Change:
    """Read a change back, if it is what its entries tell.

    Raises:
        AlteredError: It is not.
    """
    change = kept.read(row)
    steps = _list_steps(connection, change.id)
    if not steps or not _tell(steps[0], steps[-1], change):
        raise kept.altered()
    return change


def believe_each(connection: Connection, rows: Iterable[Row[Any]]) -> Iterator[Change]:
    """Read changes back; one that was altered is left out, so that it does not stand in the way of others."""
    for row in rows:
        try:
            yield believe(connection, row)
        except AlteredError as error:
            log.warning("change %.40r is left alone: %s", row.id, error)


def find_altered_change(connection: Connection) -> str:
    """Give the id of a change that is not what the entries tell, or is gone; empty when there is none.

    The entries must have been found sound.
    """
    known = select(changes.c.id)
    gone = select(entries.c.change).where(entries.c.change != "", entries.c.change.not_in(known))
    told = entries.c.content.not_like('%"outcome":"denied"%')
    if lost := connection.scalar(gone.where(told).limit(1)):
        return str(lost)
    wanted = select(changes).order_by(changes.c.id)
    with connection.execution_options(yield_per=1000).execute(wanted) as every:
        return next((row.id for row in every if not _is_believed(connection, row)), "")


def _is_believed(connection: Connection, row: Row[Any]) -> bool:
    try:
        believe(connection, row)
    except AlteredError:
        return False
    return True


def _tell(first: Entry, last: Entry, change: Change) -> bool:
    """Tell whether the first and the last step of a change are those of one."""
    said = first.draft
    return (
        (said.outcome, last.draft.outcome) == (Outcome.PROPOSED, change.outcome)
        and (said.actor, said.app) == (change.actor, chain.storable(change.app))
        and said.accounts == (chain.storable(change.account),)
        and said.reason == chain.storable(change.reason)
        and said.before == chain.storable_values(change.before)
        and said.after == chain.storable_values(change.after)
        and abs(first.at - change.proposed_at) < _SOON
    )


def _list_steps(connection: Connection, change_id: str) -> Sequence[Entry]:
    """List the entries of a change's steps, in order."""
    wanted = (
        select(entries.c.content, entries.c.hash)
        # The second part leads to the index, which only has entries of changes.
        .where(entries.c.change == chain.key(change_id), entries.c.change != "")
        .order_by(entries.c.sequence)
    )
    found = [chain.read(content, digest) for content, digest in connection.execute(wanted)]
    return [entry for entry in found if entry.draft.outcome is not Outcome.DENIED]
