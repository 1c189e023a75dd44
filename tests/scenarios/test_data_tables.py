"""Answers about many accounts, where Slack takes data tables and where it refuses them."""

import re
from typing import Any

from tests.scenarios.test_lookup_buttons import ask, ids_in, labels, press
from tests.support.running_bot import RunningBot, SlackUser

CROWD = [f"user_{number:03}" for number in range(1, 208) if number not in (17, 29, 117, 129)]


def test_loses_no_id_where_slack_refuses_data_tables(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        _refuse_in_between(running_bot, vera)


def _refuse_in_between(running_bot: RunningBot, vera: SlackUser) -> None:
    before = ask(vera, f"/im profile {' '.join(CROWD)}")
    running_bot.workspace.fault_controls.apply("data_tables", "refused")
    first = press(vera, before, "Next 100")
    pages = [first]
    while following := [label for label in labels(pages[-1]) if label.startswith("Next")]:
        pages.append(press(vera, pages[-1], following[0]))
    running_bot.workspace.fault_controls.apply("data_tables", "taken")
    later = ask(vera, f"/im profile {' '.join(CROWD)}")

    assert ids_in(before) == CROWD[:100]
    assert "data_table" not in str(first["blocks"])
    assert [account for page in pages for account in all_ids_in(page)] == CROWD[100:]
    assert ids_in(later) == CROWD[:20]


def all_ids_in(message: dict[str, Any]) -> list[str]:
    """List the ids in the table, and in the line below it that holds what it has no room for."""
    below = re.findall(r"'text': '(user_\d+)', 'type': 'text'", str(message["blocks"]))
    assert len(below) <= 1
    return [*ids_in(message), *below]
