"""Modals: the views a bot puts in front of people, in a stack for each person."""

import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.blockkit import check_view
from bot.playground.messages import Json, with_ids
from bot.playground.people import Person
from bot.playground.refusals import RefusedError

MOST_VIEWS = 3
"""Views that one stack can hold."""
MOST_CHARACTERS = 250_000
"""Characters of JSON in one view."""


@dataclass(slots=True, eq=False)
class View:
    """A view that somebody has before them, or below the one they have.

    Args:
        content: What the bot gave, with the ids it left out.
        hash: Changes with the content.
        below: The views under it in its stack.
        errors: What is wrong with what was filled in, by block id.
        problem: Why nothing came of the last attempt to do something in it.
    """

    id: str
    person: Person
    content: Json
    hash: str
    below: tuple["View", ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def blocks(self) -> list[Json]:
        """Its blocks."""
        blocks: list[Json] = self.content["blocks"]
        return blocks


def read_view(value: Any) -> Json:
    """Take a modal's view from an argument or an acknowledgement.

    Raises:
        RefusedError: Slack would not accept it.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _invalid(["must be JSON [json-pointer:/view]"]) from None
    if not isinstance(value, Mapping):
        raise _invalid(["must be an object [json-pointer:/view]"])
    if value.get("type") == "home":
        raise _invalid(["must be modal [json-pointer:/view/type]"])
    problems = [problem for problem in check_view(value) if not problem.house]
    if problems:
        raise _invalid([f"{problem.message} [json-pointer:/view{problem.pointer}]" for problem in problems])
    if len(json.dumps(value)) > MOST_CHARACTERS:
        raise RefusedError("view_too_large")
    return {**value, "blocks": with_ids(value["blocks"])}


class Modals:
    """The views that are open.

    Args:
        show: Told the id of a person and the view now before them; None when the last one has closed.
    """

    def __init__(self, show: Callable[[str, View | None], None]) -> None:
        self._stacks: defaultdict[str, list[View]] = defaultdict(list)
        self._show = show

    def get_top(self, person_id: str) -> View | None:
        """Look up the view that somebody has before them."""
        stack = self._stacks[person_id]
        return stack[-1] if stack else None

    def find(self, *, id_: object = None, external_id: object = None) -> View:
        """Look up an open view by the id it was given, or else by the bot's own id for it.

        Raises:
            RefusedError: No such view is open.
        """
        for view in self._list():
            if view.id == id_ or (external_id and view.content.get("external_id") == external_id):
                return view
        raise RefusedError("not_found")

    def open(self, person: Person, content: Json) -> View:
        """Put a view before somebody, in place of any they have.

        Raises:
            RefusedError: Another view has its external id.
        """
        self._stacks[person.id].clear()
        return self._add(person, content)

    def push(self, under: View | None, content: Json) -> View:
        """Put a view on top of the stack that another one is in.

        Raises:
            RefusedError: The other one is closed, the stack is full, or another view has its external id.
        """
        if under is None or under not in (stack := self._stacks[under.person.id]):
            raise RefusedError("not_found")
        if len(stack) >= MOST_VIEWS:
            raise RefusedError("push_limit_reached")
        return self._add(under.person, content)

    def change(self, view: View, content: Json) -> None:
        """Give a view other content.

        Raises:
            RefusedError: Another view has its external id.
        """
        self._check_external_id(content, view)
        view.content, view.hash = content, _make_hash()
        self.complain(view)

    def complain(self, view: View, *, errors: Mapping[str, str] | None = None, problem: str = "") -> None:
        """Say in a view what is wrong in it, or that nothing is any more."""
        view.errors, view.problem = dict(errors or {}), problem
        self._show(view.person.id, self.get_top(view.person.id))

    def close(self, view: View, *, clear: bool = False) -> list[View]:
        """Close a view, or the whole stack it is in; returns what has closed, the topmost first."""
        stack = self._stacks[view.person.id]
        closed = [one for one in reversed(stack) if clear or one is view]
        stack[:] = [one for one in stack if one not in closed]
        self._show(view.person.id, self.get_top(view.person.id))
        return closed

    def forget(self, person_id: str) -> None:
        """Drop the views of somebody who is not there to see them."""
        self._stacks[person_id].clear()

    def _add(self, person: Person, content: Json) -> View:
        self._check_external_id(content)
        stack = self._stacks[person.id]
        view = View(f"V07{secrets.token_hex(4).upper()}", person, content, _make_hash(), tuple(stack))
        stack.append(view)
        self._show(person.id, view)
        return view

    def _check_external_id(self, content: Json, own: View | None = None) -> None:
        id_ = content.get("external_id")
        if id_ and any(view.content.get("external_id") == id_ for view in self._list() if view is not own):
            raise RefusedError("duplicate_external_id")

    def _list(self) -> Iterator[View]:
        return (view for stack in self._stacks.values() for view in stack)


def _make_hash() -> str:
    return f"{secrets.randbelow(10**9)}.{secrets.token_hex(4)}"


def _invalid(errors: list[str]) -> RefusedError:
    return RefusedError(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {error}" for error in errors]}
    )
