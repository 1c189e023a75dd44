"""Error messages: the error, advice, and the reference to its lines in the log."""

from collections.abc import Iterator

from slack_sdk.models.blocks import RichTextElement

from bot.errors import (
    BotError,
    ExpiredError,
    IMError,
    NotSharedError,
    PermissionDeniedError,
    RecordUnknownError,
    UsageError,
)
from bot.slack.messages.blocks import Message, Truncator, bold, code, make_message, paragraph, sentence, words
from bot.slack.messages.text import make_visible

_PREFIXES: dict[type[BotError], str] = {
    UsageError: "Check your command",
    PermissionDeniedError: "Refused",
    ExpiredError: "Can't do that",
    NotSharedError: "Not shared",
    RecordUnknownError: "Outcome unknown",
    BotError: "Failed",
}
"""Prefixes of an error's text, which may begin with an id and so gets no capital letter."""


def render_error(error: BotError, *, command: str, reference: str | None = None) -> Message:
    """Render an error with its advice and the usage line.

    Args:
        error: The error.
        command: The slash command's name, slash included.
        reference: The id of the log's lines about it.
    """
    return make_message(lambda trim: [paragraph(*_error_lines(error, command, reference, trim))])


def _error_lines(
    error: BotError, command: str, reference: str | None, trim: Truncator
) -> Iterator[list[RichTextElement]]:
    prefix = next(_PREFIXES[kind] for kind in type(error).mro() if kind in _PREFIXES)
    parts = error.parts if isinstance(error, UsageError) else ()
    number = f" ({error.code})" if isinstance(error, IMError) and error.code is not None else ""
    yield [
        bold(f"{prefix}: {f'{len(parts)} mistakes' if parts else trim(make_visible(str(error)))}{number}.")
    ]
    for part in parts:
        advice = f" {sentence(trim(make_visible(part.advice)))}" if part.advice else ""
        yield [words(f"• {trim(make_visible(str(part)))}."), *([words(advice, "italic")] if advice else [])]
    if error.advice:
        yield [words(sentence(trim(make_visible(error.advice))))]
    if isinstance(error, UsageError) and error.usage:
        yield [code(f"{command} {error.usage}")]
    if reference:
        yield [words("Reference "), code(reference)]


def render_crash(reference: str, command: str) -> Message:
    """Render an unexpected error with the reference to its traceback in the log."""
    return make_message(
        lambda _: [
            paragraph(
                [bold("Something broke inside the bot. You did nothing wrong.")],
                [
                    words("Give the bot's operator the reference "),
                    code(reference),
                    words("."),
                ],
                [words("Try again, or see all commands: "), code(f"{command} help")],
            )
        ]
    )
