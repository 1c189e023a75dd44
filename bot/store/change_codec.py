"""How a change is kept: as JSON that loses nothing, beside the digest of what its actor was shown."""

import json
import re
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row

from bot.core.model import Actor, Change, Outcome, Value
from bot.errors import AlteredError
from bot.store import chain
from bot.store.chain import VERIFY, key

_SUSPECT = re.compile(r"\\u(?:0000|d[89a-f])")


class Kept(NamedTuple):
    """The row of a change as it is found; what was altered may be anything."""

    id: Any
    content: Any
    digest: Any
    outcome: Any
    moved_at: Any


class _Content(msgspec.Struct, gc=False):
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


_read_json = msgspec.json.Decoder(_Content).decode


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
        change = _read(_parse(row.content), Outcome(row.outcome))
        # What was kept is written as the digest has it.
        digest = sha256(row.content.encode()).hexdigest()
        sound = digest == row.digest and key(change.id) == row.id
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
        raise altered() from None
    if not sound or change.proposed_at.tzinfo is None:
        raise altered()
    return change


def storable(change: Change, content: str) -> Change:
    """Make a change that was kept with this content storable, as its entries are; at once if it is."""
    if not _SUSPECT.search(content):
        return change
    return replace(
        change,
        id=chain.storable(change.id),
        actor=chain.storable_actor(change.actor),
        app=chain.storable(change.app),
        account=chain.storable(change.account),
        before=chain.storable_values(change.before),
        after=chain.storable_values(change.after),
        reason=chain.storable(change.reason),
        undoes=chain.storable(change.undoes),
    )


def _parse(content: str) -> _Content:
    try:
        return _read_json(content)
    except msgspec.DecodeError:
        # Half a character, escaped, is none to the faster reader.
        return msgspec.convert(json.loads(content), _Content)


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
