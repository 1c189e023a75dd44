"""Home tabs of the app, one for each person."""

from collections.abc import Callable

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.views import View, Views


class HomeTabs:
    """The published Home tabs.

    Args:
        views: Registry of views.
        show: Called with a newly published view.
    """

    def __init__(self, views: Views, show: Callable[[View], None]) -> None:
        self._views = views
        self._tabs: dict[str, View] = {}
        self._show = show

    def get(self, person_id: str) -> View | None:
        """Return a person's Home tab, if published."""
        return self._tabs.get(person_id)

    def publish(self, person: Person, content: Json, expected: object = None) -> View:
        """Publish a person's Home tab.

        Raises:
            SlackError: The hash is not the expected one, or another view has the external id.
        """
        view = self._tabs.get(person.id)
        if expected and (view is None or view.hash != expected):
            raise SlackError("hash_conflict")
        if view is None:
            view = self._tabs[person.id] = self._views.add(person, content)
            self._show(view)
        else:
            self._views.change(view, content)
        return view
