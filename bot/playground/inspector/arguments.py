"""Arguments that the bot sends and this local Slack drops."""

from collections.abc import Iterator, Mapping
from typing import Any

_IN_MESSAGES = frozenset(
    {"text", "blocks", "mrkdwn", "response_type", "replace_original", "delete_original", "thread_ts"}
)
"""Keys that are read of a message in an acknowledgement or a post to a response URL."""

_NO_EFFECT: tuple[Any, ...] = (None, "", False, [], {}, "0", "false", "none", "[]")
"""Values that ask for nothing, or for what happens anyway."""


class Arguments(Mapping[str, Any]):
    """Arguments of a call, which know the ones that nobody has read."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        # Bolt sends the bot's own workspace with each call; Slack reads it of an organization's token alone.
        self._unread = set(given) - {"token", "team_id"}

    def __getitem__(self, key: str) -> Any:
        """Return an argument, which has been read from now on."""
        self._unread.discard(key)
        return self._given[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._given)

    def __len__(self) -> int:
        """Count the arguments."""
        return len(self._given)

    def list_ignored(self) -> list[str]:
        """List the unread arguments that would have had an effect."""
        return sorted(key for key in self._unread if self._given[key] not in _NO_EFFECT)


def list_ignored_in_message(name: str, sent: Any, answer: Any) -> list[str]:
    """List the ignored keys of a message that comes without a call."""
    content = {"response_url": sent, "slash_commands": answer}.get(name)
    if not isinstance(content, Mapping):
        return []
    return sorted(key for key in content.keys() - _IN_MESSAGES if content[key] not in _NO_EFFECT)
