"""Files that go to a person's direct messages, and files that people shared."""

import errno
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

from bot.bulk.id_list import FREE_SPACE
from bot.errors import BotError, FileError, SlackUnavailableError
from bot.http_client.session import Upload
from bot.slack.api.client import FILE_TOO_LONG, FOREIGN_FILE, NO_FILE_ACCESS, NO_ROOM, SlackClient
from bot.slack.api.errors import TOKEN_ERRORS, SlackCallError
from bot.slack.api.retry_after import LONGEST_WAIT
from bot.slack.api.shared_files import MOST_BYTES, SharedFile, gone, read_file, too_long

FIX_SCOPE = "add the scope files:read as in manifest.yml, and reinstall the app to the workspace"
"""An operator's fix where the bot may not read files."""

_FIX_TOKEN = "Ask the bot's operator to reinstall its Slack app and correct SLACK_BOT_TOKEN"  # noqa: S105 - a sentence
_FIXES: Mapping[str, str] = {
    "missing_scope": "Ask the bot's operator to add the scopes files:write and im:write",
    "invalid_auth": _FIX_TOKEN,
    "account_inactive": _FIX_TOKEN,
    "token_revoked": _FIX_TOKEN,
}
"""The fix for each of Slack's error codes."""
_LASTING = TOKEN_ERRORS | {"user_disabled", "user_not_found", "user_not_visible"}
"""The codes after which trying again soon cannot help."""
_TIMEOUTS = frozenset({"ConnectTimeout", "ReadTimeout"})
_TRY_AGAIN = "Try again in a minute; if that does not help, tell the bot's operator"
_NO_SCOPE = frozenset({"missing_scope", NO_FILE_ACCESS})
_GONE = frozenset({"file_not_found", "file_deleted"})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_MISSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Files:
    """Sends files to people, and reads the files that they share."""

    slack: SlackClient

    def send(self, actor_id: str, name: str, content: bytes | Upload, comment: str) -> None:
        """Send a file to an actor's direct messages with the bot.

        Args:
            actor_id: The actor's user id.
            name: The file's name.
            content: The file's content.
            comment: The text above the file.

        Raises:
            SlackUnavailableError: Slack did not confirm it.
            BotError: Slack refuses it, and will again.
        """
        try:
            channel, file = self._try(partial(self._upload, actor_id, name, content), repeatable=True)
            # Not when the outcome is unknown: the file would be posted twice.
            self._try(partial(self._share, channel, file, name, comment), repeatable=False)
        except SlackCallError as error:
            raise _not_sent(error.reason) from None
        except (LookupError, TypeError) as error:
            # Slack's response lacks a key for the next call.
            raise _not_sent(type(error).__name__) from None

    @contextmanager
    def read(self, file: SharedFile) -> Iterator[BinaryIO]:
        """Download a shared file, and yield it.

        Raises:
            FileError: It is none of ids, or no longer there.
            SlackUnavailableError: Slack did not send it.
            BotError: The temporary folder is full.
        """
        try:
            file = file if file.url else self._describe(file)
            file.check()
            with _enough_room(), TemporaryFile() as content:
                self._download(file, content)
                yield content
        except SlackCallError as error:
            raise _not_read(file, error) from None

    def _describe(self, file: SharedFile) -> SharedFile:
        described = self.slack.call("files.info", file=file.id).get("file")
        return read_file(described if isinstance(described, dict) else {})

    def _download(self, file: SharedFile, content: BinaryIO) -> None:
        try:
            self.slack.download(file.url, content, MOST_BYTES, file.size)
        except SlackCallError as error:
            if error.code != NO_FILE_ACCESS:
                raise
            # Slack asks to log in for a file that is gone, too: its description says which it is.
            self._describe(file).check()
            # The bot may read files, as it was described.
            raise _withheld(file.name, error) from None

    def _try(self, step: Callable[[], T], *, repeatable: bool) -> T:
        """Take a step; once more if Slack asks to wait, or if it is repeatable and its connection broke."""
        try:
            return step()
        except SlackCallError as error:
            # Slack closes connections that were idle, perhaps just when one is used again.
            broke = repeatable and not error.answered and error.reason not in _TIMEOUTS
            if error.retry_after is None and not broke:
                raise
            time.sleep(min(error.retry_after or 0.0, LONGEST_WAIT))
            return step()

    def _upload(self, actor_id: str, name: str, content: bytes | Upload) -> tuple[str, str]:
        """Upload a file; return the id of the actor's direct messages, and the file's."""
        if isinstance(content, Upload):
            # It is perhaps the second try.
            content.file.seek(0)
        # The bot can share files only where it is a member, which the request's channel may not be.
        direct = self.slack.call("conversations.open", users=actor_id)["channel"]["id"]
        place = self.slack.call("files.getUploadURLExternal", filename=name, length=len(content))
        self.slack.upload(str(place["upload_url"]), content)
        return direct, place["file_id"]

    def _share(self, channel: str, file: str, name: str, comment: str) -> None:
        files = json.dumps([{"id": file, "title": name}])
        self.slack.call(
            "files.completeUploadExternal", files=files, channel_id=channel, initial_comment=comment
        )


@contextmanager
def _enough_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _no_room() from None


def _no_room() -> BotError:
    return BotError("the temporary folder has no room for the file", advice=FREE_SPACE)


def _withheld(name: str, error: SlackCallError) -> SlackUnavailableError:
    return SlackUnavailableError(
        f"Slack does not let the bot read {name} though it may read files",
        advice="Send it again in a direct message to the bot; if that does not help, tell the bot's operator",
        detail=error.reason,
    )


def _not_sent(reason: str) -> BotError:
    words = f"the file could not be sent to your direct messages ({reason})"
    kind = BotError if reason in _LASTING else SlackUnavailableError
    return kind(words, advice=_FIXES.get(reason, _TRY_AGAIN), detail=reason)


def _not_read(file: SharedFile, error: SlackCallError) -> BotError:
    if error.code in _GONE or error.status in _MISSING:
        return gone(file.name)
    if error.code == FILE_TOO_LONG:
        return too_long(file.name)
    if error.code == NO_ROOM:
        return _no_room()
    if error.code == FOREIGN_FILE:
        return FileError(f"{file.name} is not kept in Slack", advice="Save it, and upload the file itself")
    if error.code in _NO_SCOPE:
        log.warning("a shared file could not be read (%s): %s", error.reason, FIX_SCOPE)
        return SlackUnavailableError(
            "the bot may not read files in this workspace",
            advice="Ask the bot's operator to add the scope files:read, and to reinstall its Slack app",
            detail=error.reason,
        )
    return SlackUnavailableError(
        f"Slack did not send {file.name} ({error.reason})",
        advice=_FIXES.get(error.reason, _TRY_AGAIN),
        detail=error.reason,
    )
