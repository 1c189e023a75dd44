from collections.abc import Iterator

import pytest

from tests.support.running_bot import RunningBot, run_bot


@pytest.fixture(scope="module", params=["added", "replaced"])
def bot_with_either_slack(request: pytest.FixtureRequest) -> Iterator[RunningBot]:
    """A bot in a Slack that adds answers to those of a command, and in one that replaces them."""
    with run_bot("http") as running_bot:
        running_bot.workspace.fault_controls.apply("command_answers", request.param)
        yield running_bot
