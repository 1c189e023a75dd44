"""Answers about files of ids: the question what to look up, its form, and the start of a file lookup."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bot.bulk.file_lookups import FileLookups
from bot.bulk.id_column import ColumnGuess, guess_columns
from bot.core.commands import LookupCommand
from bot.core.file_lookups import FileLookup
from bot.core.model import Actor, Surface
from bot.errors import BotError, ExpiredError
from bot.slack.api.shared_files import SharedFile
from bot.slack.delivery.files import Files
from bot.slack.delivery.request import SlackRequest
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import SavedFile
from bot.slack.messages.blocks import Message
from bot.slack.messages.errors import render_error
from bot.slack.messages.lookups.file_lookup import ask_about_file
from bot.slack.modals.file_lookup import file_view

TAKE_SECONDS = 2.0
"""Seconds in which a press must take its file, so that two presses start one file lookup."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileLookupAnswers:
    """Asks what to look up of a shared file, and starts it.

    Args:
        command: The slash command's name, slash included.
        interactions: The state behind buttons and forms.
        files: Reads shared files.
        lookups: The use cases of file lookups.
    """

    command: str
    interactions: Interactions
    files: Files
    lookups: FileLookups

    def ask(
        self, request: SlackRequest, file: SharedFile, command: LookupCommand, *, is_known: bool
    ) -> Message:
        """Make the question about a file, or the error where it cannot be used.

        Args:
            request: The request that has the file.
            file: The file.
            command: The lookup that the words beside it ask for, without accounts.
            is_known: Whether its app is known.
        """
        try:
            guess = self._guess(request.actor, file, command, request.surface)
        except BotError as error:
            log.info("a shared file was not used: %s %s", type(error).__name__, error.detail)
            return render_error(error, command=self.command)
        saved = SavedFile(file.id, file.name, command, guess.likely.name)
        key = self.interactions.keep(request.actor, saved)
        return ask_about_file(file.name, guess, command, key, ready=is_known and _is_ready(command))

    def find(self, actor: Actor, key: str) -> SavedFile:
        """Find a file that was asked about.

        Raises:
            ExpiredError: It was asked about long ago, or its lookup has started.
            AuditError: It is another process's, and cannot be read now.
        """
        try:
            self.interactions.find(key, actor, SavedFile)
            # Another process may have started it since.
            return self.interactions.find_latest(key, actor, SavedFile)
        except ExpiredError:
            raise _make_expired_error() from None

    def make_form(self, request: SlackRequest, saved: SavedFile, key: str = "") -> Mapping[str, Any]:
        """Make the form that asks what to look up of a file.

        Args:
            request: The request.
            saved: The file, and what is chosen so far.
            key: The opaque id of the file; empty for a new one.

        Raises:
            BotError: The file cannot be used, or the actor may not look up.
        """
        actor, file = request.actor, SharedFile(saved.file_id, saved.name)
        guess = self._guess(actor, file, saved.command, request.surface)
        if key:
            # It may have been started while the file was read.
            self.find(actor, key)
        key = make_place(key, request.pressed) if key else self.interactions.keep(actor, saved)
        return file_view(self.lookups.services.apps, saved.name, guess, saved.command, key)

    def start(
        self, request: SlackRequest, key: str, chosen: tuple[LookupCommand, str] | None = None
    ) -> FileLookup:
        """Start the lookup of a file, once, however often it is pressed.

        Args:
            request: The request of the press, or of the submitted form.
            key: The opaque id of the file.
            chosen: The lookup and the column that the form says; None for those of the question.

        Raises:
            BotError: It cannot be started; the button or form works again then.
        """
        actor = request.actor
        saved = self.find(actor, key)
        command, column = chosen or (saved.command, saved.column)
        self._allow(actor, command, request.surface)
        with self.files.read(SharedFile(saved.file_id, saved.name)) as content:
            return self.lookups.start(
                actor,
                command,
                content,
                saved.name,
                column,
                message=request.pressed,
                claim=self._take(actor, saved, key),
            )

    @contextmanager
    def _take(self, actor: Actor, saved: SavedFile, key: str) -> Iterator[None]:
        """Take a file for one start; an error gives it back."""
        if not self.interactions.take(key, TAKE_SECONDS):
            raise _make_expired_error()
        try:
            yield
        except BaseException:
            self.interactions.keep_now(actor, saved, key)
            raise

    def _guess(self, actor: Actor, file: SharedFile, command: LookupCommand, surface: Surface) -> ColumnGuess:
        """Check the role, then read the file."""
        self._allow(actor, command, surface)
        with self.files.read(file) as content:
            return guess_columns(content, file.name)

    def _allow(self, actor: Actor, command: LookupCommand, surface: Surface) -> None:
        self.lookups.services.allow(actor, command.kind.word, surface, command.app.name)


def _make_expired_error() -> ExpiredError:
    return ExpiredError(
        "the lookup of this file has started already, or the question is too old",
        advice="Send the file again to start another one",
    )


def _is_ready(command: LookupCommand) -> bool:
    return bool(command.owner) or not command.kind.has_owner


def make_place(key: str, message: tuple[str, str]) -> str:
    """Make the text that a file's form carries: the opaque id of the file, and its question's message."""
    return " ".join((key, *filter(None, message)))


def read_place(carried: str) -> tuple[str, tuple[str, str]]:
    """Read what `make_place` made; without a message its channel and time stamp are empty."""
    key, _, message = carried.partition(" ")
    channel_id, _, ts = message.partition(" ")
    return key, (channel_id, ts)


def without_accounts(command: LookupCommand) -> LookupCommand:
    """Return the lookup for a file that words beside it ask for."""
    return replace(command, accounts=(), csv=False, share=False, both=False)
