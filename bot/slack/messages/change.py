"""Change messages: preview, outcome, and the differences between before and after."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.changes.expiry import CONFIRM_WITHIN, expires_at
from bot.core.changes.warnings import find_warnings
from bot.core.fields import CUSTOM_PROFILE, NICK, Domain, Field, offered
from bot.core.model import App, Change, Entry, Outcome, Value, Values
from bot.core.results import Form, Preview, Settled, Unchanged
from bot.core.text.value_words import format_value
from bot.core.text.visible_text import make_visible
from bot.errors import BotError, IMError
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    app_label,
    bold,
    buttons,
    code,
    context,
    paragraph,
    plain_context,
    sentence,
    table,
    words,
)
from bot.slack.messages.conflict import later_lines
from bot.slack.messages.text import cut, escape, plural
from bot.slack.messages.values import field_label

_HASH_DIGITS = 32
"""Digits shown of an entry's hash; too many to forge a record that matches."""

_CLEARED = "cleared"
"""The new value of a cleared text."""
_MASKED = "•••"
"""The placeholder for a masked value."""

_CHANGED = "⚠️ "
"""The mark of a field that changed after the earlier preview."""
_MAX_CONTEXT = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """A field's label, and its formatted values before and after."""

    label: str
    before: str
    after: str


def differences(
    custom: Sequence[Field], before: Values, after: Values, trim: Truncator, masked: Collection[str] = ()
) -> list[Difference]:
    """List the differences of the changed fields, in reading order.

    Args:
        custom: The app's own fields.
        before: The values before, by tag.
        after: The values after, by tag; fields without one are left out.
        trim: The truncator.
        masked: The tags of fields with hidden values.
    """
    return [
        Difference(
            field_label(field, trim),
            *(
                (_MASKED, _MASKED)
                if field.tag in masked
                else trim.pair(
                    format_value(field, before.get(field.tag)), _format_after(field, after[field.tag])
                )
            ),
        )
        for field in order_fields(after, custom)
    ]


def show_differences(found: Iterable[Difference], before: str, after: str) -> Block:
    """Show differences as a table with the given headings."""
    return table([("Field", before, after), *((each.label, each.before, each.after) for each in found)])


def order_fields(tags: Collection[str], custom: Sequence[Field]) -> Iterator[Field]:
    """Yield the fields of the tags in reading order; unknown ones come last, labelled by tag."""
    known = {field.tag: field for field in offered(Domain.PROFILE, custom)}
    yield from (field for tag, field in known.items() if tag in tags)
    yield from (Field(tag, tag.removeprefix(CUSTOM_PROFILE), tag) for tag in tags if tag not in known)


def show_preview(preview: Preview, seen_by: str, trim: Truncator) -> Iterator[Block]:
    """Show a change to confirm or cancel."""
    app, change = preview.app, preview.change
    if preview.problem:
        yield paragraph(*_problem_lines(preview.problem, trim))
    if preview.later:
        moved = bold("This profile changed meanwhile. Check the new values.")
        yield paragraph([moved], *later_lines(preview.later, trim))
    yield paragraph([*_question(preview, trim), *app_label(app), words("?")])
    found = differences(app.custom, change.before, change.after, trim)
    yield show_differences(_mark(found, preview), "Now", "After")
    yield from show_reason(change.reason, trim)
    for caution in find_warnings(app, change):
        yield paragraph([bold("Note  "), words(trim(make_visible(caution)))])
    yield buttons(
        Button(confirm_label(preview), "confirm_change", change.id, "primary"),
        Button("Cancel", "cancel_change", change.id),
    )
    if change.kept:
        yield plain_context(cut(f"No change needed: {_list_values(app, change.kept, trim)}", _MAX_CONTEXT))
    yield context("nothing is changed yet", _expiry(change), _change_id(change), seen_by, trim.note())


def _mark(found: Iterable[Difference], preview: Preview) -> Iterator[Difference]:
    """Mark the fields that changed after the earlier preview."""
    later = {each.field.tag for each in preview.later}
    for field, each in zip(order_fields(preview.change.after, preview.app.custom), found, strict=True):
        yield replace(each, label=f"{_CHANGED}{each.label}") if field.tag in later else each


def confirm_label(preview: Preview) -> str:
    """Return the label of the Confirm button."""
    return "Try again" if preview.problem else f"Confirm {plural(len(preview.change.after), 'change')}"


def show_unchanged(unchanged: Unchanged, seen_by: str, trim: Truncator) -> Iterator[Block]:
    """Show that a profile has the wanted values already."""
    there = [code(unchanged.account), *app_label(unchanged.app)]
    yield paragraph(
        [bold("No change needed: "), *there, words(" already has these values. Nothing was sent.")]
    )
    yield from _show_values(unchanged.app, unchanged.values, trim)
    yield context(seen_by, trim.note())


def show_form(form: Form, command: str, seen_by: str, trim: Truncator) -> Iterator[Block]:
    """Show a form's values as a message, for places that cannot open a modal."""
    yield paragraph([bold("Current values of "), code(form.account), *app_label(form.app)])
    yield from _show_values(form.app, form.values, trim)
    yield paragraph([words("To change them, see "), code(f"{command} help set")])
    yield context(seen_by, trim.note())


def show_settled(settled: Settled, seen_by: str, trim: Truncator, link: str = "") -> Iterator[Block]:
    """Show the outcome of a change, the next steps, and the link to the audit channel's message."""
    app, change = settled.app, settled.change
    done = change.outcome is Outcome.SUCCEEDED
    yield paragraph(*_outcome_lines(settled, trim))
    if change.outcome is not Outcome.CANCELLED:
        found = differences(app.custom, change.before, change.after, trim)
        yield show_differences(found, "Before", "After" if done else "Requested")
    if done or settled.saved:
        yield buttons(
            Button("Undo…", "undo_change", change.id), Button("History", "change_history", change.id)
        )
    entry = f"entry {entry_label(settled.entry)}"
    audited = f"<{escape(link)}|Audit message>" if link else ""
    yield context(_change_id(change), entry, audited, seen_by, trim.note())


def done_text(settled: Settled) -> str:
    """Return a sentence that says what a change did, in plain text."""
    app, change = settled.app, settled.change
    where = " ".join(filter(None, (make_visible(change.account), "in", app.name, app.region)))
    done = f"Done. {plural(len(change.after), 'field')} of {where} saved and verified."
    return f"{done} Undid change {make_visible(change.undoes)}." if change.undoes else done


def show_reason(reason: str, trim: Truncator) -> Iterator[Block]:
    """Show the reason of a change, if it has one."""
    if reason:
        yield paragraph([bold("Reason  "), words(trim(make_visible(reason)))])


def entry_label(entry: Entry) -> str:
    """Return an entry's number and the start of its hash."""
    return f"#{entry.sequence} · {entry.hash[:_HASH_DIGITS]}"


def _format_after(field: Field, value: Value) -> str:
    return _CLEARED if value == "" else format_value(field, value)


def _question(preview: Preview, trim: Truncator) -> list[RichTextElement]:
    change = preview.change
    if change.undoes:
        of = [words(" of "), *_nick(preview, trim), code(change.account)]
        return [words("Undo change "), code(change.undoes), *of]
    return [words("Change "), *_nick(preview, trim), code(change.account)]


def _problem_lines(problem: BotError, trim: Truncator) -> Iterator[list[RichTextElement]]:
    code = problem.code if isinstance(problem, IMError) else None
    number = "" if code is None else f" ({code})"
    yield [bold(f"Not saved: {trim(make_visible(str(problem)))}{number}.")]
    advice = sentence(trim(make_visible(problem.advice)))
    yield [
        words(" ".join(filter(None, (advice if problem.advice else "", "This change still waits for you."))))
    ]


def _nick(preview: Preview, trim: Truncator) -> list[RichTextElement]:
    change = preview.change
    nick = preview.nick or {**change.kept, **change.before}.get(NICK.tag, "")
    return [bold(trim(format_value(NICK, nick))), words("  ")] if nick else []


def _outcome_lines(settled: Settled, trim: Truncator) -> list[list[RichTextElement]]:
    change = settled.change
    there = [code(change.account), *app_label(settled.app)]
    fields = [words(f"{plural(len(change.after), 'field')} of "), *there]
    match change.outcome:
        case Outcome.SUCCEEDED:
            undone = [words("Undid change "), code(change.undoes), words(".")]
            done = [bold("Done. "), *fields, words(" saved and verified.")]
            refused = [words(f"Tencent Chat answered: {_problem_text(settled, trim)}")]
            return [done, *([undone] if change.undoes else []), *([refused] if settled.problem else [])]
        case Outcome.CANCELLED:
            return [[bold("Cancelled. "), *there, words(" is unchanged. Nothing was sent.")]]
        case Outcome.FAILED:
            failed = [*there, words(_say_saved(settled.saved, trim))]
            advice = _advice(settled, "Run the command again for a new preview")
            return [[bold(f"Failed: {_problem_text(settled, trim)}")], failed, [words(trim(advice))]]
        case _:
            patience = (
                "No action needed. The bot keeps checking and will message you. "
                "Don't repeat the change until then."
            )
            unknown = [
                bold("We can't tell yet whether this was saved: "),
                *fields,
                words("."),
            ]
            return [unknown, [words(_problem_text(settled, trim))], [words(patience)]]


def _say_saved(saved: Sequence[Field] | None, trim: Truncator) -> str:
    """Say which new values a profile has after a change failed."""
    if saved is None:
        return " could not be read since: it may have some of the new values."
    if not saved:
        return " does not have the new values."
    names = ", ".join(field_label(field, trim) for field in saved)
    return f" has the new values of {names} alone. Undo restores the old ones."


def _problem_text(settled: Settled, trim: Truncator) -> str:
    """Return the problem of a change, with the vendor's code."""
    problem = settled.problem
    if problem is None:
        return "no reason was given."
    number = "" if problem.code is None else f" ({problem.code})"
    return f"{trim(make_visible(str(problem)))}{number}."


def _advice(settled: Settled, otherwise: str) -> str:
    return sentence(make_visible((settled.problem and settled.problem.advice) or otherwise))


def _show_values(app: App, values: Values, trim: Truncator) -> Iterator[Block]:
    if values:
        yield table([("Field", "Now"), *_format_values(app, values, trim)])


def _list_values(app: App, values: Values, trim: Truncator) -> str:
    return ", ".join(f"{name} ({value})" for name, value in _format_values(app, values, trim))


def _format_values(app: App, values: Values, trim: Truncator) -> Sequence[tuple[str, str]]:
    fields = order_fields(values, app.custom)
    return [(field_label(field, trim), trim(format_value(field, values[field.tag]))) for field in fields]


def _expiry(change: Change) -> str:
    at = expires_at(change)
    minutes = round(CONFIRM_WITHIN.total_seconds() / 60)
    # Slack shows the time in each reader's time zone, or the text after the bar if it cannot.
    return f"valid until <!date^{int(at.timestamp())}^{{time}}|{at:%H:%M} UTC> ({minutes} minutes)"


def _change_id(change: Change) -> str:
    return f"change `{escape(change.id)}`"
