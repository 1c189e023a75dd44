"""Hash chain: an entry's canonical JSON, its hash, and the link to the entry before.

The content of an entry is JSON (RFC 8259) with the keys sorted by code point, no blanks, nothing escaped that
need not be, in UTF-8. Its hash is SHA-256 over exactly these bytes, in hex; `previous` in it is the hash of
the entry before. To check an entry that was exported, take `hash` out of it and hash the rest.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec

from bot.core.model import Actor, AlteredEntry, AuditEvent, Entry, Outcome, Surface, Value
from bot.errors import AlteredError

START = "0" * 64
"""The previous hash of the first entry."""

VERIFY = "Tell the bot's operator to run im-bot audit verify"
"""The advice of every error about an altered database."""

EntryRow: TypeAlias = tuple[int, Any, Any, Any, Any]
"""An entry's sequence number, content, hash, actor and change; texts, unless the database was altered."""


class _Content(msgspec.Struct):
    """The keys of an entry's JSON."""

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
    channel: str = ""


_read_json = msgspec.json.Decoder(_Content).decode
_write_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
LONGEST_KEY = 200
"""The most characters of a name that is indexed as it is."""
# Where an entry names the hash before it. The last such key is its own: what follows is sorted after it, and
# holds texts and a number alone, in which no quote stands unescaped.
_KEY = '"previous":"'
_SUSPECT = re.compile(r"\\u0000|[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class BrokenChainError(Exception):
    """An entry does not follow from the one before.

    Args:
        sequence: The number of the altered or missing entry.
        missing: True when there is no such entry.
    """

    def __init__(self, sequence: int, *, missing: bool) -> None:
        super().__init__(sequence)
        self.sequence = sequence
        self.missing = missing


def replace_unstorable(value: Any) -> Any:
    """Replace what databases or UTF-8 cannot hold, NUL and half characters, by U+FFFD in texts of JSON."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        # Sorted: two keys may become the same, and which is kept must not depend on their order.
        return {replace_unstorable(name): replace_unstorable(each) for name, each in sorted(value.items())}
    return [replace_unstorable(each) for each in value] if isinstance(value, list | tuple) else value


def index_key(name: str) -> str:
    """Return a name's index key: the name itself, or its hash if it is too long for an index."""
    # Nearly every name, in a tenth of the time.
    stored: str = name if name.isprintable() else replace_unstorable(name)
    return stored if len(stored) <= LONGEST_KEY else sha256(stored.encode()).hexdigest()


def actor_key(actor: Actor) -> str:
    """Return an actor's index key."""
    return index_key(f"{actor.team_id} {actor.user_id}")


def write_time(moment: datetime) -> str:
    """Format a time (UTC) so that texts sort as times do."""
    return moment.isoformat(timespec="microseconds")


def link(sequence: int, at: datetime, event: AuditEvent, previous: str) -> tuple[Entry, str]:
    """Link an event to the chain; return the entry and its JSON."""
    fields = _to_json(sequence, at, event, previous)
    content = _write_json(fields)
    if _SUSPECT.search(content):
        content = _write_json(replace_unstorable(fields))
        event = _to_event(_read_json(content))
    return Entry(sequence, at, event, previous, sha256(content.encode()).hexdigest()), content


def read(content: str, digest: str) -> Entry:
    """Read an entry from its JSON and hash.

    Raises:
        AlteredError: The hash is not that of the content, or the content is not an entry's.
    """
    try:
        is_sound = sha256(content.encode()).hexdigest() == digest
        parsed = _read_json(content) if is_sound else None
    except (AttributeError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        parsed = None
    if parsed is None or parsed.at.tzinfo is None:
        raise AlteredError("an entry is not as it was written: the database was altered", advice=VERIFY)
    return Entry(parsed.sequence, parsed.at, _to_event(parsed), parsed.previous, digest)


def read_each(rows: Iterable[Sequence[Any]]) -> Iterator[Entry | AlteredEntry]:
    """Read entries from rows of sequence, JSON and hash; an altered one becomes an AlteredEntry."""
    for sequence, content, digest in rows:
        try:
            entry = read(content, digest)
        except AlteredError:
            yield AlteredEntry(sequence)
        else:
            yield entry if entry.sequence == sequence else AlteredEntry(sequence)


def follow(rows: Iterable[EntryRow], count: int = 0, last: str = START) -> Iterator[EntryRow]:
    """Yield rows as long as each is sound and follows from the one before.

    Args:
        rows: The entries in order.
        count: The sequence number of the entry before the first row.
        last: That entry's hash.

    Raises:
        BrokenChainError: One is altered or missing.
    """
    key, begins, ends = _KEY, len(_KEY), len(_KEY) + len(START)
    for row in rows:
        sequence, content, digest, _, _ = row
        try:
            place = content.rfind(key)
            is_sound = (
                sequence == count + 1
                and content[place + begins : place + ends] == last
                and sha256(content.encode()).hexdigest() == digest
            )
        except (AttributeError, TypeError, ValueError):
            is_sound = False
        if not is_sound:
            missing = sequence > count + 1
            raise BrokenChainError(count + 1 if missing else sequence, missing=missing)
        count, last = sequence, digest
        yield row


def _to_json(sequence: int, at: datetime, event: AuditEvent, previous: str) -> dict[str, object]:
    # Only where there is one: entries of old versions have no such key.
    seen_in = {"channel": event.channel} if event.channel else {}
    return {
        "accounts": event.accounts,
        "after": dict(event.after),
        "app": event.app,
        "at": write_time(at),
        "before": dict(event.before),
        "change": event.change_id,
        **seen_in,
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


def _to_event(parsed: _Content) -> AuditEvent:
    return AuditEvent(
        actor=Actor(user_id=parsed.user, team_id=parsed.team),
        surface=parsed.surface,
        app=parsed.app,
        command=parsed.command,
        accounts=parsed.accounts,
        outcome=parsed.outcome,
        reason=parsed.reason,
        problem=parsed.problem,
        before=parsed.before,
        after=parsed.after,
        change_id=parsed.change,
        channel=parsed.channel,
    )
