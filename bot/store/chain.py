"""How an entry becomes text, and how each entry is chained to the one before.

The content of an entry is JSON (RFC 8259) with the keys sorted by code point, no blanks, nothing escaped that
need not be, in UTF-8. Its hash is SHA-256 over exactly these bytes, in hex; `previous` in it is the hash of
the entry before. To check an entry that was exported, take `hash` out of it and hash the rest.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec

from bot.core.model import Actor, AlteredEntry, AuditEvent, Entry, Outcome, Surface, Value, Values
from bot.errors import AlteredError

START = "0" * 64
"""What the first entry names as the hash before it."""

VERIFY = "An operator should run im-bot audit verify"
"""The advice of every error about an altered database."""

Object: TypeAlias = Mapping[str, Any]
"""What a JSON object is in Python."""


class _Content(msgspec.Struct):
    """All that an entry says."""

    accounts: tuple[str, ...]
    after: dict[str, Value]
    app: str
    at: datetime
    before: dict[str, Value]
    change: str
    command: str
    outcome: Outcome
    previous: str
    problem: str
    reason: str
    sequence: int
    surface: Surface
    team: str
    user: str


_read_json = msgspec.json.Decoder(_Content).decode
_write_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
LONGEST_KEY = 200
"""The most characters of a name that is found by itself."""
_SUSPECT = re.compile(r"\\u0000|[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Replace what databases or UTF-8 cannot hold, NUL and half characters, by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def key(name: str) -> str:
    """Make a name fit for an index: one longer than any index takes is found by its hash."""
    stored = storable(name)
    return stored if len(stored) <= LONGEST_KEY else sha256(stored.encode()).hexdigest()


def actor_key(actor: Actor) -> str:
    """Make an actor fit for an index."""
    return key(f"{actor.team_id} {actor.user_id}")


def write_time(moment: datetime) -> str:
    """Write a moment (UTC) so that texts sort as moments do."""
    return moment.isoformat(timespec="microseconds")


def link(sequence: int, at: datetime, event: AuditEvent, previous: str) -> tuple[Entry, str]:
    """Give a draft its place in the chain; returns the entry and its content."""
    content = _write(sequence, at, event, previous)
    if _SUSPECT.search(content):
        event = _make_storable(event)
        content = _write(sequence, at, event, previous)
    return Entry(sequence, at, event, previous, sha256(content.encode()).hexdigest()), content


def read(content: str, digest: str) -> Entry:
    """Read an entry back from its content and hash.

    Raises:
        AlteredError: The hash is not that of the content, or the content is not an entry's.
    """
    try:
        sound = sha256(content.encode()).hexdigest() == digest
        said = _read_json(content) if sound else None
    except (AttributeError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        said = None
    if said is None or said.at.tzinfo is None:
        raise AlteredError("an entry is not as it was written: somebody altered the database", advice=VERIFY)
    return Entry(said.sequence, said.at, _draft(said), said.previous, digest)


def read_each(rows: Iterable[Sequence[Any]]) -> Iterator[Entry | AlteredEntry]:
    """Read entries back, each from its sequence number, content and hash; no altered one stops the others."""
    for sequence, content, digest in rows:
        try:
            entry = read(content, digest)
        except AlteredError:
            yield AlteredEntry(sequence)
        else:
            yield entry if entry.sequence == sequence else AlteredEntry(sequence)


def read_values(values: Object) -> Values:
    """Read values back from JSON, which knows lists alone."""
    return {tag: tuple(value) if isinstance(value, list) else value for tag, value in values.items()}


def _write(sequence: int, at: datetime, event: AuditEvent, previous: str) -> str:
    return _write_json(
        {
            "accounts": event.accounts,
            "after": dict(event.after),
            "app": event.app,
            "at": write_time(at),
            "before": dict(event.before),
            "change": event.change_id,
            "command": event.command,
            "outcome": event.outcome,
            "previous": previous,
            "problem": event.problem,
            "reason": event.reason,
            "sequence": sequence,
            "surface": event.surface,
            "team": event.actor.team_id,
            "user": event.actor.user_id,
        }
    )


def _make_storable(event: AuditEvent) -> AuditEvent:
    return AuditEvent(
        actor=storable_actor(event.actor),
        surface=event.surface,
        app=storable(event.app),
        command=storable(event.command),
        accounts=tuple(map(storable, event.accounts)),
        outcome=event.outcome,
        reason=storable(event.reason),
        problem=storable(event.problem),
        before=storable_values(event.before),
        after=storable_values(event.after),
        change_id=storable(event.change_id),
    )


def storable_actor(actor: Actor) -> Actor:
    """Make an actor storable, as `storable` does texts."""
    return Actor(user_id=storable(actor.user_id), team_id=storable(actor.team_id))


def storable_values(values: Values) -> dict[str, Value]:
    """Make values storable, as `storable` does texts."""
    # Sorted, since two tags may become the same, and which of them is kept must not depend on their order.
    return {storable(tag): _storable_value(value) for tag, value in sorted(values.items())}


def _storable_value(value: Value) -> Value:
    if isinstance(value, str):
        return storable(value)
    return tuple(map(storable, value)) if isinstance(value, tuple) else value


def _draft(said: _Content) -> AuditEvent:
    return AuditEvent(
        actor=Actor(user_id=said.user, team_id=said.team),
        surface=said.surface,
        app=said.app,
        command=said.command,
        accounts=said.accounts,
        outcome=said.outcome,
        reason=said.reason,
        problem=said.problem,
        before=said.before,
        after=said.after,
        change_id=said.change,
    )
