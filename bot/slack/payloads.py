"""What every payload of Slack's says alike."""

from collections.abc import Mapping
from typing import Any

from bot.core.model import Actor


def presser(body: Mapping[str, Any]) -> Actor:
    """Read who did something in Slack, other than typing a command."""
    user, team = body.get("user") or {}, body.get("team") or {}
    return Actor(text(user, "id"), text(user, "team_id") or text(team, "id"))


def text(payload: Mapping[str, Any], key: str) -> str:
    """Read a text; empty where there is none."""
    return str(payload.get(key) or "")
