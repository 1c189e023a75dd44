"""Messages about files of ids: the question, how far a file lookup has come, and its CSV."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from slack_sdk.models.blocks import Block, RichTextElement

from bot.bulk.id_column import ColumnGuess
from bot.core.commands import LookupCommand
from bot.core.file_lookups import OVER, RESUMABLE, FileLookup, FileLookupState
from bot.core.lookups.job import Progress
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import (
    Button,
    Message,
    Truncator,
    app_label,
    bold,
    buttons,
    code,
    code_span,
    make_message,
    paragraph,
    sentence,
    words,
)
from bot.slack.messages.lookups.progress import bar_line, count_by_status
from bot.slack.messages.text import break_mentions, cut, escape_mentions, plural
from bot.slack.messages.values import show_time

_MAX_NAME = 100
_MAX_EXAMPLE = 40
_MAX_COMMENT_NAME = 200
_UNRECORDED = "The record lacks this lookup, or a part of it. Tell the bot's operator: the log says why."


def ask_about_file(
    name: str, guess: ColumnGuess, command: LookupCommand, key: str, *, ready: bool
) -> Message:
    """Make the question whether the ids of a file are to be looked up.

    Args:
        name: The file's name.
        guess: Its columns.
        command: The lookup, without accounts.
        key: The opaque id of its buttons.
        ready: Whether nothing is left to choose.
    """
    offered = [Button(_label(guess.count, command), "look_up_file", key, "primary")] if ready else []
    choose = Button("Choose…", "choose_file", key, None if ready else "primary")
    repeated = guess.rows - guess.count
    lines = [
        [
            code(cut(name, _MAX_NAME)),
            words(f": {plural(guess.count, 'id')}{_column(guess)}"),
            *_examples(guess),
        ],
        describe(command) if ready else [words("Choose what to look up.")],
        *([[words(f"{plural(repeated, 'repeated id')} will be looked up once.")]] if repeated else []),
    ]
    return make_message(lambda _: [paragraph(*lines), buttons(*offered, choose)])


def _label(count: int, command: LookupCommand) -> str:
    kind = command.kind
    if kind.domain is None:
        return f"Look up {kind.noun} of {plural(count, 'account')}"
    return f"Look up {plural(count, kind.noun.removesuffix('s'))}"


def _column(guess: ColumnGuess) -> str:
    """Name the column, unless there is but one without a name."""
    if guess.likely in guess.named:
        return f" in the column “{cut(make_visible(guess.likely.name), _MAX_EXAMPLE)}”"
    return f" in column {guess.likely.name}" if len(guess.numbered) > 1 else ""


def _examples(guess: ColumnGuess) -> list[RichTextElement]:
    if not guess.likely.examples:
        return [words(".")]
    shown = ([words(", "), code(cut(each, _MAX_EXAMPLE))] for each in guess.likely.examples)
    return [words(", such as "), *list(chain.from_iterable(shown))[1:], words(".")]


def describe(command: LookupCommand) -> list[RichTextElement]:
    """Describe the lookup of a file: what is read, whose list, in which app, and the chosen fields."""
    whose = [words("Friends: who of them is in the list of "), code(command.owner)] if command.owner else []
    what = whose or [words(command.kind.noun.capitalize())]
    named = ", ".join(field.word for field in command.fields) if command.named else ""
    return [*what, *app_label(command.app), words(f", with {make_visible(named)}." if named else ".")]


def reading() -> Message:
    """Make the notice of a file being read."""
    return make_message(lambda _: [paragraph([bold("Reading the file…"), words(" A question follows.")])])


def asked_directly(names: list[str]) -> Message:
    """Make the word, at a mention with files, that the questions about them are in the direct messages."""
    shown = chain.from_iterable((words(", "), code(cut(name, _MAX_NAME))) for name in names)
    return make_message(
        lambda _: [
            paragraph(
                [
                    words("About "),
                    *list(shown)[1:],
                    words(
                        " the bot has written to you in your direct messages: a list of ids is for you alone."
                    ),
                ]
            )
        ]
    )


def too_many_files(most: int) -> Message:
    """Make the word that a message had more files than are asked about."""
    said = [
        bold(f"Only the first {most} files are read."),
        words(" Send the others in a message of their own."),
    ]
    return make_message(lambda _: [paragraph(said)])


def started(lookup: FileLookup) -> Message:
    """Make the notice, in the form, that a file lookup has begun."""
    return make_message(
        lambda _: [
            paragraph(
                [
                    bold(f"Looking up {plural(lookup.total, 'id')} of "),
                    code(cut(lookup.file_name, _MAX_NAME)),
                ],
                [words("You can close this. A message in your direct messages shows how far it is.")],
            )
        ]
    )


def show_file_lookup(lookup: FileLookup, seconds_left: float | None = None, sent: str = "") -> Message:
    """Make the message that shows how far a file lookup has come.

    Args:
        lookup: The file lookup.
        seconds_left: The estimated seconds to the end; None if nobody knows.
        sent: The name of the CSV that was sent last; empty if it is not known.
    """
    return make_message(lambda trim: _show(lookup, seconds_left, sent, trim))


def _show(lookup: FileLookup, seconds_left: float | None, sent: str, trim: Truncator) -> Iterator[Block]:
    progress = Progress(lookup.total, lookup.counts, 0.0, seconds_left)
    yield paragraph(_headline(lookup, trim), describe(lookup.command))
    if lookup.state is not FileLookupState.DONE:
        yield paragraph(bar_line(progress))
    elif counted := " · ".join(count_by_status(lookup.counts)):
        yield paragraph([words(counted)])
    if lines := list(_SAYS[lookup.state](lookup, trim)):
        yield paragraph(*lines)
    if not lookup.is_recorded and lookup.state in OVER:
        yield paragraph([words(_UNRECORDED, "italic")])
    if sent:
        part = "" if lookup.state is FileLookupState.DONE else " of what was read"
        yield paragraph([words(f"The CSV{part} is a message of its own: "), code(sent)])
    if offered := list(_offer(lookup)):
        yield buttons(*offered)
    if lookup.state in RESUMABLE and lookup.expires_at:
        yield paragraph([words("You can go on until "), show_time(lookup.expires_at), words(".")])


def summarize(lookup: FileLookup, trim: Truncator) -> Block:
    """Show in two lines how far a file lookup has come."""
    return paragraph(_headline(lookup, trim), bar_line(Progress(lookup.total, lookup.counts, 0.0, None)))


def _headline(lookup: FileLookup, trim: Truncator) -> list[RichTextElement]:
    name, number = code(trim(cut(lookup.file_name, _MAX_NAME))), plural(lookup.total, "id")
    match lookup.state:
        case FileLookupState.WAITING if lookup.problem or lookup.retry_at:
            return [bold("Paused: "), words(f"{number} of "), name]
        case FileLookupState.WAITING:
            return [bold("Waiting: "), words(f"{number} of "), name]
        case FileLookupState.RUNNING:
            return [bold(f"Looking up {number} of "), name]
        case FileLookupState.SENDING:
            return [bold("Sending the CSV of "), name]
        case FileLookupState.DONE:
            return [bold(f"Looked up {number} of "), name]
        case FileLookupState.CANCELLED:
            return [bold(f"Cancelled after {lookup.done:,} of {number} of "), name]
        case FileLookupState.FAILED:
            return [bold(f"Stopped after {lookup.done:,} of {number} of "), name]


def _say_waiting(lookup: FileLookup, trim: Truncator) -> Iterator[list[RichTextElement]]:
    yield from _say_problem(lookup, trim)
    if lookup.retry_at:
        yield [words("Next try: "), show_time(lookup.retry_at), words(". You need do nothing.")]
    elif not lookup.problem:
        yield [words("It starts by itself. You need not wait here: the CSV comes as a message.")]


def _say_sending(lookup: FileLookup, trim: Truncator) -> Iterator[list[RichTextElement]]:
    if lookup.retry_at:
        # The problem of a part is why there is no more of it.
        yield from _say_problem(lookup, trim) if lookup.done == lookup.total else ()
        yield [words("Next try: "), show_time(lookup.retry_at), words(". You need do nothing.")]


def _say_running(_: FileLookup, __: Truncator) -> Iterator[list[RichTextElement]]:
    yield [words("You need not wait here: the CSV comes as a message.")]


def _say_problem(lookup: FileLookup, trim: Truncator) -> Iterator[list[RichTextElement]]:
    if lookup.problem:
        yield [words(f"Reason: {sentence(trim(make_visible(lookup.problem)))}")]


def _say_nothing(_: FileLookup, __: Truncator) -> Iterator[list[RichTextElement]]:
    yield from ()


_SAYS: Mapping[FileLookupState, Callable[[FileLookup, Truncator], Iterator[list[RichTextElement]]]] = {
    FileLookupState.WAITING: _say_waiting,
    FileLookupState.RUNNING: _say_running,
    FileLookupState.SENDING: _say_sending,
    FileLookupState.DONE: _say_nothing,
    FileLookupState.CANCELLED: _say_nothing,
    FileLookupState.FAILED: _say_problem,
}


def _offer(lookup: FileLookup) -> Iterator[Button]:
    if lookup.state in (FileLookupState.WAITING, FileLookupState.RUNNING):
        yield Button("Cancel", "cancel_file_lookup", lookup.id, "danger")
    if lookup.state in RESUMABLE:
        left = lookup.total - lookup.done
        yield Button(f"Resume with {left:,} left" if left else "Try again", "resume_file_lookup", lookup.id)
        if lookup.done:
            yield Button("Send what was read", "send_file_part", lookup.id)


def csv_comment(lookup: FileLookup) -> str:
    """Return the text above the CSV."""
    word, app = lookup.command.kind.word, lookup.command.app.name
    accounts = plural(lookup.total, "account")
    about = f"{lookup.done:,} of {accounts}" if lookup.done < lookup.total else accounts
    begin = escape_mentions(f"The CSV you asked for: {word} of {about} in {app}, by the ids of ")
    # Slack reads markup in it, and the name may hold any.
    return f"{begin}{break_mentions(code_span(cut(lookup.file_name, _MAX_COMMENT_NAME)))}."
