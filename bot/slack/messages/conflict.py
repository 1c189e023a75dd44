"""Conflicts: fields that changed after a preview, or after the change to undo."""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.policy import NOTHING_SENT
from bot.core.results import LaterChange, Overwritten
from bot.core.text.value_words import format_value
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    app_label,
    bold,
    buttons,
    code,
    context,
    paragraph,
    person,
    sentence,
    words,
)
from bot.slack.messages.text import and_more, end_mark, escape
from bot.slack.messages.values import field_label, format_ago

_MAX_SHOWN = 8


def later_lines(later: tuple[LaterChange, ...], trim: Truncator) -> Iterator[list[RichTextElement]]:
    """Yield a line for each field that changed: who set it, from what to what, and when."""
    for each in later[:_MAX_SHOWN]:
        before, now = trim.pair(format_value(each.field, each.before), format_value(each.field, each.now))
        values = [
            bold(field_label(each.field, trim)),
            words("  "),
            words(before, "code"),
            words(f"{end_mark(before)} → "),
            words(now, "code"),
        ]
        if each.origin:
            ago = format_ago(each.origin.ago)
            yield [person(each.origin.actor.user_id), words(" set "), *values, words(f" {ago}.")]
        else:
            yield [*values, words(" changed outside this bot." if each.is_outside else ".")]
    if more := and_more(len(later) - _MAX_SHOWN, "fields"):
        yield [words(more)]


def show_overwritten(overwritten: Overwritten, seen_by: str, trim: Truncator) -> Iterator[Block]:
    """Show why an undo is refused: what it would overwrite."""
    change, later = overwritten.change, overwritten.later
    names = ", ".join(field_label(each.field, trim) for each in later)
    it = "it" if len(later) == 1 else "them"
    yield paragraph(
        [bold(f"{trim(names)} changed since. Undo would overwrite {it}.")],
        *later_lines(later, trim),
        [
            words("To change "),
            code(change.account),
            *app_label(overwritten.app),
            words(f", set the fields you want instead. {sentence(NOTHING_SENT)}"),
        ],
    )
    yield buttons(Button("History", "change_history", change.id))
    yield context(f"change `{escape(change.undoes or change.id)}`", seen_by, trim.note())
