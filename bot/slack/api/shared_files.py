"""Files that people share, as events, forms and `files.info` describe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.text.visible_text import make_visible
from bot.errors import FileError
from bot.slack.api.payloads import text

MOST_BYTES = 10 * 1024 * 1024
"""The longest file that is read."""
MEGABYTES = MOST_BYTES // 1024**2
"""The same in megabytes, for people."""
ENDINGS = ("csv", "tsv", "txt")
"""The endings of the names of files of ids."""

_MEDIA = ("image/", "video/", "audio/")
_TEXT, _PAGE = "text/", "text/html"
_GONE = frozenset({"tombstone", "hidden_by_limit"})
"""The modes of files that Slack no longer has, or no longer shows."""
_UNNAMED = "this file"
_SEND_AGAIN = "Send it again"


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that a person shared.

    Args:
        id: Its id.
        name: Its name.
        kind: Its media type; empty if it is not described.
        size: Its bytes; 0 if it is not described.
        mode: The way in which Slack keeps it.
        url: Its `url_private_download`; empty if it is not described.
    """

    id: str
    name: str = _UNNAMED
    kind: str = ""
    size: int = 0
    mode: str = ""
    url: str = ""

    @property
    def is_media(self) -> bool:
        """Whether it is a picture, a video or a recording, which people send beside their words."""
        return self.kind.startswith(_MEDIA)

    def check(self) -> None:
        """Check that it can be a file of ids.

        Raises:
            FileError: It cannot; says why.
        """
        if self.mode in _GONE:
            raise gone(self.name)
        if self.mode == "external":
            raise FileError(f"{self.name} is not kept in Slack", advice="Save it, and upload the file itself")
        is_text = self.kind.startswith(_TEXT) and not self.kind.startswith(_PAGE)
        if not (is_text or self.name.lower().endswith(tuple(f".{end}" for end in ENDINGS))):
            raise FileError(
                f"{self.name} is neither CSV nor plain text",
                advice="Save it as CSV, which spreadsheets can, and send that",
            )
        if self.size > MOST_BYTES:
            raise too_long(self.name)


def read_files(held: Mapping[str, Any]) -> tuple[SharedFile, ...]:
    """Read the files of an event, or of an input for files."""
    return tuple(map(read_file, held.get("files") or ()))


def read_file(described: Mapping[str, Any]) -> SharedFile:
    """Read the description of a file."""
    mode = "external" if described.get("is_external") else text(described, "mode")
    if described.get("file_access") == "file_not_found":
        mode = "tombstone"
    return SharedFile(
        text(described, "id"),
        make_visible(text(described, "name") or text(described, "title")) or _UNNAMED,
        text(described, "mimetype"),
        described.get("size") or 0,
        mode,
        text(described, "url_private_download"),
    )


def gone(name: str) -> FileError:
    """Make the error of a file that Slack no longer has."""
    return FileError(f"{name} is no longer in Slack", advice=_SEND_AGAIN)


def too_long(name: str) -> FileError:
    """Make the error of a file that is too long."""
    return FileError(
        f"{name} is longer than {MEGABYTES} MB", advice="Split it, and send the parts one by one"
    )
