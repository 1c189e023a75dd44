"""App manifest: commands, shortcuts, scopes and events of the installed app."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A slash command."""

    command: str
    usage_hint: str
    description: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut: global, or on messages."""

    name: str
    callback_id: str
    type: Literal["global", "message"]
    description: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of an app manifest that the workspace uses."""

    commands: tuple[SlashCommand, ...]
    shortcuts: tuple[Shortcut, ...]
    scopes: frozenset[str]
    events: frozenset[str]
    home_enabled: bool


def read_manifest(path: Path) -> Manifest:
    """Read an app manifest in YAML."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    features, settings = content.get("features", {}), content.get("settings", {})
    return Manifest(
        commands=tuple(
            SlashCommand(entry["command"], entry.get("usage_hint", ""), entry["description"])
            for entry in features.get("slash_commands", ())
        ),
        shortcuts=tuple(
            Shortcut(entry["name"], entry["callback_id"], entry["type"], entry["description"])
            for entry in features.get("shortcuts", ())
        ),
        scopes=frozenset(content["oauth_config"]["scopes"]["bot"]),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
        home_enabled=features.get("app_home", {}).get("home_tab_enabled", False),
    )
