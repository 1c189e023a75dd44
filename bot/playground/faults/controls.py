"""Fault controls of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.playground.errors import SlackError
from bot.playground.faults.faults import (
    FILE_URL,
    RESPONSE_URL,
    UPLOAD_URL,
    WEB_API,
    FaultInjector,
    FilesInMentions,
    Redirect,
    SlackFault,
)
from bot.playground.json_types import Json
from bot.playground.state.views import Views
from bot.playground.transport.socket_mode import SocketMode

_ANSWERS = {"fine": "Fine", "limited": "Too many requests (429)", "down": "Down (500)", "hanging": "Hanging"}
_FAULTS = {"limited": SlackFault.RATE_LIMITED, "down": SlackFault.BROKEN, "hanging": SlackFault.HANG}
_DOWNLOADS = {
    **_ANSWERS,
    "dripping": "Dripping",
    "cut": "Cut off",
    "with_token": "Redirected, token needed",
    "signed": "Redirected, no token needed",
}
_DOWNLOAD_FAULTS = {**_FAULTS, "dripping": SlackFault.DRIP, "cut": SlackFault.CUT}
_FILES_IN_MENTIONS = {"listed": "Listed", "left_out": "Left out", "no_event": "No event"}
_ANSWERS_TO_COMMANDS = {"added": "Added", "replaced": "Replaced"}
_BLOCKS = {"taken": "Taken", "refused": "Refused (invalid_blocks)"}
_CHOICES = {"chosen": "Chosen", "empty": "Empty"}
_TIMES = {"once": "Once", "twice": "Twice"}
_SOCKET = {"connected": "Connected", "drop": "Drop now"}


@dataclass(slots=True)
class FaultControl:
    """A control with a few settings.

    Args:
        settings: Labels by name; the first is the default.
        apply: Called with the name of the new setting.
        momentary: It acts once and keeps its old setting.
    """

    name: str
    label: str
    settings: Mapping[str, str]
    apply: Callable[[str], None]
    momentary: bool = False
    setting: str = ""

    def __post_init__(self) -> None:
        self.setting = next(iter(self.settings))

    def serialize(self) -> Json:
        """Serialize the control for the page."""
        settings = [{"name": name, "label": label} for name, label in self.settings.items()]
        return {"name": self.name, "label": self.label, "setting": self.setting, "settings": settings}


class FaultControls:
    """The fault controls; more can be added."""

    def __init__(self, faults: FaultInjector, sockets: SocketMode, views: Views) -> None:
        self._controls: dict[str, FaultControl] = {}
        self.add(FaultControl("web_api", "Slack's Web API", _ANSWERS, _failing(faults, WEB_API, UPLOAD_URL)))
        self.add(FaultControl("response_url", "Response URLs", _ANSWERS, _failing(faults, RESPONSE_URL)))
        self.add(
            FaultControl(
                "command_answers",
                "Further answers to a command",
                _ANSWERS_TO_COMMANDS,
                lambda name: _replace(faults, name),
            )
        )
        self.add(
            FaultControl(
                "updated_views",
                "Conversation in an updated form",
                _CHOICES,
                lambda name: _choose_late(views, name),
            )
        )
        self.add(
            FaultControl(
                "data_tables", "Data tables", _BLOCKS, lambda name: _refuse(faults, "data_table", name)
            )
        )
        self.add(FaultControl("downloads", "Downloads", _DOWNLOADS, lambda name: _download(faults, name)))
        self.add(
            FaultControl(
                "files_in_mentions",
                "Files in mentions",
                _FILES_IN_MENTIONS,
                lambda name: _list_files(faults, name),
            )
        )
        self.add(FaultControl("deliveries", "Deliveries", _TIMES, lambda name: _repeat(faults, name)))
        self.add(FaultControl("socket", "Socket", _SOCKET, lambda name: _drop(sockets, name), momentary=True))

    def add(self, control: FaultControl) -> None:
        """Add a control."""
        self._controls[control.name] = control

    def apply(self, name: object, setting: object) -> None:
        """Apply a setting.

        Raises:
            SlackError: There is no such control or setting.
        """
        control = self._controls.get(str(name))
        if control is None or setting not in control.settings:
            raise SlackError("invalid_weather")
        control.apply(str(setting))
        if not control.momentary:
            control.setting = str(setting)

    def serialize(self) -> list[Json]:
        """Serialize the controls for the page."""
        return [control.serialize() for control in self._controls.values()]


def _failing(faults: FaultInjector, *names: str) -> Callable[[str], None]:
    def apply(setting: str) -> None:
        for name in names:
            faults.set_lasting_fault(name, _FAULTS.get(setting))

    return apply


def _download(faults: FaultInjector, setting: str) -> None:
    faults.set_lasting_fault(FILE_URL, _DOWNLOAD_FAULTS.get(setting))
    faults.redirect = Redirect(setting) if setting in set(Redirect) else None


def _list_files(faults: FaultInjector, setting: str) -> None:
    faults.files_in_mentions = FilesInMentions(setting)


def _drop(sockets: SocketMode, setting: str) -> None:
    if setting == "drop":
        sockets.drop()


def _replace(faults: FaultInjector, setting: str) -> None:
    faults.replace_answers = setting == "replaced"


def _refuse(faults: FaultInjector, block: str, setting: str) -> None:
    faults.refused_blocks = frozenset({block}) if setting == "refused" else frozenset()


def _choose_late(views: Views, setting: str) -> None:
    views.choose_late = setting == "chosen"


def _repeat(faults: FaultInjector, setting: str) -> None:
    faults.deliver_twice = setting == "twice"
