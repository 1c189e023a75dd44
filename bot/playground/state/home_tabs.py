"""The bot's Home tab, which can look different for everyone."""

from collections.abc import Callable

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.views import View, Views


class HomeTabs:
    """The Home tabs that were published, one for a person.

    Args:
        views: Where their views are kept.
        show: Told of a view that was published.
    """

    def __init__(self, views: Views, show: Callable[[View], None]) -> None:
        self._views = views
        self._tabs: dict[str, View] = {}
        self._show = show

    def get(self, person_id: str) -> View | None:
        """Look up somebody's Home tab."""
        return self._tabs.get(person_id)

    def publish(self, person: Person, content: Json, expected: object = None) -> View:
        """Give somebody's Home tab its content, unless another hash than theirs is expected.

        Raises:
            SlackError: It has changed since, or another view has its external id.
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
