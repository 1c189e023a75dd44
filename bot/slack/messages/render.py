"""Rendering of results: one message for each kind."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from slack_sdk.models.blocks import Block

from bot.core.results import (
    Form,
    Help,
    History,
    Lookup,
    Overwritten,
    Preview,
    RecordPage,
    Result,
    RoleReport,
    Settled,
    Start,
    Unchanged,
)
from bot.slack.messages.blocks import NEWER, Message, Truncator, context, make_message, plain_context
from bot.slack.messages.change import show_form, show_preview, show_settled, show_unchanged
from bot.slack.messages.conflict import show_overwritten
from bot.slack.messages.help import show_help, show_role
from bot.slack.messages.history import show_entries
from bot.slack.messages.home import show_start
from bot.slack.messages.lookups.csv import show_sent
from bot.slack.messages.lookups.lookup import show_lookup
from bot.slack.messages.lookups.paging import PageControls
from bot.slack.messages.text import escape


def render(
    result: Result,
    *,
    command: str,
    actor_id: str,
    page: PageControls | None = None,
    shared: bool = False,
    note: str = "",
    repeat_ids: Sequence[str] = (),
    link: str = "",
    avoid: Collection[str] = NEWER,
) -> Message:
    """Render a command's result.

    Args:
        result: The result.
        command: The slash command's name, slash included.
        actor_id: The Slack id of the person who asked.
        page: The page of an answer, and its buttons; None is the first page without buttons.
        shared: Whether the whole channel sees it.
        note: A sentence to add to a lookup or a change, such as that it could not be recorded.
        repeat_ids: The opaque ids of the recent lookups in a start.
        link: The link to the audit channel's message about a settled change; empty while it is not known.
        avoid: The kinds of newer blocks to avoid.
    """
    options = _Options(
        command, _visibility(actor_id, shared=shared), page or PageControls(), note, repeat_ids, link, avoid
    )
    return make_message(lambda trim: _show(result, options, trim))


@dataclass(frozen=True, slots=True)
class _Options:
    """The arguments of a rendering."""

    command: str
    seen_by: str
    page: PageControls
    note: str
    repeat_ids: Sequence[str]
    link: str
    avoid: Collection[str]

    @property
    def notes(self) -> list[Block]:
        return [plain_context(self.note)] if self.note else []


def _show(  # noqa: C901 - one case for each kind of result
    result: Result, options: _Options, trim: Truncator
) -> Iterable[Block]:
    seen_by, page, command = options.seen_by, options.page, options.command
    match result:
        case Lookup():
            return show_lookup(
                result, page, seen_by=seen_by, note=options.note, trim=trim, avoid=options.avoid
            )
        case Preview():
            return [*show_preview(result, seen_by, trim), *options.notes]
        case Unchanged():
            return show_unchanged(result, seen_by, trim)
        case Overwritten():
            return show_overwritten(result, seen_by, trim)
        case Settled():
            return [*show_settled(result, seen_by, trim, options.link), *options.notes]
        case Form():
            return show_form(result, command, seen_by, trim)
        case History() | RecordPage():
            return show_entries(result, page, seen_by, trim)
        case Start():
            return show_start(result, options.repeat_ids, command, seen_by, trim)
        case RoleReport():
            return [*show_role(result, trim), context(seen_by)]
        case Help():
            return [*show_help(result, command, trim), context(seen_by)]
        case _:
            assert_never(result)


def _visibility(actor_id: str, *, shared: bool) -> str:
    return f"shared by <@{escape(actor_id)}>" if shared else ""


def render_sent(lookup: Lookup, name: str, *, actor_id: str, shared: bool = False, note: str = "") -> Message:
    """Render the counts of a lookup and the name of the CSV file sent to the actor.

    Args:
        lookup: The lookup.
        name: The file's name.
        actor_id: The Slack id of the person who asked.
        shared: Whether others see the message.
        note: A sentence to add.
    """
    seen_by = _visibility(actor_id, shared=shared)
    return make_message(lambda _: show_sent(lookup, name, seen_by=seen_by, note=note))
