"""From a result or an error to the message that people see; pure functions."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.commands import LookupCommand
from bot.core.lookups.job import Progress
from bot.core.model import AlteredEntry, App, Entry, Head
from bot.core.results import (
    Form,
    Help,
    History,
    Home,
    Lookup,
    Preview,
    Result,
    RoleReport,
    Settled,
    Start,
    Unchanged,
)
from bot.errors import (
    BotError,
    ExpiredError,
    IMError,
    NotSharedError,
    PermissionDeniedError,
    RecordUnknownError,
    UsageError,
)
from bot.slack.messages.audit import show_checkpoint, show_entries, show_history, stamps
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    aside,
    bold,
    buttons,
    code,
    fit,
    paragraph,
    sentence,
    small_print,
    words,
)
from bot.slack.messages.change import show_form, show_preview, show_settled, show_unchanged
from bot.slack.messages.csv import show_sent
from bot.slack.messages.fallback import MAX_TEXT, fallback
from bot.slack.messages.help import show_help, show_role
from bot.slack.messages.home import show_home, show_start
from bot.slack.messages.lookup import show_lookup
from bot.slack.messages.paging import PageControls, pages
from bot.slack.messages.progress import show_progress, show_working
from bot.slack.messages.text import cut, escape, literal

__all__ = [
    "Message",
    "PageControls",
    "busy",
    "changing",
    "pages",
    "progressing",
    "render",
    "render_checkpoint",
    "render_crash",
    "render_entries",
    "render_error",
    "render_home",
    "render_sent",
    "restarting",
    "sending",
    "shared",
    "waiting",
    "withdrawn",
    "working",
]

_ONLY_YOU = "only you can see this"
_HAPPENED: dict[type[BotError], str] = {
    UsageError: "Not understood",
    PermissionDeniedError: "Refused",
    ExpiredError: "Not possible",
    NotSharedError: "Not shared",
    RecordUnknownError: "Not known",
    BotError: "Failed",
}
"""What an error's words follow: they may begin with an id, so they get no capital letter."""


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is sent: blocks, and the text that stands for them where blocks are not shown."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def render(
    result: Result,
    *,
    command: str,
    actor_id: str,
    page: PageControls | None = None,
    shared: bool = False,
    note: str = "",
    again: Sequence[str] = (),
) -> Message:
    """Show what a command came to.

    Args:
        result: What it came to.
        command: The slash command's name, slash included.
        actor_id: Who asked.
        page: Which page of an answer, and its buttons; None is the first without buttons.
        shared: Whether the whole channel sees it.
        note: A sentence of our own to add to a lookup or a change, such as that it could not be recorded.
        again: The opaque ids of the lookups that a start offers.
    """
    seen_by = _seen_by(actor_id, shared=shared)
    match result:
        case Lookup():
            return _message(
                lambda trim: show_lookup(
                    result, page or PageControls(), command=command, seen_by=seen_by, note=note, trim=trim
                )
            )
        case Preview():
            return _message(lambda trim: [*show_preview(result, seen_by, trim), *_noted(note)])
        case Unchanged():
            return _message(lambda trim: show_unchanged(result, seen_by, trim))
        case Settled():
            return _message(lambda trim: [*show_settled(result, seen_by, trim), *_noted(note)])
        case Form():
            return _message(lambda trim: show_form(result, command, seen_by, trim))
        case History():
            return _message(lambda trim: show_history(result, page or PageControls(), seen_by, trim))
        case Start():
            return _message(lambda trim: show_start(result, again, command, seen_by, trim))
        case RoleReport():
            return _message(lambda trim: [*show_role(result, trim), small_print(seen_by)])
        case Help():
            return _message(lambda trim: [*show_help(result, command, trim), small_print(seen_by)])
        case _:
            assert_never(result)


def _seen_by(actor_id: str, *, shared: bool) -> str:
    return f"shared by <@{escape(actor_id)}>" if shared else _ONLY_YOU


def _noted(note: str) -> list[Block]:
    return [aside(note)] if note else []


def render_home(
    home: Home, leads: Mapping[int, Sequence[Button]], told: str, *, command: str
) -> dict[str, Any]:
    """Make the view of a Home tab.

    Args:
        home: What its person has here.
        leads: What leads on from what they did, by the entry's sequence number.
        told: How far the audit channel has been told, in words.
        command: The slash command's name, slash included.
    """
    return {"type": "home", "blocks": fit(lambda trim: show_home(home, leads, told, command, trim))}


def render_entries(
    entries: Sequence[Entry | AlteredEntry], apps: Mapping[str, App], masked: Mapping[str, Collection[str]]
) -> Message:
    """Tell the audit channel of entries, each with its number and head, blocks or not.

    Args:
        entries: Which, in order.
        apps: The apps by name.
        masked: By app, the tags of fields whose values the channel is not shown.
    """
    blocks = fit(lambda trim: show_entries(entries, apps, masked, trim))
    return Message(cut(f"{stamps(entries)}\n{fallback(blocks)}", MAX_TEXT), blocks)


def render_checkpoint(head: Head, at: datetime) -> Message:
    """Tell the audit channel how many entries the record holds, and the head that covers them.

    Args:
        head: The newest entry's number and hash.
        at: When the record was found so (UTC).
    """
    return _message(lambda _: show_checkpoint(head, at))


def render_sent(lookup: Lookup, name: str, *, actor_id: str, shared: bool = False, note: str = "") -> Message:
    """Say what a lookup found and which file in the actor's direct messages tells it.

    Args:
        lookup: What was looked up.
        name: What the file is called.
        actor_id: Who asked.
        shared: Whether others see the message.
        note: A sentence of our own to add.
    """
    seen_by = _seen_by(actor_id, shared=shared)
    return _message(lambda _: show_sent(lookup, name, seen_by=seen_by, note=note))


def render_error(error: BotError, *, command: str, reference: str | None = None) -> Message:
    """Show what went wrong, what to do about it, and how the command is typed.

    Args:
        error: What went wrong.
        command: The slash command's name, slash included.
        reference: What finds the log's lines about it.
    """
    return _message(lambda trim: [paragraph(*_error_lines(error, command, reference, trim))])


def _error_lines(
    error: BotError, command: str, reference: str | None, trim: Truncator
) -> Iterator[list[RichTextElement]]:
    happened = next(_HAPPENED[kind] for kind in type(error).mro() if kind in _HAPPENED)
    parts = error.parts if isinstance(error, UsageError) else ()
    number = f" ({error.code})" if isinstance(error, IMError) and error.code is not None else ""
    yield [bold(f"{happened}: {f'{len(parts)} mistakes' if parts else trim(literal(str(error)))}{number}.")]
    for part in parts:
        advice = f" {sentence(trim(literal(part.advice)))}" if part.advice else ""
        yield [words(f"• {trim(literal(str(part)))}."), *([words(advice, "italic")] if advice else [])]
    if error.advice:
        yield [words(sentence(trim(literal(error.advice))))]
    if isinstance(error, UsageError) and error.usage:
        yield [code(f"{command} {error.usage}")]
    if reference:
        yield [words("Reference "), code(reference)]


def render_crash(reference: str, command: str) -> Message:
    """Own up to an unexpected error, with the reference that finds it in the log."""
    return _message(
        lambda _: [
            paragraph(
                [bold("Something broke inside the bot, not in what you typed.")],
                [
                    words("Whoever runs the bot finds it in the log by the reference "),
                    code(reference),
                    words("."),
                ],
                [words("Try again, or something else: "), code(f"{command} help")],
            )
        ]
    )


def working(command: LookupCommand) -> Message:
    """Say that a lookup is under way; the answer replaces this."""
    return _message(lambda _: [show_working(command)])


def progressing(command: LookupCommand, progress: Progress, cancel_id: str) -> Message:
    """Say how far a lookup has come; the answer replaces this.

    Args:
        command: What is asked.
        progress: How far it has come.
        cancel_id: The opaque id by which it can be cancelled.
    """
    return _message(lambda _: show_progress(command, progress, cancel_id))


def shared() -> Message:
    """Say that the answer comes elsewhere, for more than the one person who sees this."""
    return _message(lambda _: [paragraph([words("The answer follows, where everybody here can see it.")])])


def following() -> Message:
    """Say that the answer comes as a message of its own; this stays, and stays true."""
    return _message(lambda _: [paragraph([words("The answer follows as a new message.")])])


def sending() -> Message:
    """Say that a file is on its way; what comes of it replaces this."""
    return _message(
        lambda _: [paragraph([bold("Sending the CSV…"), words(" It goes to your direct messages.")])]
    )


def changing() -> Message:
    """Say that a change is being prepared or made; the answer replaces this."""
    return _message(
        lambda _: [
            paragraph([bold("Talking to Tencent Chat…"), words(" What comes of it takes this place.")])
        ]
    )


def busy() -> Message:
    """Say that too much is being asked at once."""
    return _message(
        lambda _: [
            paragraph(
                [bold("Busy: more is being asked at the moment than the bot can take on.")],
                [words("Nothing was sent. Try again in a few seconds.")],
            )
        ]
    )


def waiting(cancel_id: str) -> Message:
    """Say that a request waits for its turn.

    Args:
        cancel_id: The opaque id by which it can be taken back.
    """
    return _message(
        lambda _: [
            paragraph(
                [bold("Waiting for its turn."), words(" More is being asked than the bot can do at once.")],
                [words("It is answered as soon as its turn comes; until then Cancel takes it back.")],
            ),
            buttons(Button("Cancel", "cancel_lookup", cancel_id, "danger")),
        ]
    )


def withdrawn() -> Message:
    """Say that a request was cancelled while it waited."""
    return _message(lambda _: [paragraph([bold("Cancelled before it began."), words(" Nothing was sent.")])])


def restarting() -> Message:
    """Say that a request is not done because the bot stops."""
    return _message(
        lambda _: [
            paragraph(
                [bold("The bot is restarting."), words(" Nothing was sent. Try again in a minute.")],
            )
        ]
    )


def _message(build: Callable[[Truncator], Iterable[Block]]) -> Message:
    blocks = fit(build)
    return Message(fallback(blocks), blocks)
