"""File lookups as rows of a table; the ids and rows of each as compressed parts."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row

from bot.command_codec import SavedCommand, pack_command, unpack_command
from bot.core.file_lookups import OVER, FileLookup, FileLookupState
from bot.core.model import Actor, App, LookupStatus
from bot.encryption import Cipher
from bot.errors import AlteredError

_LEVEL = 1
"""Of compression: the fastest, as each second brings twenty thousand rows."""


class _Asked(msgspec.Struct):
    """The part of a file lookup that never changes."""

    command: SavedCommand
    team: str
    file_name: str
    digest: str
    total: int


_ASKED = msgspec.json.Decoder(_Asked)
_COUNTS = msgspec.json.Decoder(dict[LookupStatus, int])
_IDS = msgspec.json.Decoder(list[str])


def encode_lookup(lookup: FileLookup) -> Mapping[str, object]:
    """Make the columns of a new file lookup, except for state and times."""
    asked = _Asked(
        pack_command(lookup.command), lookup.actor.team_id, lookup.file_name, lookup.digest, lookup.total
    )
    channel, ts = lookup.message
    return {
        "id": lookup.id,
        "owner": lookup.actor.user_id,
        "content": msgspec.json.encode(asked).decode(),
        **encode_counts(lookup.counts),
        "problem": lookup.problem,
        "tries": 0,
        "losses": 0,
        "recorded": True,
        "retry_at": 0.0,
        "holder": "",
        "until": 0.0,
        "channel": channel,
        "ts": ts,
    }


def decode_lookup(row: Row[Any], apps: Mapping[str, App]) -> FileLookup | None:
    """Make a file lookup of its row; None if it was altered, or the settings lack its app or a field."""
    try:
        asked, counts = _ASKED.decode(row.content), _COUNTS.decode(row.counts)
        command, state = unpack_command(asked.command, apps), FileLookupState(row.state)
    except (msgspec.MsgspecError, LookupError, ValueError):
        return None
    if len(command.fields) != len(asked.command.fields):
        # The rows so far have other columns.
        return None
    return FileLookup(
        row.id,
        Actor(row.owner, asked.team),
        command,
        asked.file_name,
        asked.digest,
        asked.total,
        state,
        counts,
        row.problem,
        datetime.fromtimestamp(row.retry_at, UTC) if row.retry_at else None,
        (row.channel, row.ts),
        row.tries,
        row.losses,
        row.recorded,
        datetime.fromtimestamp(row.expires, UTC),
        state in OVER and not row.until,
    )


def encode_counts(counts: Mapping[LookupStatus, int]) -> dict[str, object]:
    """Make the columns of counts."""
    return {"counts": msgspec.json.encode(dict(counts)).decode(), "done": sum(counts.values())}


def encode_ids(ids: Sequence[str]) -> bytes:
    """Encode a part of the ids."""
    return zlib.compress(msgspec.json.encode(ids), _LEVEL)


def decode_ids(content: bytes) -> Sequence[str]:
    """Decode a part of the ids."""
    return _IDS.decode(zlib.decompress(content))


def encode_rows(rows: bytes, cipher: Cipher) -> bytes:
    """Encode a part of the rows, which hold values of people."""
    return cipher.encrypt_bytes(zlib.compress(rows, _LEVEL))


def decode_rows(content: bytes, cipher: Cipher) -> bytes:
    """Decode a part of the rows.

    Raises:
        AlteredError: It was encrypted under another secret, or altered.
    """
    compressed = cipher.decrypt_bytes(content)
    if compressed is None:
        raise AlteredError(
            "the rows so far cannot be read: the bot's token has changed since, or they were altered",
            advice="Send the file again",
        )
    return zlib.decompress(compressed)
