"""Everything the bot shows, and its manifest, checked by Slack's own methods."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from slack_sdk.errors import SlackApiError

from bot.slack.api.client import SlackClient
from bot.slack.api.errors import read_code
from bot.slack.api.retry_after import MOST_WAIT, read_wait
from tests.field.run import SkippedError

ROOT = Path(__file__).parents[2]
GOLDEN = sorted(ROOT.glob("tests/slack/*/golden/*.json"))
MANIFEST = ROOT / "manifest.yml"

_TRIES = 3
_REFUSED = {"invalid_blocks", "invalid_message", "invalid_view", "invalid_manifest"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A part that Slack does not accept: the file, the place in it, and Slack's words."""

    file: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Validation:
    """The answers to one method.

    Args:
        method: The method.
        checked: The number of payloads that Slack has checked.
        mistakes: What is wrong in them.
        skipped: Why the others were not checked; empty if all were.
    """

    method: str
    checked: int
    mistakes: tuple[Mistake, ...] = ()
    skipped: str = ""


def validate_golden(slack: SlackClient) -> Validation:
    """Check all golden payloads (blocks.validate)."""
    payloads = ((path, json.loads(path.read_text(encoding="utf-8"))) for path in GOLDEN)
    return _validate(
        slack,
        "blocks.validate",
        ((path.name, {"view" if "type" in each else "message": json.dumps(each)}) for path, each in payloads),
    )


def validate_manifest(slack: SlackClient, token: str) -> Validation:
    """Check the manifest (apps.manifest.validate), with a configuration token."""
    method = "apps.manifest.validate"
    if not token:
        return Validation(method, 0, skipped="SLACK_CONFIG_TOKEN is not set")
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return _validate(
        slack, method, iter([(MANIFEST.name, {"token": token, "manifest": json.dumps(manifest)})])
    )


def _validate(
    slack: SlackClient, method: str, payloads: Iterator[tuple[str, Mapping[str, str]]]
) -> Validation:
    checked, mistakes, skipped = 0, list[Mistake](), ""
    try:
        for name, arguments in payloads:
            mistakes += [
                Mistake(name, str(error.get("pointer", "")), str(error.get("message", "")))
                for error in _list_errors(slack, method, arguments)
            ]
            checked += 1
    except SkippedError as error:
        skipped = str(error)
    return Validation(method, checked, tuple(mistakes), skipped)


def _list_errors(
    slack: SlackClient, method: str, arguments: Mapping[str, str], tries: int = _TRIES
) -> list[Mapping[str, Any]]:
    """List what Slack finds in a payload.

    Raises:
        SkippedError: Slack did not check it.
    """
    try:
        slack.api_call(method, params=dict(arguments))
    except SlackApiError as error:
        answer = error.response
        code, wait = read_code(answer.data), read_wait(answer.headers, MOST_WAIT)
        if wait is not None and tries > 1:
            time.sleep(wait)
            return _list_errors(slack, method, arguments, tries - 1)
        if code not in _REFUSED:
            raise SkippedError(code or f"HTTP {answer.status_code}") from None
        return list(answer.get("errors") or [{"message": code}])
    except Exception as error:  # noqa: BLE001 - slack_sdk lets errors of several libraries through
        raise SkippedError(type(error).__name__) from None
    return []
