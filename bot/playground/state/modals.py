"""Modals: views in front of people, in a stack for each person."""

from collections import defaultdict
from collections.abc import Callable

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.views import View, Views

MOST_VIEWS = 3
"""Views that one stack can hold."""


class Modals:
    """The views that are open.

    Args:
        views: Where they are kept.
        show: Told the id of a person and the view now before them; None when the last one has closed.
    """

    def __init__(self, views: Views, show: Callable[[str, View | None], None]) -> None:
        self._views = views
        self._stacks: defaultdict[str, list[View]] = defaultdict(list)
        self._show = show

    def get_top(self, person_id: str) -> View | None:
        """Look up the view that somebody has before them."""
        stack = self._stacks[person_id]
        return stack[-1] if stack else None

    def open(self, person: Person, content: Json, channel: str | None = None) -> View:
        """Put a view before somebody, in place of any they have.

        Raises:
            SlackError: Another view has its external id.
        """
        self.discard(person.id)
        return self._add(person, content, channel)

    def push(self, under: View | None, content: Json) -> View:
        """Put a view on top of the stack that another one is in.

        Raises:
            SlackError: The other one is closed, the stack is full, or another view has its external id.
        """
        if under is None or under not in (stack := self._stacks[under.person.id]):
            raise SlackError("not_found")
        if len(stack) >= MOST_VIEWS:
            raise SlackError("push_limit_reached")
        return self._add(under.person, content, under.channel)

    def close(self, view: View, *, clear: bool = False) -> list[View]:
        """Close a view, or the whole stack it is in; returns what has closed, the topmost first."""
        stack = self._stacks[view.person.id]
        closed = [one for one in reversed(stack) if clear or one is view]
        self._drop(stack, closed)
        self._show(view.person.id, self.get_top(view.person.id))
        return closed

    def discard(self, person_id: str) -> None:
        """Drop the views of somebody who is not there to see them."""
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
