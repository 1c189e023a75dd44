"""The weather as the page can steer it: a few dials, each with its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.playground.errors import RefusedError
from bot.playground.faults.faults import RESPONSE_URL, UPLOAD_URL, WEB_API, Fault, Weather
from bot.playground.json_types import Json
from bot.playground.transport.socket_mode import SocketMode

_ANSWERS = {"fine": "Fine", "limited": "Too many requests (429)", "down": "Down (500)", "hanging": "Hanging"}
_FAULTS = {"limited": Fault.RATE_LIMITED, "down": Fault.BROKEN, "hanging": Fault.HANG}
_TIMES = {"once": "Once", "twice": "Twice"}
_SOCKET = {"connected": "Connected", "drop": "Drop now"}


@dataclass(slots=True)
class Dial:
    """Something that can be turned.

    Args:
        settings: What it can be set to, in words by name; it starts with the first.
        turn: Told the name of a setting.
        springs_back: It does its work at once and then stands where it stood.
    """

    name: str
    label: str
    settings: Mapping[str, str]
    turn: Callable[[str], None]
    springs_back: bool = False
    setting: str = ""

    def __post_init__(self) -> None:
        self.setting = next(iter(self.settings))

    def describe(self) -> Json:
        """Describe it to the page."""
        settings = [{"name": name, "label": label} for name, label in self.settings.items()]
        return {"name": self.name, "label": self.label, "setting": self.setting, "settings": settings}


class Dials:
    """The dials there are; whoever runs the workspace may add some."""

    def __init__(self, weather: Weather, sockets: SocketMode) -> None:
        self._dials: dict[str, Dial] = {}
        self.add(Dial("web_api", "Slack's Web API", _ANSWERS, _failing(weather, WEB_API, UPLOAD_URL)))
        self.add(Dial("response_url", "Response URLs", _ANSWERS, _failing(weather, RESPONSE_URL)))
        self.add(Dial("deliveries", "Deliveries", _TIMES, lambda name: _repeat(weather, name)))
        self.add(Dial("socket", "Socket", _SOCKET, lambda name: _drop(sockets, name), springs_back=True))

    def add(self, dial: Dial) -> None:
        """Add a dial."""
        self._dials[dial.name] = dial

    def turn(self, name: object, setting: object) -> None:
        """Turn a dial.

        Raises:
            RefusedError: There is no such dial or setting.
        """
        dial = self._dials.get(str(name))
        if dial is None or setting not in dial.settings:
            raise RefusedError("invalid_weather")
        dial.turn(str(setting))
        if not dial.springs_back:
            dial.setting = str(setting)

    def describe(self) -> list[Json]:
        """Describe them to the page."""
        return [dial.describe() for dial in self._dials.values()]


def _failing(weather: Weather, *names: str) -> Callable[[str], None]:
    def turn(setting: str) -> None:
        for name in names:
            weather.keep_failing(name, _FAULTS.get(setting))

    return turn


def _drop(sockets: SocketMode, setting: str) -> None:
    if setting == "drop":
        sockets.drop()


def _repeat(weather: Weather, setting: str) -> None:
    weather.twice = setting == "twice"
