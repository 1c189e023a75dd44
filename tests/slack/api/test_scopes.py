from pathlib import Path

import bot
from bot.playground.interactions.events import SCOPES as EVENT_SCOPES
from bot.playground.web_api.methods import METHODS as ANSWERED
from bot.slack.api.scopes import EVENTS, METHODS

SLACK = Path(bot.__file__).parent / "slack"
OTHER_TOKEN = {"apps.connections.open"}
"""Called with the app-level token, not the bot's."""


def test_names_exactly_the_methods_that_are_called() -> None:
    source = "".join(path.read_text("utf-8") for path in SLACK.rglob("*.py") if path.name != "scopes.py")
    # The bot calls a method by its name, or as a method of slack_sdk's client.
    called = {
        name for name in ANSWERED if f'"{name}"' in source or f"slack.{name.replace('.', '_')}(" in source
    }

    assert called - OTHER_TOKEN == set(METHODS)


def test_claims_for_each_method_what_the_local_slack_asks_for() -> None:
    short = {
        name
        for name, scopes in METHODS.items()
        if ANSWERED[name].scopes and not set(scopes) & set(ANSWERED[name].scopes)
    }

    assert short == set()


def test_claims_for_each_event_what_the_local_slack_asks_for() -> None:
    assert {name: EVENT_SCOPES[name] for name in EVENTS} == {name: "".join(EVENTS[name]) for name in EVENTS}
