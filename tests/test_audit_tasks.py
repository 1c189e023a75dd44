"""Changes and lookups of the whole bot while the record or the audit channel fails."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.playground.faults.faults import SlackFault
from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR
from bot.store.record import Store
from tests.support.running_bot import RunningBot, run_bot
from tests.support.slack import wait_until

POST = "chat.postMessage"


@pytest.fixture(params=["socket", "http"])
def running_bot(request: pytest.FixtureRequest) -> Iterator[RunningBot]:
    with run_bot(request.param) as running_bot:
        yield running_bot


def database_of(running_bot: RunningBot) -> Path:
    return Path(running_bot.settings.database_url.removeprefix("sqlite:///"))


def sent(running_bot: RunningBot) -> int:
    return len(running_bot.sandbox.call_log().get("portrait_set", ()))


def test_changes_nothing_while_the_record_is_gone(running_bot: RunningBot) -> None:
    with running_bot.act_as(EDITOR) as ed:
        preview = ed.ask("/im set user_001 nick=Ghost")
        database_of(running_bot).rename(database_of(running_bot).with_suffix(".away"))

        refused = ed.press(preview, "Confirm 1 change")
        fresh = ed.ask("/im set user_001 nick=Ghost")
        looked = ed.ask("/im profile user_001")

    assert "the record's file is gone" in refused["text"]
    assert "Nothing was sent" in refused["text"]
    assert "the record's file is gone" in fresh["text"]
    assert sent(running_bot) == 0
    assert "1 of 1 found" in looked["text"]
    assert "could not be recorded" in looked["text"]


def test_changes_again_when_the_record_is_back(running_bot: RunningBot) -> None:
    away = database_of(running_bot).with_suffix(".away")
    with running_bot.act_as(EDITOR) as ed:
        preview = ed.ask("/im set user_002 nick=Back")
        database_of(running_bot).rename(away)
        kept = ed.press(preview, "Confirm 1 change")
        away.rename(database_of(running_bot))

        done = ed.press(kept, "Try again")

    assert done["text"].startswith("Done.")
    assert sent(running_bot) == 1


def test_holds_no_change_up_while_the_audit_channel_fails(running_bot: RunningBot) -> None:
    running_bot.workspace.faults.fail(POST, SlackFault.BROKEN, times=2)
    with running_bot.act_as(EDITOR) as ed:
        for number in range(3, 6):
            done = ed.press(ed.ask(f"/im set user_00{number} nick=Storm"), "Confirm 1 change")
            assert done["text"].startswith("Done.")

        texts = ""
        while texts.count("Storm") < 3:
            texts += ed.audit()["text"]

    numbers = [int(number) for number in re.findall(r"#(\d+) · [0-9a-f]{32}", texts)]
    assert numbers == sorted(set(numbers))
    with closing(Store(running_bot.settings.database_url)) as store:
        wait_until(lambda: store.count_waiting() == (0, None))


def test_warns_the_editor_that_nothing_is_posted_in_the_audit_channel(running_bot: RunningBot) -> None:
    relay = running_bot.bot.audit.relay
    assert relay
    relay.close()
    wait_until(lambda: bool(running_bot.bot.audit.channel_trouble()))
    with running_bot.act_as(EDITOR) as ed:
        preview = ed.ask("/im set user_001 nick=Quiet")

    assert "Audit channel: the relay has stopped" in str(preview["blocks"])


def test_posts_nothing_in_an_audit_channel_that_outsiders_can_read() -> None:
    with run_bot("socket") as running_bot, running_bot.act_as(EDITOR) as ed:
        channel = running_bot.workspace.channels[AUDIT_CHANNEL_ID]
        channel.shared = True
        wait_until(lambda: "other organizations can read it" in running_bot.bot.audit.trouble())

        preview = ed.ask("/im set user_001 nick=Secret")
        done = ed.press(preview, "Confirm 1 change")
        said, state = running_bot.bot.audit.trouble(), running_bot.bot.audit.channel_state()
        posted = [
            message for message in running_bot.workspace.messages if message.channel == AUDIT_CHANNEL_ID
        ]
        channel.shared = False
        message = ed.audit()

    assert "people from other organizations can read it, so nothing is posted" in str(preview["blocks"])
    assert done["text"].startswith("Done.")
    assert "people from other organizations can read it" in said
    assert "people from other organizations can read it" in state
    assert posted == []
    assert "Secret" in message["text"]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        (None, "not set (AUDIT_CHANNEL), so every change is refused"),
        ("none", "none (AUDIT_CHANNEL=none)"),
    ],
)
def test_distinguishes_a_missing_audit_channel_from_none(channel: str | None, said: str) -> None:
    with run_bot("socket", audit_channel=channel) as running_bot:
        wait_until(lambda: said in running_bot.bot.audit.channel_state())


def test_says_up_to_which_entry_the_audit_channel_has_posts(running_bot: RunningBot) -> None:
    audit = running_bot.bot.audit
    wait_until(lambda: audit.channel_state() == "up to date")

    assert audit.relay
    audit.relay.close()
    wait_until(lambda: audit.channel_state().startswith("the relay has stopped"))
    database_of(running_bot).rename(database_of(running_bot).with_suffix(".away"))
    gone = "; the record cannot be written: the record's file is gone"
    wait_until(lambda: audit.channel_state().endswith(gone))
