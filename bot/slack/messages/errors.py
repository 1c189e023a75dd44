"""Error messages: the error, advice, and the reference to its lines in the log."""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.model import Grantees
from bot.core.text.visible_text import make_visible
from bot.errors import (
    BotError,
    ExpiredError,
    FileError,
    IMError,
    LimitError,
    NoAccountError,
    NotSharedError,
    PermissionDeniedError,
    RecordUnknownError,
    UsageError,
)
from bot.slack.messages.blocks import (
    Button,
    Message,
    Truncator,
    bold,
    buttons,
    code,
    make_message,
    paragraph,
    sentence,
    words,
)
from bot.slack.messages.help import list_grantees
from bot.slack.messages.text import cut

_MAX_LABEL = 40

_PREFIXES: dict[type[BotError], str] = {
    FileError: "Check the file",
    UsageError: "Check your command",
    PermissionDeniedError: "Refused",
    LimitError: "Refused",
    ExpiredError: "Can't do that",
    NotSharedError: "Not shared",
    RecordUnknownError: "Outcome unknown",
    BotError: "Failed",
}
"""Prefixes of an error's text, which may begin with an id and so gets no capital letter."""


def render_error(error: BotError, *, command: str, reference: str | None = None, run_id: str = "") -> Message:
    """Render an error with its advice, and the usage line or the command that was meant.

    Args:
        error: The error.
        command: The slash command's name, slash included.
        reference: The id of the log's lines about it.
        run_id: The opaque id of the command that was meant, for a button; empty if there is none.
    """
    return make_message(lambda trim: _show_error(error, command, reference, run_id, trim))


def _show_error(
    error: BotError, command: str, reference: str | None, run_id: str, trim: Truncator
) -> Iterator[Block]:
    suggestion = error.suggestion if isinstance(error, UsageError) else ""
    yield paragraph(*_error_lines(error, command, reference, trim))
    if suggestion and run_id:
        label = cut(make_visible(f"Run {suggestion}"), _MAX_LABEL)
        yield buttons(Button(label, "run_suggestion", run_id, "primary"))


def _error_lines(
    error: BotError, command: str, reference: str | None, trim: Truncator
) -> Iterator[list[RichTextElement]]:
    parts = error.parts if isinstance(error, UsageError) else ()
    advice = list(_with_code(error, sentence(trim(make_visible(error.advice))))) if error.advice else []
    said = f"{len(parts)} mistakes" if parts else trim(make_visible(str(error)))
    asking = _people_to_ask(error)
    together = [*asking, *advice] if _is_sentence(error, said) else []
    yield [*_headline(error, said), *([words(" ")] if together else []), *together]
    for part in parts:
        hint = f" {sentence(trim(make_visible(part.advice)))}" if part.advice else ""
        yield [words(f"• {trim(make_visible(str(part)))}."), *([words(hint, "italic")] if hint else [])]
    if advice and not together:
        yield advice
    if isinstance(error, UsageError) and (line := error.suggestion or error.usage):
        lead = [words("Try ")] if isinstance(error, NoAccountError) else []
        yield [*lead, code(f"{command} {trim(line)}")]
    if reference:
        yield [words("Reference "), code(reference)]


def _headline(error: BotError, text: str) -> list[RichTextElement]:
    """Return the first line, with a prefix unless it is a sentence."""
    number = f" ({error.code})" if isinstance(error, IMError) and error.code is not None else ""
    if _is_sentence(error, text):
        return list(_with_code(error, sentence(text), "bold"))
    prefix = next(_PREFIXES[kind] for kind in type(error).mro() if kind in _PREFIXES)
    return [bold(f"{prefix}: {text}{number}.")]


def _is_sentence(error: BotError, text: str) -> bool:
    """Check whether an error begins with a capital letter; others may begin with an id."""
    return isinstance(error, UsageError | PermissionDeniedError) and text[:1].isupper()


def _people_to_ask(error: BotError) -> list[RichTextElement]:
    """Name the people who may do what a person may not, without notifying them."""
    if not (isinstance(error, PermissionDeniedError) and error.lacks_role):
        return []
    holders = Grantees(people=error.people, groups=error.groups)
    if holders == Grantees():
        return [words("Nobody holds this role yet: ask the bot's operator. ")]
    return [words("Ask "), *list_grantees(holders), words(". ")]


def _with_code(error: BotError, text: str, style: str = "") -> Iterator[RichTextElement]:
    """Yield a text with the parts between back-ticks as code; those of a file are its own."""
    if isinstance(error, FileError):
        yield words(text, style)
        return
    for place, part in enumerate(text.split("`")):
        if part:
            yield code(part) if place % 2 else words(part, style)


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
