"""A change as JSON, with the SHA-256 digest of that."""

import json
import re
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Self

import msgspec
from sqlalchemy import Row

from bot.core.model import Actor, Change, Outcome, Value
from bot.errors import AlteredError
from bot.store.chain import VERIFY, index_key, replace_unstorable

_SUSPECT = re.compile(r"\\u(?:0000|d[89a-f])")


class ChangeRow(NamedTuple):
    """A row of the table changes; altered columns may hold anything."""

    id: Any
    content: Any
    digest: Any
    outcome: Any
    moved_at: Any


class ChangeContent(msgspec.Struct, gc=False):
    """The keys of a change's JSON: all that its actor saw and typed, without the outcome."""

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
    kept: dict[str, Value] = {}

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return the content of a change."""
        return cls(
            account=change.account,
            after=dict(change.after),
            app=change.app,
            before=dict(change.before),
            id=change.id,
            proposed_at=change.proposed_at.isoformat(),
            reason=change.reason,
            team=change.actor.team_id,
            undoes=change.undoes,
            user=change.actor.user_id,
            kept=dict(change.kept),
        )

    def to_change(self, outcome: Outcome) -> Change:
        """Return the change, of whose outcome the JSON says nothing."""
        return Change(
            id=self.id,
            actor=Actor(user_id=self.user, team_id=self.team),
            app=self.app,
            account=self.account,
            before=self.before,
            after=self.after,
            reason=self.reason,
            proposed_at=datetime.fromisoformat(self.proposed_at),
            undoes=self.undoes,
            outcome=outcome,
            kept=self.kept,
        )


# Made while loading: two threads that read the type for the first time at once can crash the process.
_read_json = msgspec.json.Decoder(ChangeContent).decode


def encode_change(change: Change, moved_at: str) -> dict[str, str]:
    """Encode a change as a row."""
    said = msgspec.structs.asdict(ChangeContent.of(change))
    if not change.kept:
        del said["kept"]
    # In ASCII, JSON can hold characters that databases refuse, and the digest stays valid.
    content = json.dumps(said, sort_keys=True)
    return {
        "id": index_key(change.id),
        "content": content,
        "digest": _digest(content),
        "outcome": change.outcome,
        "moved_at": moved_at,
    }


def read_content(row: Row[Any] | ChangeRow) -> ChangeContent:
    """Read a change's content from its row.

    Raises:
        AlteredError: The row was altered.
    """
    try:
        content = _parse_content(row.content)
        sound = _digest(row.content) == row.digest and index_key(content.id) == row.id
    except (ValueError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
        raise make_altered_error() from None
    if not sound:
        raise make_altered_error()
    return content


def make_storable(content: ChangeContent, written: str) -> ChangeContent:
    """Replace unstorable characters in a content read from this JSON, as in the change's entries."""
    if not _SUSPECT.search(written):
        return content
    return msgspec.convert(replace_unstorable(json.loads(written)), ChangeContent)


def make_altered_error() -> AlteredError:
    """Make the error for an altered change."""
    return AlteredError("the change is not as it was stored: the database was altered", advice=VERIFY)


def _digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()


def _parse_content(content: str) -> ChangeContent:
    try:
        return _read_json(content)
    except msgspec.DecodeError:
        # The faster reader refuses an escaped half character.
        return msgspec.convert(json.loads(content), ChangeContent)
