"""Files of ids that are refused: without the scope, and past a limit."""

import logging

import pytest

from bot.playground.people import VIEWER
from bot.slack.modals.lookup import FILE, IDS
from tests.scenarios.test_file_lookups import DIRECT, PLAYERS, choose_file, labels, send, wait_for
from tests.scenarios.test_lookup_modals import filled, open_modal
from tests.support.running_bot import run_bot


def test_works_without_the_right_to_read_files(caplog: pytest.LogCaptureFixture) -> None:
    with run_bot("http") as running_bot, running_bot.act_as(VIEWER) as vera:
        running_bot.workspace.app.scopes -= {"files:read"}
        vera.page.upload("players.csv", PLAYERS.encode(), DIRECT)
        told = wait_for(vera, "may not read files")
        with caplog.at_level(logging.WARNING):
            forms = [open_modal(vera) for _ in range(2)]
        vera.page.submit(forms[-1], filled(forms[-1], **{IDS: "alice"}))
        wait_for(vera, "Alice Zhang")

    assert "add the scope files:read" in told["text"]
    assert all(FILE not in {block.get("block_id") for block in form["blocks"]} for form in forms)
    refusals = [line for line in caplog.messages if "refused the input for a file" in line]
    assert len(refusals) == 1
    assert "add the scope files:read as in manifest.yml" in refusals[0]


def test_refuses_more_ids_than_a_person_may_look_up() -> None:
    with run_bot("http", lookup_ids_per_hour=2) as running_bot, running_bot.act_as(VIEWER) as vera:
        question = send(vera, PLAYERS)
        for _ in range(2):
            vera.click(question, "Look up 3 profiles")
            wait_for(vera, "one person may look up 2 ids in an hour")
        few = send(vera, "user_id\nalice\nbob_k\n")
        vera.click(few, "Look up 2 profiles")
        wait_for(vera, "Looked up 2 ids")

    assert labels(question) == ["Look up 3 profiles", "Choose…"]


def test_says_that_the_file_of_a_refused_form_must_be_chosen_again() -> None:
    with run_bot("http", lookup_ids_per_hour=2) as running_bot, running_bot.act_as(VIEWER) as vera:
        form = open_modal(vera)
        vera.page.submit(form, choose_file(vera, form, PLAYERS))
        assert vera.page.submit(vera.view("Column of the ids")) == {"ok": True}
        vera.view("one person may look up 2 ids in an hour", "Then choose the file again")
