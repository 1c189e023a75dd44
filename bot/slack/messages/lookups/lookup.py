"""Lookup messages: the headline, a page of results, and the footer."""

from collections.abc import Collection, Iterator, Sequence

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.commands import LookupCommand
from bot.core.ids import fits
from bot.core.lookups.csv_rows import all_fields
from bot.core.lookups.mutual import MUTUAL, UNKNOWN, YES
from bot.core.lookups.reasons import COUNTED
from bot.core.model import AccountResult, LookupStatus
from bot.core.results import Lookup
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import NEWER, Truncator, bold, code, context, paragraph, words
from bot.slack.messages.lookups.buttons import back, onward
from bot.slack.messages.lookups.lookup_errors import show_problems
from bot.slack.messages.lookups.paging import PROBLEMS_PER_PAGE, PageControls, pages, part, split
from bot.slack.messages.lookups.tables import (
    SIDE_BY_SIDE,
    is_card,
    show_card,
    show_found,
    shown_fields,
)
from bot.slack.messages.text import plural

_TO = "\N{EN DASH}"


def show_lookup(
    lookup: Lookup,
    page: PageControls,
    *,
    seen_by: str,
    note: str,
    trim: Truncator,
    avoid: Collection[str] = NEWER,
) -> Iterator[Block]:
    """Show one page of a lookup; the last one if the page no longer exists."""
    count = pages(lookup, page.size)
    number = min(page.number, count - 1)
    found, problems = part(lookup, number, page.size)
    problems = [*(row for row in found if row.status is not LookupStatus.FOUND), *problems]
    found = [row for row in found if row.status is LookupStatus.FOUND]
    if is_card(lookup, found):
        yield from show_card(lookup, found[0], headline_text(lookup), trim, avoid, drift_id=page.drift_id)
    else:
        yield paragraph(headline(lookup))
        # Above the results, so that Next stays in its place below them.
        yield from back(lookup, page, number)
        yield from show_found(lookup, found, trim, avoid)
    yield from show_problems(lookup.command, problems, trim)
    if note:
        yield paragraph([words(note, "italic")])
    yield from onward(lookup, page, number)
    left_out = _left_out(lookup, found) if found else ""
    rest = "" if count == 1 or page.next_id or page.previous_id else "to see every page, leave out --share"
    one_way = "one direction only" if lookup.command.kind.one_way and not lookup.command.both else ""
    yield context(one_way, *_place(lookup, number, count, page.size), rest, seen_by, left_out, trim.note())


def headline(lookup: Lookup) -> list[RichTextElement]:
    """Return the first line: the counts by status, the app and its region; in an outage the cause first."""
    asked, counts = len(lookup.answer.rows), lookup.answer.count()
    if lookup.answer.cancelled:
        read = asked - sum(map(lookup.is_unread, lookup.answer.rows))
        return [bold("Cancelled. "), words(f"{read:,} of {asked:,} read"), *_where(lookup.command)]
    found = counts.get(LookupStatus.FOUND, 0)
    mutual = sum(row.status is LookupStatus.FOUND and row.values.get(MUTUAL) == YES for row in lookup.rows)
    unknown = sum(row.values.get(MUTUAL) == UNKNOWN for row in lookup.rows)
    others = [f"{mutual:,} mutual"] if lookup.command.both and not lookup.earlier else []
    others += [f"{unknown:,} not known to list {lookup.command.owner}"] if others and unknown else []
    others += [f"{counts[status]:,} {counted}" for status, counted in COUNTED.items() if status in counts]
    kind = lookup.command.kind
    before, owner, after = kind.headline.partition("{owner}")
    cause = _cause(lookup.answer)
    first, style = ([bold(cause), words("  ·  ")], words) if cause else ([], bold)
    first.append(style(before.format(found=found, asked=asked, are="is" if found == 1 else "are")))
    if owner:
        first += [code(lookup.command.owner), *([style(after)] if after else [])]
    return [*first, *_where(lookup.command, *others)]


def _where(command: LookupCommand, *before: str) -> list[RichTextElement]:
    """Name the kind of an answer, the app and its region, after other parts of a line."""
    parts = "".join(f"  ·  {part}" for part in (*before, *filter(None, [command.kind.title]), ""))
    return [words(parts), code(command.app.name), words(f" {command.app.region}")]


def headline_text(lookup: Lookup) -> str:
    """Return the first line as plain text."""
    return "".join(str(element.to_dict()["text"]) for element in headline(lookup))


def _cause(lookup: Lookup) -> str:
    """Return why nothing is known of any account; empty if something is."""
    if not lookup.is_unanswered:
        return ""
    asked = [row for row in lookup.rows if fits(row.account)]
    failed = [row for row in asked if row.status is LookupStatus.FAILED]
    cause, *others = {str(row.problem) for row in failed or asked}
    return "No account could be read" if others else make_visible(cause[:1].upper() + cause[1:])


def _place(lookup: Lookup, number: int, count: int, size: int) -> Iterator[str]:
    if count == 1:
        return
    yield f"page {number + 1} of {count}"
    sizes = (size, PROBLEMS_PER_PAGE)
    parts = zip(split(lookup), part(lookup, number, size), sizes, ("found", "not found"), strict=True)
    for rows, here, most, what in parts:
        if here and len(here) < len(rows):
            first, last = number * most + 1, number * most + len(here)
            yield f"{first if first == last else f'{first}{_TO}{last}'} of {len(rows):,} {what}"
        elif rows and not here and number:
            yield f"{len(rows):,} {what} on earlier pages"


def _left_out(lookup: Lookup, found: Sequence[AccountResult]) -> str:
    more = len(all_fields(lookup.command, found)) - len(shown_fields(lookup, found))
    if not more:
        return ""
    what = plural(more, f"more {lookup.command.kind.column}")
    if len(lookup.answer.rows) <= SIDE_BY_SIDE:
        return f"no room for {what}"
    by_name = "" if lookup.command.wants_all else "use --fields, or "
    return f"{what}: {by_name}ask for at most {SIDE_BY_SIDE} ids"
