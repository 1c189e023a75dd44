"""How a change is kept: as JSON that loses nothing, beside the digest of what its actor was shown."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.core.model import Actor, Change, Outcome
from bot.errors import AlteredError
from bot.store.chain import read_values, storable


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
        "id": storable(change.id),
        # Escaped to ASCII it may hold characters that databases refuse, and the digest stays true.
        "content": json.dumps(content, sort_keys=True),
        "digest": change.digest,
        "outcome": change.outcome,
        "moved_at": moved_at,
    }


def read(row: Row[Any]) -> Change:
    """Read a change back from its row.

    Raises:
        AlteredError: It is not what was kept.
    """
    try:
        change = _read(json.loads(row.content), Outcome(row.outcome))
    except (ValueError, KeyError, TypeError, AttributeError):
        change = None
    if change is None or change.digest != row.digest or storable(change.id) != row.id:
        raise altered()
    return change


def altered() -> AlteredError:
    """Make the error that a change was altered."""
    return AlteredError(
        "the change is not what was kept: somebody altered the database",
        advice="An operator should run im-bot audit verify",
    )


def _read(content: dict[str, Any], outcome: Outcome) -> Change:
    return Change(
        id=content["id"],
        actor=Actor(user_id=content["user"], team_id=content["team"]),
        app=content["app"],
        account=content["account"],
        before=read_values(content["before"]),
        after=read_values(content["after"]),
        reason=content["reason"],
        proposed_at=datetime.fromisoformat(content["proposed_at"]),
        undoes=content["undoes"],
        outcome=outcome,
    )
