"""Uploaded files."""

import mimetypes
import secrets
from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import quote

from bot.playground.errors import SlackError

LIFETIME = 15 * 60
"""Seconds for which an upload URL is valid."""


@dataclass(slots=True, eq=False)
class File:
    """A file uploaded by the bot.

    Args:
        length: Bytes, as announced.
        made_at: Creation time in Unix seconds.
        address: The server's address.
        ticket: Secret part of the upload URL.
        key: Secret with which the page downloads the file.
        content: The bytes, once uploaded.
        complete: The upload is complete: the file can be seen and downloaded.
        shared_in: Ids of the conversations with the file.
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
        """Download path."""
        return f"/files/{self.id}/{quote(self.name, safe='')}"

    @property
    def mimetype(self) -> str:
        """Media type, guessed from the name."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def filetype(self) -> str:
        """Slack's file type."""
        return PurePath(self.name).suffix.removeprefix(".").lower() or "binary"


class Files:
    """All files, by id."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def create(self, name: str, length: int, now: float, address: str) -> File:
        """Create a file to be uploaded, of `length` bytes."""
        id_ = f"F07{secrets.token_hex(4).upper()}"
        self._files[id_] = File(id_, name, name, length, now, address)
        return self._files[id_]

    def receive(self, ticket: str, content: bytes, now: float) -> None:
        """Store the bytes sent to an upload URL.

        Raises:
            SlackError: The URL is unknown, used or expired, or the length differs from the announced one.
        """
        file = next((file for file in self._files.values() if file.ticket == ticket), None)
        if file is None or file.content is not None or now - file.made_at > LIFETIME:
            raise SlackError("invalid_ticket", status=404)
        if len(content) != file.length:
            raise SlackError("length_mismatch", status=400)
        file.content = content

    def get_sent(self, id_: object) -> File:
        """Find a file whose bytes are uploaded, but whose upload is not complete.

        Raises:
            SlackError: There is no such file.
        """
        file = self._files.get(str(id_))
        if file is None or file.content is None or file.complete:
            raise SlackError("file_not_found")
        return file

    def find(self, id_: object) -> File | None:
        """Find a completely uploaded file."""
        file = self._files.get(str(id_))
        return file if file and file.complete else None
