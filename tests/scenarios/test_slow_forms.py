"""Forms while Slack is slow to say who asks: a trigger id lives for three seconds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bot.playground.faults.faults import SlackFault
from bot.playground.people import EDITORS_GROUP_ID, GROUP_EDITOR
from bot.settings import RoleSettings
from tests.support.running_bot import RunningBot, SlackUser, run_bot
from tests.support.slack import wait_until

ROLES = RoleSettings(viewers=EDITORS_GROUP_ID, editors=EDITORS_GROUP_ID)
CHECK = ("auth.test", "users.info", "usergroups.users.list")
"""The calls of a role check."""
SLOW_SECONDS = 1.4
"""Seconds of each call: shorter than the bot waits for one, and together longer than a trigger id lives."""


def use_message_shortcut(grace: SlackUser) -> None:
    grace.page.send("see alice")
    grace.page.use_shortcut("lookup_message", ts=grace.answer()["ts"])


OPEN: dict[str, tuple[Callable[[SlackUser], object], str, str]] = {
    "the lookup shortcut": (
        lambda grace: grace.page.use_shortcut("lookup"),
        "Look up accounts",
        "What to look up",
    ),
    "a message's shortcut": (use_message_shortcut, "Look up accounts", "What to look up"),
    "the profile shortcut": (
        lambda grace: grace.page.use_shortcut("set_profile"),
        "Change a profile",
        "One account id",
    ),
    "a command": (lambda grace: grace.page.send("/im set alice"), "Change a profile", "Reason"),
}
"""Each way to a form, with the form's title and some of its text."""


@contextmanager
def slow_slack(**seconds: float) -> Iterator[tuple[RunningBot, SlackUser]]:
    with run_bot("socket", roles=ROLES) as running_bot, running_bot.act_as(GROUP_EDITOR) as grace:
        for method in CHECK:
            running_bot.workspace.faults.delay(method, SLOW_SECONDS)
        for method, each in seconds.items():
            running_bot.workspace.faults.delay(method.replace("_", "."), each)
        yield running_bot, grace


def test_opens_a_form_though_the_role_check_outlives_the_trigger() -> None:
    # With a bot for each way, so that all are slow at once.
    with ExitStack() as bots:
        asking = {way: bots.enter_context(slow_slack())[1] for way in OPEN}
        for way, grace in asking.items():
            OPEN[way][0](grace)
        opened = {way: (grace.view(), grace.view()) for way, grace in asking.items()}

    for way, (loading, form) in opened.items():
        _, title, says = OPEN[way]
        assert "Loading…" in str(loading["blocks"])
        assert says in str(form["blocks"])
        assert (loading["title"], form["title"]) == (title, title)
        assert loading["id"] == form["id"]


def test_says_in_the_view_that_slack_does_not_know_who_asks() -> None:
    with slow_slack(users_info=4.0) as (_, grace):
        grace.page.use_shortcut("set_profile")

        view = grace.view("Slack could not confirm who you are", "Try again in a minute")

    assert (view["title"], view["submit"], view["close"]) == ("Change a profile", None, "Close")


def test_opens_nothing_once_the_loading_view_was_closed() -> None:
    with slow_slack() as (running_bot, grace):
        grace.page.send("/im set alice")
        grace.close(grace.view("Loading…"))
        wait_until(lambda: "portrait_get" in running_bot.sandbox.call_log())

        for method in CHECK:
            running_bot.workspace.faults.delay(method, 0.0)
        # The next thing that comes is the answer to the next command.
        assert "You are an editor" in grace.ask("/im whoami")["text"]


@pytest.mark.parametrize("method", ["views.open", "views.update"])
def test_answers_in_the_channel_when_slack_shows_no_form(method: str) -> None:
    with run_bot("socket", roles=ROLES) as running_bot, running_bot.act_as(GROUP_EDITOR) as grace:
        running_bot.workspace.faults.fail(method, SlackFault.BROKEN)
        grace.page.use_shortcut("lookup")

        assert "Slack did not open the form" in grace.answer()["text"]
