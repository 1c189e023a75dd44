"""Loading of the settings, once at start, from the environment and from a `.env` file."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, TypeVar

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from bot.core.parsing.usage_errors import nearest
from bot.settings import NOBODY, AppSettings, RoleSettings, Settings

Mode = Literal["serve", "socket", "lookup"]
"""The sub-command: one of the bot's two connections to Slack, or a lookup without Slack."""
S = TypeVar("S", bound=BaseSettings)

_REQUIRED: Mapping[Mode, tuple[str, ...]] = {
    "serve": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    "socket": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    "lookup": (),
}
# ROLE alone belongs to a platform; ROLE_… is a typo of ROLES__….
_OWN_PREFIXES = re.compile("IM_|ROLES$|ROLES?_")
_SHARED_PREFIXES = re.compile("SLACK_|AUDIT_")
_REASONS = {
    "missing": "is not set",
    "too_short": "is not set",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
}


class SettingsError(Exception):
    """The settings are not valid; one line for each mistake, none with a secret in it."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load_settings(mode: Mode | None = None) -> Settings:
    """Read the settings from the environment and `.env`; a mode requires the variables that it needs.

    Raises:
        SettingsError: Variables are missing, unknown or wrong; lists every mistake.
    """
    variables = _read_variables()
    mistakes = [*_unknown_names(variables), *_missing(variables, mode), *_wrong_default(variables)]
    settings = None
    try:
        settings = Settings()
    except ValidationError as error:
        mistakes += filter(None, map(_describe_error, error.errors()))
    if settings is None or mistakes:
        raise SettingsError(list(dict.fromkeys(mistakes)))
    return settings


def load_only(kind: type[S]) -> S:
    """Read a few settings alone, whatever else is set or wrong.

    Raises:
        SettingsError: One of them is not valid.
    """
    _read_variables()
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(list(filter(None, map(_describe_error, error.errors())))) from None


def _read_variables() -> dict[str, str]:
    """Read all variables by name in upper case; the environment overrides `.env`."""
    try:
        file = dotenv_values(".env")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "it is not UTF-8 text")
        raise SettingsError([f".env cannot be read: {reason}"]) from None
    return {name.upper(): (value or "").strip() for name, value in (file | os.environ).items()}


def _missing(variables: Mapping[str, str], mode: Mode | None) -> Iterator[str]:
    for name in _REQUIRED[mode] if mode else ():
        if not variables.get(name):
            yield f"{name} is not set; im-bot {mode} needs it"
    # An empty variable counts as not set, and this one's default lets everyone in.
    if variables.get("ROLES__VIEWERS") == "":
        yield f"ROLES__VIEWERS {NOBODY}"


def _app_names(variables: Iterable[str]) -> list[str]:
    parts = [name.split("__") for name in sorted(variables)]
    return list(
        dict.fromkeys(part[1] for part in parts if part[0] == "IM_APPS" and len(part) > 1 and part[1])
    )


def _wrong_default(variables: Mapping[str, str]) -> Iterator[str]:
    default, apps = variables.get("IM_DEFAULT_APP"), _app_names(variables)
    if default and apps and default.upper() not in apps:
        yield f"IM_DEFAULT_APP must be one of {', '.join(apps).lower()}"


def _unknown_names(variables: Iterable[str]) -> Iterator[str]:
    apps = [(f"IM_APPS__{app}", AppSettings) for app in _app_names(variables) or ["<NAME>"]]
    places: list[tuple[str, type[BaseModel]]] = [*apps, ("ROLES", RoleSettings)]
    known = [f"{place}__{field.upper()}" for place, model in places for field in model.model_fields]
    known.append("IM_DEFAULT_APP")
    plain = [name for field in Settings.model_fields if _SHARED_PREFIXES.match(name := field.upper())]
    for name in sorted(variables):
        if _OWN_PREFIXES.match(name) and name not in known:
            yield f"{name} is not a setting{_suggest(name, known)}"
        # Other programs use these prefixes too: only near misses are reported.
        elif name not in plain and (near := get_close_matches(name, plain, n=1, cutoff=0.9)):
            yield f"{name} is not a setting; did you mean {near[0]}?"


def _suggest(name: str, known: Iterable[str]) -> str:
    inside = [each for each in known if each.startswith(f"{name.rstrip('_')}__")]
    if inside:
        return f"; each value has its own variable, as in {inside[0]}"
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else ""


def _describe_error(part: ErrorDetails) -> str | None:
    name, kind = "__".join(map(str, part["loc"])).upper(), part["type"]
    if kind == "extra_forbidden" or kind.endswith("_type"):
        return None  # a variable too deep or not deep enough: reported as an unknown name
    if name == "IM_APPS":
        return "no Tencent Chat app is set up; set IM_APPS__<NAME>__SDK_APP_ID, …__SECRET_KEY and …__REGION"
    reason = part["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{name} {_REASONS.get(kind, reason)}"
