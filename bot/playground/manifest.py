"""App manifest: name, commands, shortcuts, scopes and events of the installed app."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from bot.playground.slack_names import BOT_SCOPES, EVENTS


class ManifestError(Exception):
    """A manifest that cannot be installed.

    Args:
        mistakes: Each begins with its path in the manifest.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _check_command(command: str) -> str:
    if not command.startswith("/"):
        raise ValueError('must start with "/"')
    return command


def _check_name(known: Collection[str], noun: str, name: str) -> str:
    if name not in known:
        close = get_close_matches(name, known, 1)
        raise ValueError(
            f"is no {noun} of Slack's: {name}" + (f"; did you mean {close[0]}?" if close else "")
        )
    return name


_Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
_Event: TypeAlias = Annotated[str, AfterValidator(partial(_check_name, EVENTS, "event"))]
_Scope: TypeAlias = Annotated[str, AfterValidator(partial(_check_name, BOT_SCOPES, "bot scope"))]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Listed(_Part):
    """A part whose other keys are listed as not played."""

    model_config = ConfigDict(extra="allow")


class SlashCommand(_Part):
    """A slash command."""

    command: Annotated[str, StringConstraints(min_length=2, max_length=32), AfterValidator(_check_command)]
    description: _Text
    usage_hint: str = ""
    should_escape: bool = False


class Shortcut(_Part):
    """A shortcut: global, or on messages."""

    name: _Text
    type: Literal["global", "message"]
    callback_id: _Text
    description: _Text


class _DisplayInformation(_Part):
    name: Annotated[str, StringConstraints(min_length=1, max_length=35)]


class _BotUser(_Part):
    display_name: _Text


class _AppHome(_Part):
    home_tab_enabled: bool = False
    messages_tab_enabled: bool = True
    messages_tab_read_only_enabled: bool = False


class _Features(_Listed):
    bot_user: _BotUser | None = None
    app_home: _AppHome = _AppHome()
    slash_commands: tuple[SlashCommand, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()


class _Scopes(_Listed):
    bot: tuple[_Scope, ...] = ()


class _OAuthConfig(_Listed):
    scopes: _Scopes = _Scopes()


class _EventSubscriptions(_Listed):
    request_url: str = ""
    bot_events: tuple[_Event, ...] = ()


class _Interactivity(_Part):
    is_enabled: bool = False


class _Settings(_Listed):
    event_subscriptions: _EventSubscriptions = _EventSubscriptions()
    interactivity: _Interactivity = _Interactivity()
    org_deploy_enabled: object = None
    socket_mode_enabled: object = None


class Manifest(_Listed):
    """The parts of an app manifest that the workspace uses."""

    display_information: _DisplayInformation
    features: _Features = _Features()
    oauth_config: _OAuthConfig = _OAuthConfig()
    settings: _Settings = _Settings()

    @property
    def app_name(self) -> str:
        """The name that people see."""
        bot_user = self.features.bot_user
        return bot_user.display_name if bot_user else self.display_information.name

    @property
    def events(self) -> tuple[str, ...]:
        """The events subscribed to."""
        return self.settings.event_subscriptions.bot_events

    def list_unplayed(self) -> list[str]:
        """List the paths of what the manifest has and this local Slack has not."""
        commands = enumerate(self.features.slash_commands)
        escaped = [number for number, command in commands if command.should_escape]
        others = [path for path in _list_others(self, "") if not path.startswith(("_", "$"))]
        return [*others, *(f"features.slash_commands[{number}].should_escape" for number in escaped)]


def read_manifest(path: Path) -> Manifest:
    """Read an app manifest in YAML or JSON.

    Raises:
        ManifestError: It is not one; all mistakes are named.
        OSError: It cannot be read.
    """
    try:
        return Manifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ManifestError(
            [_describe(each["loc"], each["type"], each["msg"]) for each in error.errors()]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError([f"the file is not YAML: {error}"]) from None


_WORDS = {
    "missing": "is missing",
    "model_type": "must be an object",
    "tuple_type": "must be a list",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


def _describe(path: tuple[int | str, ...], kind: str, message: str) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    words = (
        message.removeprefix("Value error, ").replace("Input should", "must").replace("String should", "must")
    )
    return f"{place or 'the file'} {_WORDS.get(kind, words)}"


def _list_others(part: _Part, path: str) -> Iterator[str]:
    for key, value in (part.model_extra or {}).items():
        if value:
            yield path + key
    for name, value in part:
        if isinstance(value, _Part):
            yield from _list_others(value, f"{path}{name}.")
