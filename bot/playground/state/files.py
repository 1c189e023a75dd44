"""Files that the bot and people upload; their bytes are on disk until the workspace is gone."""

import mimetypes
import secrets
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from urllib.parse import quote

from bot.playground.errors import SlackError
from bot.playground.people import TEAM_ID, Person

LIFETIME = 15 * 60
"""Seconds for which an upload URL is valid."""

MOST_BYTES = 2**30
"""Bytes of a file at most, as in Slack."""

CAPACITY = 4 * MOST_BYTES
"""Bytes of all files at most."""

SNIPPET_BYTES = 2**20
"""Bytes up to which a text file is a snippet, which people can edit."""

_FILETYPES = {"": "binary", "txt": "text"}
_PRETTY_TYPES = {"binary": "Binary", "text": "Plain Text"}


@dataclass(slots=True, eq=False)
class File:
    """An uploaded file.

    Args:
        owner: The person or bot that uploads it.
        length: Bytes, as announced.
        made_at: Creation time in Unix seconds.
        address: The server's address.
        ticket: Secret part of the upload URL.
        key: Secret with which it can be downloaded without a token.
        content: The bytes on disk, once uploaded.
        complete: The upload is complete: the file can be seen and downloaded.
        deleted: Its owner deleted it.
        in_form: The app got it in a form.
        shared_in: Ids of the conversations with the file.
    """

    id: str
    name: str
    title: str
    owner: Person
    length: int
    made_at: float
    address: str
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    content: Path | None = None
    complete: bool = False
    deleted: bool = False
    in_form: bool = False
    shared_in: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Path of the folder of its download addresses."""
        return f"/files-pri/{TEAM_ID}-{self.id}"

    @property
    def path(self) -> str:
        """Download path."""
        return f"{self.folder}/download/{self.url_name}"

    @property
    def url_name(self) -> str:
        """The name as part of an address."""
        return quote(self.name, safe="")

    @property
    def extension(self) -> str:
        """The name's extension in small letters, without the dot."""
        return PurePath(self.name).suffix.removeprefix(".").lower()

    @property
    def mimetype(self) -> str:
        """Media type, guessed from the name."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def filetype(self) -> str:
        """Slack's file type."""
        return _FILETYPES.get(self.extension, self.extension)

    @property
    def pretty_type(self) -> str:
        """Slack's name of the file type."""
        return _PRETTY_TYPES.get(self.filetype, self.filetype.upper())

    @property
    def is_snippet(self) -> bool:
        """Whether it is a small text file."""
        return self.mimetype.startswith("text/") and self.length <= SNIPPET_BYTES


class Files:
    """All files, by id."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def create(self, owner: Person, name: str, length: int, now: float, address: str) -> File:
        """Create a file to be uploaded, of `length` bytes."""
        id_ = f"F07{secrets.token_hex(4).upper()}"
        self._files[id_] = File(id_, name, name, owner, length, now, address)
        return self._files[id_]

    async def receive(self, ticket: str, chunks: AsyncIterable[bytes], now: float) -> File:
        """Store the bytes sent to an upload URL.

        Raises:
            SlackError: The URL is unknown, used or expired, there is no room, or the length differs from
                the announced one.
        """
        file = self._find_expected(ticket, now)
        if self._count_bytes() + file.length > CAPACITY:
            raise SlackError("storage_limit_reached", status=400)
        path = self._folder / secrets.token_hex(8)
        try:
            if await _write(path, chunks, file.length) != file.length:
                raise SlackError("length_mismatch", status=400)
            self._find_expected(ticket, now)  # another upload may have been faster
            file.content = path
        finally:
            if file.content != path:
                path.unlink(missing_ok=True)
        return file

    def delete(self, file: File) -> None:
        """Delete a file's bytes, and mark it as deleted."""
        file.deleted = True
        if file.content:
            file.content.unlink(missing_ok=True)
            file.content = None

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
        """Find a completely uploaded file, even if it was deleted since."""
        file = self._files.get(str(id_))
        return file if file and file.complete else None

    @cached_property
    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="im-bot-slack-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _find_expected(self, ticket: str, now: float) -> File:
        file = next((file for file in self._files.values() if file.ticket == ticket), None)
        if file is None or file.deleted or file.content is not None or now - file.made_at > LIFETIME:
            raise SlackError("invalid_ticket", status=404)
        return file

    def _count_bytes(self) -> int:
        return sum(file.length for file in self._files.values() if file.content)


async def _write(path: Path, chunks: AsyncIterable[bytes], most: int) -> int:
    """Write at most so many bytes to a file, and return how many came."""
    received = 0
    with path.open("wb") as stream:
        async for chunk in chunks:
            received += len(chunk)
            if received <= most:
                stream.write(chunk)
    return received
