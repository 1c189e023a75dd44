"""Changes from end to end: typed and pressed in a local Slack, written to a sandbox, posted in #im-audit."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import Outcome
from bot.playground.faults.faults import SlackFault
from bot.playground.people import EDITOR, EDITORS_GROUP_ID, GROUP_EDITOR, GUEST, VIEWER, Person
from bot.sandbox.behavior import Fault
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.running_bot import RunningBot, SlackUser, read_history
from tests.support.slack import wait_until

NICK = "Tag_Profile_IM_Nick"
CHANGE_ID = re.compile(r"op_[a-z0-9]+")


def nick_of(running_bot: RunningBot, account: str) -> str:
    (app,) = running_bot.sandbox.apps.values()
    return str(app.accounts[account].profile.get(NICK, ""))


def test_changes_a_profile_when_confirmed_and_posts_it_for_audit(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    preview = ed.ask('/im set user_001 nick="Bob K" --reason "ticket 4711"')
    assert "Bob K" in preview["text"]
    assert nick_of(running_bot, "user_001") != "Bob K"

    done = ed.press(preview, "Confirm 1 change")

    assert done["text"].startswith("Done.")
    assert nick_of(running_bot, "user_001") == "Bob K"
    said = ed.audit()
    assert "Bob K" in said["text"]
    assert "ticket 4711" in said["text"]
    outcomes = [entry.event.outcome for entry in reversed(read_history(running_bot, "user_001"))]
    assert outcomes == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    assert verify_url(running_bot.settings.database_url).status is RecordStatus.SOUND


def test_undoes_from_the_audit_channel(running_bot: RunningBot, ed: SlackUser) -> None:
    before = nick_of(running_bot, "user_002")
    ed.press(ed.ask("/im set user_002 nick=Wrong"), "Confirm 1 change")
    said = ed.audit()

    with running_bot.act_as(GROUP_EDITOR) as grace:
        preview = grace.press(said, "Undo…")
        assert "Undo change" in preview["text"]
        assert nick_of(running_bot, "user_002") == "Wrong"
        done = grace.press(preview, "Confirm 1 change")

    assert done["text"].startswith("Done.")
    assert nick_of(running_bot, "user_002") == before
    assert before in ed.audit()["text"]
    updated = ed.audit(updated=True)
    assert updated["ts"] == said["ts"]
    assert f"Undone by {GROUP_EDITOR.name} ({GROUP_EDITOR.id})" in updated["text"]
    assert updated["text"].endswith(said["text"].splitlines()[-1])
    assert not any("accessory" in block for block in updated["blocks"])
    with closing(Store(running_bot.settings.database_url)) as store:
        assert store.lease_outdated("me", 1) is None


def test_undoes_by_the_id_of_a_change(running_bot: RunningBot, ed: SlackUser) -> None:
    before = nick_of(running_bot, "user_003")
    done = ed.press(ed.ask("/im set user_003 nick=Wrong"), "Confirm 1 change")
    ed.audit()
    change = CHANGE_ID.search(str(done["blocks"]))
    assert change

    ed.press(ed.ask(f"/im undo {change[0]}"), "Confirm 1 change")

    assert nick_of(running_bot, "user_003") == before
    ed.audit()


def test_says_which_field_did_not_stay_as_it_was_set(running_bot: RunningBot, ed: SlackUser) -> None:
    ed.press(ed.ask("/im set user_003 nick=Kept level=5"), "Confirm 2 changes")
    ed.audit()
    (app,) = running_bot.sandbox.apps.values()
    before = ed.ask("/im profile user_003")
    app.accounts["user_003"].profile["Tag_Profile_IM_Level"] = 6
    after = ed.ask("/im profile user_003")

    assert "no longer" not in before["text"]
    assert f"Level is no longer what {EDITOR.id} set" in after["text"]
    assert "Nickname is no longer" not in after["text"]


def test_links_a_settled_answer_to_its_message_in_the_audit_channel(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    done = ed.press(ed.ask("/im set user_034 nick=Linked"), "Confirm 1 change")
    linked = ed.linked()
    audited = ed.audit()

    assert (linked["ts"], linked["text"]) == (done["ts"], done["text"])
    address = running_bot.bot.people.link(audited["channel"], audited["ts"])
    assert f"<{address}|Audit message>" in str(linked["blocks"])
    assert ed.press(linked, "Undo…")["text"].startswith("Undo change")


def test_leads_from_a_field_that_did_not_stay_to_its_values_before(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    for number in (5, 7):
        ed.press(ed.ask(f"/im set user_033 nick=Other{number} level={number}"), "Confirm 2 changes")
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_033"].profile["Tag_Profile_IM_Level"] = 6

    history = ed.press(ed.ask("/im profile user_033"), "History of Level")
    whole = ed.press(history, "Whole history")
    with running_bot.act_as(VIEWER) as vera:
        of_viewer = vera.ask("/im history user_033 --fields level")

    assert history["text"].startswith("History of user_033 in demo local  ·  Level")
    assert "Level: 5 → 7" in history["text"]
    assert history["text"].count("Level: ") == 2
    assert "Other" not in history["text"]
    assert "profile" not in history["text"]
    assert "Nickname: Other5 → Other7" in whole["text"]
    assert EDITOR.id in of_viewer["text"]
    assert "5 → 7" not in of_viewer["text"]


def test_cancels(running_bot: RunningBot, ed: SlackUser) -> None:
    preview = ed.ask("/im set user_004 nick=Nobody")

    assert ed.press(preview, "Cancel")["text"].startswith("Cancelled")
    assert nick_of(running_bot, "user_004") != "Nobody"


def test_confirms_once_however_often_it_is_pressed(running_bot: RunningBot, ed: SlackUser) -> None:
    preview = ed.ask("/im set user_005 nick=Once")
    sent = len(running_bot.sandbox.call_log().get("portrait_set", ()))

    ed.press(preview, "Confirm 1 change", times=3)

    assert len(running_bot.sandbox.call_log().get("portrait_set", ())) == sent + 1
    ed.audit()


def test_shows_the_new_difference_when_the_profile_moved(running_bot: RunningBot, ed: SlackUser) -> None:
    preview = ed.ask("/im set user_006 nick=Mine")
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_006"].profile[NICK] = "Theirs"

    moved = ed.press(preview, "Confirm 1 change")

    assert "This profile changed meanwhile. Check the new values." in moved["text"]
    assert "Theirs changed outside this bot." in moved["text"]
    assert nick_of(running_bot, "user_006") == "Theirs"
    assert ed.press(moved, "Confirm 1 change")["text"].startswith("Done.")
    ed.audit()


def test_names_who_changed_the_profile_meanwhile(running_bot: RunningBot, ed: SlackUser) -> None:
    before = nick_of(running_bot, "user_018")
    preview = ed.ask("/im set user_018 nick=Mine level=77")
    with running_bot.act_as(GROUP_EDITOR) as grace:
        grace.press(grace.ask("/im set user_018 nick=Hers"), "Confirm 1 change")

    moved = ed.press(preview, "Confirm 2 changes")

    assert f"{GROUP_EDITOR.id} set Nickname  {before} → Hers just now." in moved["text"]
    assert "⚠️ Nickname · Hers · Mine" in moved["text"]
    assert "\nLevel · " in moved["text"]


def test_names_who_changed_what_an_undo_would_overwrite(running_bot: RunningBot, ed: SlackUser) -> None:
    done = ed.press(ed.ask("/im set user_020 nick=Mine"), "Confirm 1 change")
    with running_bot.act_as(GROUP_EDITOR) as grace:
        grace.press(grace.ask("/im set user_020 nick=Hers"), "Confirm 1 change")

    refused = ed.press(done, "Undo…")

    assert refused["text"].startswith("Nickname changed since. Undo would overwrite it.")
    assert f"{GROUP_EDITOR.id} set Nickname  Mine → Hers just now." in refused["text"]
    assert "Nothing was sent to Tencent Chat" in refused["text"]
    assert nick_of(running_bot, "user_020") == "Hers"


@pytest.mark.parametrize("person", [VIEWER, GUEST], ids=lambda person: person.handle)
def test_refuses_a_change_by_a_non_editor_and_posts_it_for_audit(
    running_bot: RunningBot, ed: SlackUser, person: Person
) -> None:
    with running_bot.act_as(person) as slack_user:
        refused = slack_user.ask("/im set user_007 nick=Mallory")

    assert refused["text"].startswith(
        "Only editors can change profiles. Ask " if person is VIEWER else "Refused: only full members"
    )
    assert "Nothing was sent" in refused["text"]
    assert "Refused" in ed.audit()["text"]


def test_refuses_a_press_after_the_role_is_lost(running_bot: RunningBot, ed: SlackUser) -> None:
    members = running_bot.workspace.groups[EDITORS_GROUP_ID].members
    with running_bot.act_as(GROUP_EDITOR) as grace:
        preview = grace.ask("/im set user_008 nick=Late")
        members.remove(GROUP_EDITOR.id)
        try:
            refused = grace.press(preview, "Confirm 1 change")
        finally:
            members.append(GROUP_EDITOR.id)

    assert "Only editors can change profiles" in refused["text"]
    assert nick_of(running_bot, "user_008") != "Late"
    ed.audit()


def test_says_so_when_there_is_nothing_to_change(running_bot: RunningBot, ed: SlackUser) -> None:
    answer = ed.ask(f'/im set user_009 nick="{nick_of(running_bot, "user_009")}"')

    assert answer["text"].startswith("No change needed")


def test_lists_every_mistake_at_once(ed: SlackUser) -> None:
    answer = ed.ask("/im set user_010 gender=purple birthday=2020-13-01 level=-4")

    assert all(word in answer["text"] for word in ("gender", "birthday", "level"))


def test_shows_who_looked_and_who_changed(running_bot: RunningBot, ed: SlackUser) -> None:
    with running_bot.act_as(VIEWER) as vera:
        vera.ask("/im profile user_011")
    ed.press(ed.ask("/im set user_011 nick=Seen"), "Confirm 1 change")
    ed.audit()

    shown = ed.ask("/im history user_011")["text"]

    assert "profile" in shown
    assert "Seen" in shown
    with running_bot.act_as(VIEWER) as vera:
        assert "Seen" not in vera.ask("/im history user_011")["text"]


def choose(slack_user: SlackUser, message: dict[str, Any], action_id: str, words: str) -> dict[str, Any]:
    """Choose an option of a menu by words of its label; returns the answer."""
    menu = next(
        element
        for block in message["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == action_id
    )
    option = next(each for each in menu["options"] if words in each["text"]["text"])
    assert slack_user.page.press(message, action_id, selected_option=option)["ok"]
    return slack_user.result()


def test_leads_from_a_history_to_an_entry_its_change_and_its_message(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    ed.press(ed.ask("/im set user_014 nick=Found"), "Confirm 1 change")
    said = ed.audit()
    ed.ask("/im profile user_014")
    with closing(Store(running_bot.settings.database_url)) as store:
        wait_until(lambda: store.count_waiting() == (0, None))

    history = ed.ask("/im history user_014")
    changes = choose(ed, history, "filter_history", "Changes")
    entry = choose(ed, changes, "show_entry", "set user_014")
    steps = ed.press(entry, "All steps")

    assert "profile" in history["text"]
    assert "profile" not in changes["text"]
    assert f"/archives/{said['channel']}/p{said['ts'].replace('.', '')}" in str(changes["blocks"])
    assert entry["text"].startswith("Entry #")
    assert "Nickname" in entry["text"]
    assert steps["text"].startswith("Change op_")
    assert "in progress" in steps["text"]


def test_turns_the_pages_of_a_history(ed: SlackUser) -> None:
    for _ in range(22):
        ed.ask("/im profile user_012")

    first = ed.ask("/im history user_012")
    older = ed.press(first, "Older")

    assert first["blocks"] != older["blocks"]


def test_fails_in_words_when_the_vendor_refuses(running_bot: RunningBot, ed: SlackUser) -> None:
    preview = ed.ask("/im set user_013 nick=Spam")
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, words=("Spam",))
    try:
        failed = ed.press(preview, "Confirm 1 change")
    finally:
        running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, words=())

    assert failed["text"].startswith("Failed:")
    assert "(40005)" in failed["text"]
    assert "40005" in ed.audit()["text"]


def confirm_of(preview: dict[str, Any]) -> str:
    """Find the label of a preview's Confirm button."""
    (row,) = (block["elements"] for block in preview["blocks"] if block["type"] == "actions")
    return str(row[0]["text"]["text"])


def test_previews_confirms_and_undoes_a_preset(running_bot: RunningBot, ed: SlackUser) -> None:
    before = nick_of(running_bot, "user_022")
    preview = ed.ask('/im set user_022 reset-profile --reason "spam"')
    assert f"Nickname · {before} · cleared" in preview["text"]

    done = ed.press(preview, confirm_of(preview))

    assert nick_of(running_bot, "user_022") == ""
    ed.audit()
    undo = ed.press(done, "Undo…")
    ed.press(undo, confirm_of(undo))
    assert nick_of(running_bot, "user_022") == before
    ed.audit()


@contextmanager
def vendor_down(running_bot: RunningBot, latency_ms: int = 0) -> Iterator[None]:
    usual = running_bot.sandbox.behavior
    running_bot.sandbox.behavior = replace(usual, fault=Fault(kind="502"), latency_ms=latency_ms)
    try:
        yield
    finally:
        running_bot.sandbox.behavior = usual


@pytest.mark.parametrize("latency_ms", [0, 700], ids=["at once", "after a progress notice"])
def test_keeps_the_preview_while_the_vendor_is_down(
    running_bot: RunningBot, ed: SlackUser, latency_ms: int
) -> None:
    preview = ed.ask(f'/im set user_014 level={5 + latency_ms} --reason "ticket 7"')
    nick = nick_of(running_bot, "user_014")
    with vendor_down(running_bot, latency_ms):
        kept = ed.press(preview, "Confirm 1 change")

    assert kept["text"].startswith("Not saved: ")
    assert "No change was sent to Tencent Chat. This change still waits for you." in kept["text"]
    assert all(part in kept["text"] for part in (nick, "user_014", "Level", "ticket 7"))
    assert kept["ts"] == preview["ts"]
    assert ed.press(kept, "Try again")["text"].startswith("Done.")
    ed.audit()


def test_cancels_from_the_preview_that_was_kept(running_bot: RunningBot, ed: SlackUser) -> None:
    preview = ed.ask("/im set user_015 nick=Nobody")
    with vendor_down(running_bot):
        kept = ed.press(preview, "Confirm 1 change")

    assert ed.press(kept, "Cancel")["text"].startswith("Cancelled")


def test_keeps_the_preview_while_slack_cannot_confirm_the_role(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    preview = ed.ask("/im set user_016 nick=Later")
    running_bot.workspace.faults.set_lasting_fault("users.info", SlackFault.BROKEN)
    try:
        kept = ed.press(preview, "Confirm 1 change")
    finally:
        running_bot.workspace.faults.set_lasting_fault("users.info", None)

    assert kept["text"].startswith("Not saved: Slack could not confirm who you are")
    assert "Later" in kept["text"]
    assert ed.press(kept, "Try again")["text"].startswith("Done.")
    ed.audit()


def test_raises_an_alarm_for_a_forged_change(
    running_bot: RunningBot, ed: SlackUser, caplog: pytest.LogCaptureFixture
) -> None:
    preview = ed.ask("/im set user_009 nick=Honest")
    with closing(sqlite3.connect(running_bot.settings.database_url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE changes SET content = replace(content, 'Honest', 'Mallory')")
        database.commit()

    refused = ed.press(preview, "Confirm 1 change")

    assert "the database was altered" in refused["text"]
    assert refused["text"].count("Nothing was sent") == 1
    assert "the database was altered" in ed.audit()["text"]
    assert "the database was altered" in caplog.text
    assert nick_of(running_bot, "user_009") not in ("Honest", "Mallory")
    assert verify_url(running_bot.settings.database_url).status is RecordStatus.ALTERED
