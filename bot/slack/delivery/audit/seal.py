"""Seals: proof that this bot posted certain entries in a message, which the database alone cannot forge."""

import hmac
from collections.abc import Iterable

from bot.core.model import AlteredEntry, Entry, Post


def make_post(token: str, channel: str, ts: str, entries: Iterable[Entry | AlteredEntry]) -> Post:
    """Make the sealed post of entries.

    The audit channel is a witness against whoever owns the database. So the bot must not be led to overwrite
    a message with other entries: the seal covers their hashes, and its key is not in the database.

    Args:
        token: The bot token, the key.
        channel: The channel's id.
        ts: The message's time stamp.
        entries: The entries, in any order.
    """
    ordered = sorted(entries, key=lambda entry: entry.sequence)
    heads = (f"#{each.sequence} {each.hash if isinstance(each, Entry) else 'altered'}" for each in ordered)
    text = "\n".join(["im-bot audit message", channel, ts, *heads])
    seal = hmac.new(token.encode(), text.encode(), "sha256").hexdigest()
    return Post(channel, ts, seal, tuple(each.sequence for each in ordered))


def is_genuine(token: str, post: Post, entries: Iterable[Entry | AlteredEntry]) -> bool:
    """Check that this bot posted exactly these entries in a message."""
    expected = make_post(token, post.channel, post.ts, entries)
    return hmac.compare_digest(expected.seal.encode(), post.seal.encode(errors="replace"))
