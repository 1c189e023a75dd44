"""No message that others can read notifies anybody."""

import re

from bot.playground.people import BOT, EDITOR, VIEWER
from tests.support.running_bot import RunningBot, SlackUser
from tests.support.slack import ONCALL, wait_until

NAMED = re.compile(rf"{EDITOR.name} \({EDITOR.id}\)")


def public_texts(running_bot: RunningBot, channel: str = "") -> list[str]:
    return [
        str(message.content.blocks)
        for message in list(running_bot.workspace.messages)
        if message.sender == BOT and not message.only_for and message.channel in (channel or message.channel)
    ]


def test_notifies_nobody_by_what_it_posts(running_bot: RunningBot, ed: SlackUser) -> None:
    ed.press(ed.ask("/im set user_001 nick=Quiet"), "Confirm 1 change")
    changed = ed.audit()
    for text in ("@im-bot history user_001", "@im-bot user_001"):
        before = len(public_texts(running_bot, ONCALL))
        ed.page.send(text, ONCALL)
        wait_until(lambda before=before: len(public_texts(running_bot, ONCALL)) > before)  # type: ignore[misc]
    ed.ask("/im profile user_002 --share")
    with running_bot.act_as(VIEWER) as vera:
        vera.ask("/im set user_001 nick=Refused")
        refused = vera.audit()

    assert NAMED.search(str(changed["blocks"]))
    assert f"{VIEWER.name} ({VIEWER.id})" in str(refused["blocks"])
    assert all(NAMED.search(text) for text in public_texts(running_bot, ONCALL))
    assert running_bot.workspace.notified == []


def test_mentions_people_to_whom_it_alone_answers(ed: SlackUser) -> None:
    assert f"'user_id': '{EDITOR.id}'" in str(ed.ask("/im history user_001")["blocks"])
