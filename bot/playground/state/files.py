"""Files: those the bot has announced, sent and shared."""

import mimetypes
import secrets
from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import quote

from bot.playground.errors import SlackError

LIFETIME = 15 * 60
"""Seconds for which an upload URL can be used."""


@dataclass(slots=True, eq=False)
class File:
    """A file of the bot's.

    Args:
        length: How many bytes were announced.
        made_at: When it was announced, in unix seconds.
        address: Where the server listens.
        ticket: The secret part of its upload URL.
        key: What lets the page of somebody who sees the file download it.
        content: Its bytes, once they have been sent.
        complete: The upload was finished: it can be seen and downloaded.
        shared_in: The ids of the conversations it was shared in.
    """

    id: str
    name: str
    title: str
    length: int
    made_at: float
    address: str
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    content: bytes | None = None
    complete: bool = False
    shared_in: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The path at which it is downloaded."""
        return f"/files/{self.id}/{quote(self.name, safe='')}"

    @property
    def mimetype(self) -> str:
        """Its media type, as far as its name tells."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def filetype(self) -> str:
        """What Slack calls its type."""
        return PurePath(self.name).suffix.removeprefix(".").lower() or "binary"


class Files:
    """The files that were announced, by id."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def create(self, name: str, length: int, now: float, address: str) -> File:
        """Expect a file of so many bytes."""
        id_ = f"F07{secrets.token_hex(4).upper()}"
        self._files[id_] = File(id_, name, name, length, now, address)
        return self._files[id_]

    def receive(self, ticket: str, content: bytes, now: float) -> None:
        """Take the bytes sent to an upload URL.

        Raises:
            SlackError: It was used, is too old or was never given out; or so many bytes were not announced.
        """
        file = next((file for file in self._files.values() if file.ticket == ticket), None)
        if file is None or file.content is not None or now - file.made_at > LIFETIME:
            raise SlackError("invalid_ticket", status=404)
        if len(content) != file.length:
            raise SlackError("length_mismatch", status=400)
        file.content = content

    def get_sent(self, id_: object) -> File:
        """Look up a file whose bytes were sent and whose upload is still to be finished.

        Raises:
            SlackError: There is none of that id.
        """
        file = self._files.get(str(id_))
        if file is None or file.content is None or file.complete:
            raise SlackError("file_not_found")
        return file

    def find(self, id_: object) -> File | None:
        """Look up a file whose upload is finished."""
        file = self._files.get(str(id_))
        return file if file and file.complete else None
