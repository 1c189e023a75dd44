"""Validation of messages and views by Slack's rules, and by stricter rules of this project."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.playground.blockkit.blocks import BLOCKS, UNPLAYED
from bot.playground.blockkit.objects import OPTION
from bot.playground.blockkit.payloads import MESSAGE, SUGGESTIONS, VIEW
from bot.playground.blockkit.rules import (
    FORMS,
    Flag,
    Kinds,
    Listing,
    Number,
    Object,
    Rule,
    Surface,
    Text,
)

_JSON = {
    Text: (str, "a string"),
    Number: (int | float, "a number"),
    Flag: (bool, "true or false"),
    Listing: (list | tuple, "an array"),
    Object: (Mapping, "an object"),
    Kinds: (Mapping, "an object"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a payload.

    Args:
        pointer: JSON pointer to the value.
        house: A rule of this project; Slack accepts the value.
        code: Slack's error code, if it has a specific one.
    """

    pointer: str
    message: str
    house: bool = False
    code: str = ""


def check_message(payload: Mapping[str, Any]) -> list[Problem]:
    """List the problems of a message.

    Args:
        payload: Arguments of a chat method, or body of a response URL or acknowledgement.
    """
    problems = list(_check(MESSAGE, payload, "", "message"))
    said = str(payload.get("text") or "").strip()
    if not (said or payload.get("blocks") or payload.get("attachments") or payload.get("delete_original")):
        problems.append(Problem("", "must have text, blocks or attachments"))
    problems += _find_unplayed(payload)
    if payload.get("blocks") and not said:
        problems.append(Problem("/text", "must say in words what the blocks show", house=True))
    return problems


def check_view(view: Mapping[str, Any]) -> list[Problem]:
    """List the problems of a modal or Home tab."""
    surface: Surface = "home" if view.get("type") == "home" else "modal"
    problems = [*_check(VIEW, view, "", surface), *_find_unplayed(view)]
    asks = "input" in map(_type_of, _list_in(view, "blocks"))
    if asks and surface == "modal" and "submit" not in view:
        problems.append(Problem("/submit", "is required beside input blocks"))
    return problems


def check_blocks(blocks: Any, surface: Surface) -> list[Problem]:
    """List the problems of blocks."""
    return list(_check(BLOCKS[surface], blocks, "/blocks", surface))


def check_suggestions(answer: Any) -> list[Problem]:
    """List the problems of an external select's options."""
    return list(_check(SUGGESTIONS, answer, "", "message"))


def check_option(option: Any) -> list[Problem]:
    """List the problems of a menu's option."""
    return list(_check(OPTION, option, "", "message"))


def _find_unplayed(payload: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each block and element that Slack has, but the page has not."""
    for place, block in enumerate(_list_in(payload, "blocks")):
        elements = {f"/elements/{number}": each for number, each in enumerate(_list_in(block, "elements"))}
        inside = {f"/{key}": block.get(key) for key in ("accessory", "element")} if _type_of(block) else {}
        for pointer, part in {"": block, **inside, **elements}.items():
            if (kind := _type_of(part)) in UNPLAYED:
                yield Problem(f"/blocks/{place}{pointer}/type", f"{kind} is not played by this local Slack")


def _check(rule: Rule, value: Any, pointer: str, surface: Surface) -> Iterator[Problem]:
    kind, name = _JSON[type(rule)]
    fits = isinstance(value, kind) and isinstance(value, bool) == isinstance(rule, Flag)
    if not fits:
        yield Problem(pointer, f"must be {name}")
        return
    match rule:
        case Text():
            yield from _check_text(rule, value, pointer)
        case Number():
            yield from _check_number(rule, value, pointer)
        case Listing():
            yield from _check_listing(rule, value, pointer, surface)
        case Object():
            yield from _check_object(rule, value, pointer, surface)
        case Kinds():
            yield from _check_kind(rule, value, pointer, surface)
        case _:
            pass  # a flag has no limits


def _check_text(rule: Text, value: str, pointer: str) -> Iterator[Problem]:
    if rule.choices and value not in rule.choices:
        yield Problem(pointer, f"must be {_either(rule.choices)}")
    elif rule.form and not FORMS[rule.form].fullmatch(value):
        yield Problem(pointer, f"must look like {rule.form}")
    elif not _within(rule, len(value)):
        yield Problem(pointer, f"must be {_range(rule)} characters, is {len(value)}", rule.house)


def _check_number(rule: Number, value: float, pointer: str) -> Iterator[Problem]:
    if rule.whole and not isinstance(value, int):
        yield Problem(pointer, "must be an integer")
    elif not _within(rule, value):
        yield Problem(pointer, f"must be {_range(rule)}, is {value}")


def _check_listing(rule: Listing, items: Sequence[Any], pointer: str, surface: Surface) -> Iterator[Problem]:
    if not _within(rule, len(items)):
        yield Problem(pointer, f"must have {_range(rule)} items, has {len(items)}")
    for place, item in enumerate(items):
        if not (rule.gaps and item is None):
            own = rule.first if place == 0 and rule.first else rule.item
            yield from _check(own, item, f"{pointer}/{place}", surface)
    if rule.unique:
        yield from _check_unique(rule.unique, items, pointer)
    if rule.even and len({len(item) for item in items if isinstance(item, list | tuple)}) > 1:
        yield Problem(pointer, "must have items of one length")
    counts = Counter(map(_type_of, items))
    for kind, most in rule.of_type.items():
        if counts[kind] > most:
            # A second table is refused with the code of attachments.
            code = "invalid_attachments" if kind == "table" else ""
            message = f"must have at most {most} of type {kind}, has {counts[kind]}"
            yield Problem(pointer, message, code=code)
    yield from _check_sums(rule.text_sums, items, pointer)


def _check_unique(key: str, items: Sequence[Any], pointer: str) -> Iterator[Problem]:
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        name = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(name, str) and places.setdefault(name, place) != place:
            yield Problem(f"{pointer}/{place}/{key}", f"repeats the {key} of {pointer}/{places[name]}")


def _check_sums(limits: Mapping[str, int], items: Sequence[Any], pointer: str) -> Iterator[Problem]:
    for limited, most in limits.items():
        total = sum(
            _count_text(item)
            for item in items
            if limited == (_type_of(item) if _type_of(item) in limits else "")
        )
        if total > most:
            kind = limited or "other"
            message = f"must hold at most {most} characters in {kind} blocks, holds {total}"
            yield Problem(pointer, message, code="" if limited else "msg_blocks_too_long")


def _check_kind(rule: Kinds, value: Mapping[str, Any], pointer: str, surface: Surface) -> Iterator[Problem]:
    kind = _type_of(value)
    if "type" not in value:
        yield Problem(f"{pointer}/type", "is required")
    elif kind not in rule.of:
        yield Problem(f"{pointer}/type", f"must be {_either(tuple(rule.of))}, is {kind!r}")
    else:
        if surface not in rule.of[kind].surfaces:
            yield Problem(f"{pointer}/type", f"must not be {kind} on the surface {surface}")
        rest = {key: part for key, part in value.items() if key != "type"}
        yield from _check_object(rule.of[kind], rest, pointer, surface)


def _check_object(
    rule: Object, value: Mapping[str, Any], pointer: str, surface: Surface
) -> Iterator[Problem]:
    rules = {**rule.required, **rule.optional}
    for key, part in value.items():
        if key in rules:
            yield from _check(rules[key], part, f"{pointer}/{key}", surface)
        else:
            token = key.replace("~", "~0").replace("/", "~1")
            yield Problem(f"{pointer}/{token}", "is not a known key", house=rule.lenient)
    for key in rule.required:
        if key not in value:
            yield Problem(f"{pointer}/{key}", "is required")
    for key, wanted in rule.ours:
        if value.get(key) is not wanted:
            yield Problem(f"{pointer}/{key}", f"must be {str(wanted).lower()}", house=True)
    yield from _check_keys_together(rule, value, pointer)


def _check_keys_together(rule: Object, value: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if rule.some_of and not any(key in value for key in rule.some_of):
        yield Problem(pointer, f"must have {_either(rule.some_of)}")
    if rule.one_of and sum(key in value for key in rule.one_of) != 1:
        yield Problem(pointer, f"must have either {_either(rule.one_of)}")
    amounts = [_to_number(value.get(key)) for key in rule.ascending]
    if any(low > high for low, high in pairwise(amounts) if low is not None and high is not None):
        yield Problem(f"{pointer}/{rule.ascending[1]}", f"must not be less than {rule.ascending[0]}")
    if rule.picks and rule.picks in value and not _offers(value, value[rule.picks]):
        yield Problem(f"{pointer}/{rule.picks}", "must be among the options")


def _offers(value: Mapping[str, Any], picked: Any) -> bool:
    groups = [value, *_list_in(value, "option_groups")]
    offered = [option for group in groups for option in _list_in(group, "options")]
    return all(option in offered for option in (picked if isinstance(picked, list | tuple) else [picked]))


def _list_in(value: Any, key: str) -> Sequence[Any]:
    items = value.get(key) if isinstance(value, Mapping) else None
    return items if isinstance(items, list | tuple) else ()


def _type_of(value: Any) -> str:
    kind = value.get("type") if isinstance(value, Mapping) else None
    return kind if isinstance(kind, str) else ""


def _count_text(value: Any) -> int:
    total, rest = 0, [value]
    while rest:
        match rest.pop():
            case {"text": str(text)}:
                total += len(text)
            case {**parts}:
                rest.extend(parts.values())
            case [*parts]:
                rest.extend(parts)
            case _:
                pass
    return total


def _to_number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _within(rule: Text | Number | Listing, size: float) -> bool:
    return (rule.least is None or size >= rule.least) and (rule.most is None or size <= rule.most)


def _range(rule: Text | Number | Listing) -> str:
    return f"at least {rule.least}" if rule.most is None else f"{rule.least} to {rule.most}"


def _either(names: Sequence[str]) -> str:
    *some, last = names
    return f"{', '.join(some)} or {last}" if some else last
