"""The page of all sentences that people see: `python -m tests.support.sentences` writes it.

Messages and forms come from the golden files, errors from the code that raises them and the vendor's codes.
"""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from bot.im.codes import ACCOUNT_CODES, CODES, UNKNOWN

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/sentences.md"
GOLDEN = ("tests/slack/messages/golden", "tests/slack/modals/golden")
ROOMS = ("core", "im", "slack", "store")
"""The packages whose errors people read in Slack."""

HEAD = """# Sentences

What people can read in Slack, each line once, under the first surface that shows it. Square brackets hold
what can be pressed or chosen, braces what an error fills in, and an arrow leads to its advice.
`python -m tests.support.sentences` writes this page from the golden files and the code.
"""

SURFACES: Mapping[str, tuple[str, ...]] = {
    "One account": ("profile_one", "attributes_one", "friends_one", "view_account"),
    "Two to four accounts": ("profile_side", "attributes_", "friends_"),
    "Lists": ("profile_",),
    "On the way": (
        "working", "progress", "waiting", "busy", "withdrawn", "finished", "restarting",
        "sending", "changing", "view_changing", "view_loading", "view_busy",
    ),
    "Errors and refusals": ("error_", "crash", "view_crash", "view_refused"),
    "Preview": ("preview", "view_review"),
    "Outcome and undo": (
        "settled", "unchanged", "overwritten", "view_done", "view_failed", "view_un", "view_overwritten",
    ),
    "Forms": ("form", "view_form", "view_lookup"),
    "Sharing and files": ("sent",),
    "Files of ids": ("file_", "view_file"),
    "Audit channel": ("entr", "checkpoint"),
    "History and search": ("history", "record", "view_search"),
    "Help and role": ("help", "whoami"),
    "Home and first message": ("home", "start"),
}  # fmt: skip
"""Surfaces in the order of the page, and how the names of their golden files begin."""

_DATE = re.compile(r"<!date\^[^|]*\|([^>]*)>")
_WORD = re.compile(r"[^\W\d_]{2}")
_FILLED_IN = re.compile(r"\{.*?\}|→")
_PARTS = (
    "text", "label", "title", "submit", "close", "confirm", "deny", "hint", "placeholder", "description",
    "blocks", "elements", "element", "fields", "accessory", "options",
)  # fmt: skip


def make_page() -> str:
    """Make the page from the golden files and the errors as they are now."""
    sections, seen = defaultdict[str, list[str]](list), set[str]()
    for surface, path in sorted(_golden_files(), key=lambda found: list(SURFACES).index(found[0])):
        shown = json.loads(path.read_text(encoding="utf-8"))
        _add(sections[surface], seen, (line for line in _lines({**shown, "text": ""})))
    _add(sections["Errors raised by the bot"], seen, _raised())
    _add(sections["Errors of Tencent Chat"], seen, _codes())
    parts = [f"## {name}\n```text\n" + "\n".join(lines) + "\n```\n" for name, lines in sections.items()]
    return "\n".join([HEAD, *parts])


def _golden_files() -> Iterator[tuple[str, Path]]:
    for folder in GOLDEN:
        for path in sorted((ROOT / folder).glob("*.json")):
            begins = {
                begin: surface
                for surface, names in SURFACES.items()
                for begin in names
                if path.stem.startswith(begin)
            }
            assert begins, f"{path.name} belongs to no surface here"
            yield begins[max(begins, key=len)], path


def _add(lines: list[str], seen: set[str], found: Iterable[str]) -> None:
    """Add the lines that have a word and are not on the page yet."""
    for line in found:
        plain = _DATE.sub(r"\1", line).strip()
        if plain not in seen and _WORD.search(plain):
            seen.add(plain)
            lines.append(plain)


def _lines(node: Any) -> Iterator[str]:
    """Yield the lines of a message, view or block as they are read from top to bottom."""
    match node:
        case str():
            yield from node.splitlines()
        case list():
            yield from chain.from_iterable(map(_lines, node))
        case {"type": "table" | "data_table", "rows": [head, *_]}:
            yield " · ".join(cell["text"] for cell in head)
        case {"type": "rich_text_section", "elements": parts}:
            yield from "".join(_inline(part) for part in parts).splitlines()
        case {"type": "button", "text": {"text": text}} | {"text": {"text": str(text)}, "value": str()}:
            yield f"[{text}]"
            yield from _lines([node.get(key, []) for key in ("description", "confirm")])
        case {"type": "plain_text" | "mrkdwn", "text": str(text)}:
            yield from text.splitlines()
        case dict():
            yield from chain.from_iterable(_lines(node.get(key, [])) for key in _PARTS)
        case _:
            pass


def _inline(part: Mapping[str, Any]) -> str:
    if part["type"] in ("user", "usergroup", "channel"):
        return "@someone"
    if part["type"] == "date":
        return str(part["fallback"])
    text = str(part.get("text", part.get("url", "")))
    return f"`{text}`" if part.get("style", {}).get("code") else text


def _codes() -> Iterator[str]:
    for info in (*CODES.values(), *ACCOUNT_CODES.values(), UNKNOWN):
        yield info.words + (f" → {info.advice}" if info.advice else "")


def _raised() -> Iterator[str]:
    """Yield the words and the advice of each error that is made in the bot's code."""
    paths = [path for room in ROOMS for path in sorted((ROOT / "bot" / room).rglob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    everywhere = {name: value for tree in trees for name, value in _constants(tree)}
    for tree in trees:
        constants = everywhere | dict(_constants(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
                for parts in _said(node):
                    line = " → ".join(_fill_in(part, constants) for part in parts)
                    if " " in _FILLED_IN.sub("", line).strip():
                        yield line


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            yield target.id, node.value


def _said(call: ast.Call) -> Iterator[list[ast.expr]]:
    """Yield the words of an error with its advice, or each mistake of a form."""
    for each in call.args:
        if isinstance(each, ast.Dict):
            yield from ([value] for value in each.values)
    yield [*call.args[:1], *(each.value for each in call.keywords if each.arg == "advice")]


def _fill_in(node: ast.expr, constants: Mapping[str, ast.expr]) -> str:
    """Return the text of an expression, with braces around what is filled in."""
    match node:
        case ast.Constant(value):
            return str(value)
        case ast.JoinedStr(parts):
            return "".join(_fill_in(part, constants) for part in parts)
        case ast.FormattedValue(ast.Name(name)) if name not in constants:
            return f"{{{name}}}"
        case ast.FormattedValue(value):
            return _fill_in(value, constants)
        case ast.Name(name) if name in constants:
            return _fill_in(constants[name], constants)
        case ast.IfExp(_, body, orelse):
            return f"{_fill_in(body, constants)} / {_fill_in(orelse, constants)}"
        case _:
            return f"{{{ast.unparse(node)}}}"


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
