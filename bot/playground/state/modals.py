"""Modals: a stack of views for each person."""

from collections import defaultdict
from collections.abc import Callable

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.views import View, Views

MOST_VIEWS = 3
"""Views per stack at most."""


class Modals:
    """The open modals.

    Args:
        views: Registry of views.
        show: Called with a person's id and their top view, None when the last one closes.
    """

    def __init__(self, views: Views, show: Callable[[str, View | None], None]) -> None:
        self._views = views
        self._stacks: defaultdict[str, list[View]] = defaultdict(list)
        self._show = show

    def get_top(self, person_id: str) -> View | None:
        """Return a person's top view, if any."""
        stack = self._stacks[person_id]
        return stack[-1] if stack else None

    def open(self, person: Person, content: Json, channel: str | None = None) -> View:
        """Open a modal, replacing the person's current one.

        Raises:
            SlackError: Another view has the external id.
        """
        self.discard(person.id)
        return self._add(person, content, channel)

    def push(self, under: View | None, content: Json) -> View:
        """Push a view onto the stack of another view.

        Raises:
            SlackError: The other view is closed, the stack is full, or another view has the external id.
        """
        if under is None or under not in (stack := self._stacks[under.person.id]):
            raise SlackError("not_found")
        if len(stack) >= MOST_VIEWS:
            raise SlackError("push_limit_reached")
        return self._add(under.person, content, under.channel)

    def close(self, view: View, *, clear: bool = False) -> list[View]:
        """Close a view, or its whole stack, and return the closed views, topmost first."""
        stack = self._stacks[view.person.id]
        closed = [one for one in reversed(stack) if clear or one is view]
        self._drop(stack, closed)
        self._show(view.person.id, self.get_top(view.person.id))
        return closed

    def discard(self, person_id: str) -> None:
        """Discard a person's views without showing the change."""
        stack = self._stacks[person_id]
        self._drop(stack, list(stack))

    def _drop(self, stack: list[View], closed: list[View]) -> None:
        stack[:] = [view for view in stack if view not in closed]
        for view in closed:
            self._views.remove(view)

    def _add(self, person: Person, content: Json, channel: str | None) -> View:
        stack = self._stacks[person.id]
        view = self._views.add(person, content, channel=channel, below=tuple(stack))
        stack.append(view)
        self._show(person.id, view)
        return view
