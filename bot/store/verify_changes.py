"""Holds each change against the entries that tell of it, which nobody can rewrite unseen."""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, select

from bot.core.model import Change, Entry, Outcome
from bot.errors import AlteredError
from bot.store import chain, kept
from bot.store.schema import changes, entries, entry_accounts


def find_altered_change(connection: Connection) -> str:
    """Give the id of the first change that is not what the entries say; empty when all are.

    The entries must have been found sound.
    """
    wanted = select(changes).order_by(changes.c.id)
    with connection.execution_options(yield_per=1000).execute(wanted) as every:
        return next((row.id for row in every if not _is_as_told(connection, row)), "")


def _is_as_told(connection: Connection, row: Row) -> bool:  # type: ignore[type-arg]
    try:
        change = kept.read(row)
    except AlteredError:
        return False
    told = _list_steps(connection, change)
    if not told:
        return False
    first, last = told[0].draft, told[-1].draft
    return (
        first.outcome is Outcome.PROPOSED
        and last.outcome is change.outcome
        and first.actor == change.actor
        and first.reason == chain.storable(change.reason)
        and first.before == chain.storable_values(change.before)
        and first.after == chain.storable_values(change.after)
    )


def _list_steps(connection: Connection, change: Change) -> Sequence[Entry]:
    """List the entries of a change's steps, in order."""
    about = entry_accounts.c
    wanted = (
        select(entries.c.content, entries.c.hash)
        .join(entry_accounts, about.sequence == entries.c.sequence)
        .where(about.app == chain.key(change.app), about.account == chain.key(change.account))
        .where(entries.c.content.contains(f'"change":"{change.id}"', autoescape=True))
        .order_by(about.sequence)
    )
    found = [chain.read(content, digest) for content, digest in connection.execute(wanted)]
    return [entry for entry in found if entry.draft.outcome is not Outcome.DENIED]
