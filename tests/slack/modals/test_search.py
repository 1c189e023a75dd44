from typing import Any

import pytest

from bot.core.model import App
from bot.core.parsing.command_line import Apps
from bot.slack.modals.errors import FormError
from bot.slack.modals.inputs import INPUT
from bot.slack.modals.profile import ACCOUNT
from bot.slack.modals.search import SINCE, UNTIL, read_search

APPS = Apps({"prod": App("prod", "Singapore")}, "prod")


def submitted(since: str | None, until: str | None) -> dict[str, Any]:
    days = {SINCE: since, UNTIL: until}
    values = {block: {INPUT: {"type": "datepicker", "selected_date": day}} for block, day in days.items()}
    blocks = [{"type": "input", "block_id": block} for block in (ACCOUNT, SINCE, UNTIL)]
    return {"blocks": blocks, "state": {"values": {ACCOUNT: {INPUT: {"value": "alice"}}, **values}}}


def test_includes_the_last_day() -> None:
    query = read_search(submitted("2026-04-01", "2026-04-19"), APPS).query

    assert (f"{query.since:%Y-%m-%d}", f"{query.until:%Y-%m-%d}") == ("2026-04-01", "2026-04-20")


@pytest.mark.parametrize("days", [("2026-04-19", "2026-04-18"), (None, "9999-12-31")])
def test_names_the_last_day_that_cannot_be(days: tuple[str | None, str]) -> None:
    with pytest.raises(FormError) as caught:
        read_search(submitted(*days), APPS)

    assert list(caught.value.mistakes) == [UNTIL]
