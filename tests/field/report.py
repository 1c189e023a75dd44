"""The report of a guided run, in Markdown: no token, no id, nothing about people."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from tests.field.payloads import Validation
from tests.field.run import Result


def format_report(
    day: date, workspace: str, results: Sequence[Result], validations: Iterable[Validation]
) -> str:
    """Format the report.

    Args:
        day: The day of the run.
        workspace: The workspace's name.
        results: The verdict on each fact.
        validations: What Slack says of the bot's payloads.
    """
    rows = [(each.fact, each.verdict, each.said, each.seen) for each in results]
    lines = [
        "# Facts about Slack, checked in a workspace",
        f"{day:%Y-%m-%d}, workspace {workspace}",
        "",
        *_format_table(("fact", "verdict", "Slack said", "the person saw"), rows),
    ]
    for validation in validations:
        lines += ["", f"## {validation.method}", *_format_validation(validation)]
    return "\n".join(lines) + "\n"


def _format_validation(validation: Validation) -> Iterator[str]:
    if validation.checked:
        yield f"{validation.checked} checked, {len(validation.mistakes)} mistakes"
    if validation.skipped:
        yield f"skipped: {validation.skipped}"
    if validation.mistakes:
        yield ""
        rows = [(each.file, each.pointer, each.message) for each in validation.mistakes]
        yield from _format_table(("file", "pointer", "Slack said"), rows)


def _format_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _format_row(heads)
    yield "|" + "---|" * len(heads)
    yield from map(_format_row, rows)


def _format_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |"
