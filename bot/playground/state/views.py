"""Views of modals and Home tabs."""

import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.blockkit.checker import check_view
from bot.playground.blockkit.rules import Surface
from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.messages import list_elements, with_ids

MOST_CHARACTERS = 250_000
"""Characters of a view's JSON at most."""


@dataclass(slots=True, eq=False)
class View:
    """A view of a modal or Home tab.

    Args:
        content: The bot's JSON, with generated ids.
        hash: Version of the content.
        channel: Id of the person's channel when it was opened.
        below: Views below it in its stack.
        errors: Validation errors by block id.
        problem: Error of the last interaction.
    """

    id: str
    person: Person
    content: Json
    hash: str
    channel: str | None = None
    below: tuple["View", ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def blocks(self) -> list[Json]:
        """The blocks."""
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def is_home(self) -> bool:
        """Whether it is a Home tab."""
        return bool(self.content["type"] == "home")


def read_view(value: Any, scopes: Collection[str], surface: Surface = "modal") -> Json:
    """Read and validate a view from an argument or an acknowledgement.

    Args:
        value: The view, or its JSON.
        scopes: The app's scopes.
        surface: Where it is shown.

    Raises:
        SlackError: The view is invalid.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _invalid(["must be JSON [json-pointer:/view]"]) from None
    if not isinstance(value, Mapping):
        raise _invalid(["must be an object [json-pointer:/view]"])
    if value.get("type") in {"modal", "home"} - {surface}:
        raise _invalid([f"must be {surface} [json-pointer:/view/type]"])
    problems = [problem for problem in check_view(value) if not problem.house]
    if problems:
        raise _invalid([f"{problem.message} [json-pointer:/view{problem.pointer}]" for problem in problems])
    if unread := [] if "files:read" in scopes else list(_find_file_inputs(value["blocks"])):
        raise _invalid([f"needs the scope files:read [json-pointer:{pointer}]" for pointer in unread])
    if len(json.dumps(value)) > MOST_CHARACTERS:
        raise SlackError("view_too_large")
    return {**value, "blocks": with_ids(value["blocks"])}


class Views:
    """Registry of all views.

    Args:
        show: Called with each changed view.

    Attributes:
        choose_late: `default_to_current_conversation` also works in a view that is updated.
    """

    def __init__(self, show: Callable[[View], None]) -> None:
        self.choose_late = True
        self._views: dict[str, View] = {}
        self._show = show

    def find(self, *, id_: object = None, external_id: object = None) -> View:
        """Find a view by id or external id.

        Raises:
            SlackError: There is no such view.
        """
        for view in self._views.values():
            if view.id == id_ or (external_id and view.content.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def add(
        self, person: Person, content: Json, *, channel: str | None = None, below: tuple[View, ...] = ()
    ) -> View:
        """Create a view.

        Raises:
            SlackError: Another view has the external id.
        """
        self._check_external_id(content)
        id_ = f"V07{secrets.token_hex(4).upper()}"
        view = View(id_, person, _at(content, channel), _make_hash(), channel, below)
        self._views[view.id] = view
        return view

    def change(self, view: View, content: Json) -> None:
        """Replace a view's content.

        Raises:
            SlackError: Another view has the external id.
        """
        self._check_external_id(content, view)
        channel = view.channel if self.choose_late else None
        view.content, view.hash = _at(content, channel), _make_hash()
        self.set_errors(view)

    def set_errors(self, view: View, *, errors: Mapping[str, str] | None = None, problem: str = "") -> None:
        """Set or clear the errors of a view."""
        view.errors, view.problem = dict(errors or {}), problem
        self._show(view)

    def remove(self, view: View) -> None:
        """Remove a view."""
        self._views.pop(view.id, None)

    def _check_external_id(self, content: Json, own: View | None = None) -> None:
        id_ = content.get("external_id")
        others = (view for view in self._views.values() if view is not own)
        if id_ and any(view.content.get("external_id") == id_ for view in others):
            raise SlackError("duplicate_external_id")


def _find_file_inputs(blocks: list[Json]) -> Iterator[str]:
    for place, block in enumerate(blocks):
        if block.get("element", {}).get("type") == "file_input":
            yield f"/view/blocks/{place}/element"


def _at(content: Json, channel: str | None) -> Json:
    """Apply `default_to_current_conversation`."""
    for _, element in list_elements(content["blocks"]):
        if element.get("default_to_current_conversation") and channel:
            element.setdefault("initial_conversation", channel)
    return content


def _make_hash() -> str:
    return f"{secrets.randbelow(10**9)}.{secrets.token_hex(4)}"


def _invalid(errors: list[str]) -> SlackError:
    return SlackError(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {error}" for error in errors]}
    )
