"""What becomes of changes and lookups while the record or the audit channel fails, in the whole bot."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.playground.faults.faults import SlackFault
from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR
from bot.store.record import Store
from tests.support.slack import wait_until
from tests.support.whole import Whole, whole_bot

POST = "chat.postMessage"


@pytest.fixture(params=["socket", "http"])
def whole(request: pytest.FixtureRequest) -> Iterator[Whole]:
    with whole_bot(request.param) as whole:
        yield whole


def database_of(whole: Whole) -> Path:
    return Path(whole.settings.database_url.removeprefix("sqlite:///"))


def sent(whole: Whole) -> int:
    return len(whole.sandbox.call_log().get("portrait_set", ()))


def test_changes_nothing_while_the_record_is_gone(whole: Whole) -> None:
    with whole.acting_as(EDITOR) as ed:
        preview = ed.ask("/im set user_001 nick=Ghost")
        database_of(whole).rename(database_of(whole).with_suffix(".away"))

        refused = ed.press(preview, "Confirm 1 change")
        fresh = ed.ask("/im set user_001 nick=Ghost")
        looked = ed.ask("/im profile user_001")

    assert "the record's file is gone" in refused["text"]
    assert "Nothing was sent" in refused["text"]
    assert "the record's file is gone" in fresh["text"]
    assert sent(whole) == 0
    assert "1 of 1 found" in looked["text"]
    assert "could not be recorded" in looked["text"]


def test_changes_again_when_the_record_is_back(whole: Whole) -> None:
    away = database_of(whole).with_suffix(".away")
    with whole.acting_as(EDITOR) as ed:
        preview = ed.ask("/im set user_002 nick=Back")
        database_of(whole).rename(away)
        ed.press(preview, "Confirm 1 change")
        away.rename(database_of(whole))

        done = ed.press(preview, "Confirm 1 change")

    assert done["text"].startswith("Done.")
    assert sent(whole) == 1


def test_holds_no_change_up_while_the_audit_channel_cannot_be_told(whole: Whole) -> None:
    whole.workspace.faults.fail(POST, SlackFault.BROKEN, times=2)
    with whole.acting_as(EDITOR) as ed:
        for number in range(3, 6):
            done = ed.press(ed.ask(f"/im set user_00{number} nick=Storm"), "Confirm 1 change")
            assert done["text"].startswith("Done.")

        told = ""
        while told.count("Storm") < 3:
            told += ed.audit()["text"]

    numbers = [int(number) for number in re.findall(r"#(\d+) · [0-9a-f]{32}", told)]
    assert numbers == sorted(set(numbers))
    with closing(Store(whole.settings.database_url)) as store:
        wait_until(lambda: store.count_waiting() == (0, None))


def test_tells_the_editor_that_the_audit_channel_is_not_told(whole: Whole) -> None:
    relay = whole.bot.audit.relay
    assert relay
    relay.close()
    wait_until(lambda: bool(whole.bot.audit.channel_trouble()))
    with whole.acting_as(EDITOR) as ed:
        preview = ed.ask("/im set user_001 nick=Quiet")

    assert "Audit channel: nothing tells it of entries any more" in str(preview["blocks"])


def test_tells_an_audit_channel_nothing_while_outsiders_can_read_it() -> None:
    with whole_bot("socket") as whole, whole.acting_as(EDITOR) as ed:
        channel = whole.workspace.channels[AUDIT_CHANNEL_ID]
        channel.shared = True
        wait_until(lambda: "other organizations can read it" in whole.bot.audit.trouble())

        preview = ed.ask("/im set user_001 nick=Secret")
        done = ed.press(preview, "Confirm 1 change")
        said, state = whole.bot.audit.trouble(), whole.bot.audit.channel_state()
        posted = [message for message in whole.workspace.messages if message.channel == AUDIT_CHANNEL_ID]
        channel.shared = False
        told = ed.audit()

    assert "people of other organizations can read it, so nothing is posted" in str(preview["blocks"])
    assert done["text"].startswith("Done.")
    assert "people of other organizations can read it" in said
    assert "people of other organizations can read it" in state
    assert posted == []
    assert "Secret" in told["text"]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        (None, "none is set (AUDIT_CHANNEL), so every change is refused"),
        ("none", "there is none, on purpose"),
    ],
)
def test_tells_an_audit_channel_that_is_missing_from_one_that_is_left_out(
    channel: str | None, said: str
) -> None:
    with whole_bot("socket", audit_channel=channel) as whole:
        wait_until(lambda: said in whole.bot.audit.channel_state())


def test_says_how_far_the_audit_channel_has_been_told(whole: Whole) -> None:
    audit = whole.bot.audit
    wait_until(lambda: audit.channel_state() == "knows of every change")

    assert audit.relay
    audit.relay.close()
    wait_until(lambda: audit.channel_state().startswith("nothing tells it of entries any more"))
    database_of(whole).rename(database_of(whole).with_suffix(".away"))
    gone = "; the record cannot be written: the record's file is gone"
    wait_until(lambda: audit.channel_state().endswith(gone))
