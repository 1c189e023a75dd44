"""How a change is kept: as JSON that loses nothing, beside the digest of what its actor was shown."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row

from bot.core.model import Actor, Change, Outcome, Value
from bot.errors import AlteredError
from bot.store.chain import VERIFY, key


class Kept(NamedTuple):
    """The row of a change as it is found; what was altered may be anything."""

    id: Any
    content: Any
    digest: Any
    outcome: Any
    moved_at: Any


class _Content(msgspec.Struct):
    account: str
    after: dict[str, Value]
    app: str
    before: dict[str, Value]
    id: str
    proposed_at: str
    reason: str
    team: str
    undoes: str
    user: str


def write(change: Change, moved_at: str) -> dict[str, str]:
    """Make the row of a change."""
    content = {
        "account": change.account,
        "after": dict(change.after),
        "app": change.app,
        "before": dict(change.before),
        "id": change.id,
        "proposed_at": change.proposed_at.isoformat(),
        "reason": change.reason,
        "team": change.actor.team_id,
        "undoes": change.undoes,
        "user": change.actor.user_id,
    }
    return {
        "id": key(change.id),
        # Escaped to ASCII it may hold characters that databases refuse, and the digest stays true.
        "content": json.dumps(content, sort_keys=True),
        "digest": change.digest,
        "outcome": change.outcome,
        "moved_at": moved_at,
    }


def read(row: Row[Any] | Kept) -> Change:
    """Read a change back from its row.

    Raises:
        AlteredError: It is not what was kept.
    """
    try:
        change = _read(msgspec.convert(json.loads(row.content), _Content), Outcome(row.outcome))
        # What was kept is written as the digest has it.
        digest = sha256(row.content.encode()).hexdigest()
        sound = digest == row.digest and key(change.id) == row.id
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
        raise altered() from None
    if not sound or change.proposed_at.tzinfo is None:
        raise altered()
    return change


def altered() -> AlteredError:
    """Make the error that a change was altered."""
    return AlteredError("the change is not what was kept: somebody altered the database", advice=VERIFY)


def _read(content: _Content, outcome: Outcome) -> Change:
    return Change(
        id=content.id,
        actor=Actor(user_id=content.user, team_id=content.team),
        app=content.app,
        account=content.account,
        before=content.before,
        after=content.after,
        reason=content.reason,
        proposed_at=datetime.fromisoformat(content.proposed_at),
        undoes=content.undoes,
        outcome=outcome,
    )
