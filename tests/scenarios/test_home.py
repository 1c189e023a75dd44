"""The start message and the Home tab, from end to end."""

from pathlib import Path
from typing import Any

from bot.playground.people import GUEST, VIEWER, Person
from tests.support.running_bot import RunningBot, SlackUser, read_history
from tests.support.slack import wait_until


def direct(person: Person) -> str:
    return f"D{person.id[1:]}"


def open_home(slack_user: SlackUser) -> dict[str, Any]:
    assert slack_user.page.open_app("home") == {"ok": True}
    return next_home(slack_user)


def texts(home: object) -> str:
    """Join all texts of a view, one to a line."""
    match home:
        case {"text": str(text)}:
            return text
        case dict():
            return "\n".join(filter(None, map(texts, home.values())))
        case list():
            return (
                "".join(map(texts, home))
                if all("text" in each for each in home)
                else "\n".join(map(texts, home))
            )
        case _:
            return ""


def next_home(slack_user: SlackUser) -> dict[str, Any]:
    news = slack_user.page.next()
    while news["type"] != "home" or not news["view"]:
        news = slack_user.page.next()
    assert not news["view"]["problem"]
    home: dict[str, Any] = news["view"]
    return home


def next_form(slack_user: SlackUser) -> dict[str, Any]:
    """Wait for a filled form, past publications of the Home tab."""
    news = slack_user.page.next()
    while news["type"] != "view" or not (news["view"] and news["view"]["submit"]):
        news = slack_user.page.next()
    modal: dict[str, Any] = news["view"]
    return modal


def press(slack_user: SlackUser, home: dict[str, Any], label: str) -> None:
    block, button = next(
        (block, element)
        for block in home["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        if element.get("type") == "button" and element["text"]["text"] == label
    )
    pressed = {"view_id": home["id"], "block_id": block["block_id"], "action_id": button["action_id"]}
    assert slack_user.page._post("press", {**pressed, "value": button["value"], "state": {}}) == {"ok": True}


def test_says_where_to_start_and_looks_up_again_what_was_asked_before(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        vera.ask("/im profile alice")

        start = vera.ask("/im")
        answer = vera.press(start, "alice")

    assert start["text"].startswith("Hi! Look up accounts in demo local:")
    assert "Profiles can be changed by:" in start["text"]
    assert answer["text"].count("1 of 1 found") == 1


def test_shows_all_commands_from_the_start(ed: SlackUser) -> None:
    assert "You may look up and change." in (start := ed.ask("/im"))["text"]

    assert ed.press(start, "All commands")["text"].startswith("You may run")


def test_helps_with_an_example_of_each_group_and_the_rest_behind_a_button(ed: SlackUser) -> None:
    short = ed.ask("/im help")
    full = ed.press(short, "More")

    for line in ("Look up\n/im profile alice  also friends, attrs", "Change\n/im set", "Record\n/im history"):
        assert line in short["text"]
    assert "--fields" not in short["text"]
    assert full["text"].startswith("You may run")


def test_home_leads_to_the_history_of_what_was_done(running_bot: RunningBot) -> None:
    with running_bot.act_as(VIEWER) as vera:
        vera.ask("/im profile user_009")
        press(vera, open_home(vera), "Look up again")
        press(vera, vera.view("1 of 1 found"), "History")
        assert "History of user_009" in texts(vera.view("History of")["blocks"])


def test_start_and_home_say_so_when_the_record_cannot_be_read(running_bot: RunningBot, ed: SlackUser) -> None:
    database = Path(running_bot.settings.database_url.removeprefix("sqlite:///"))
    away = database.rename(database.with_suffix(".away"))
    try:
        wait_until(lambda: "cannot be written" in running_bot.bot.audit.channel_state())
        start, home = ed.ask("/im"), texts(open_home(ed))
    finally:
        away.rename(database)
    wait_until(lambda: "cannot be written" not in running_bot.bot.audit.channel_state())

    assert (
        "Your recent lookups are missing. The record cannot be read: the record's file is gone"
        in (start["text"])
    )
    assert "You may look up and change." in home
    assert "The record cannot be read: the record's file is gone" in home
    assert "the record cannot be written: the record's file is gone" in home


def test_start_and_home_say_why_a_guest_is_refused(running_bot: RunningBot) -> None:
    with running_bot.act_as(GUEST) as gus:
        assert gus.ask("/im")["text"].startswith("You have no role here: only full members")
        assert "You have no role here: only full members" in texts(open_home(gus))


def test_home_shows_what_waits_and_lets_it_be_confirmed(running_bot: RunningBot, ed: SlackUser) -> None:
    ed.ask("/im set user_005 nick=Waiting")

    home = open_home(ed)
    press(ed, home, "Review…")
    preview = ed.view("nothing is changed yet")
    press(ed, preview, "Confirm 1 change")
    done = ed.view("Done.")

    assert "*Change* `user_005`\nNickname  " in texts(home)
    assert preview["title"] == done["title"] == "Review a change"
    assert "→  Waiting" in texts(preview["blocks"])
    home = next_home(ed)
    assert "Waiting for your confirmation" not in texts(home)
    assert "✅ *Changed*  `user_005`" in texts(home)


def test_home_undoes_a_change_where_one_looks(ed: SlackUser) -> None:
    preview = ed.ask("/im set user_008 nick=Eight")
    ed.press(preview, "Confirm 1 change")
    home = open_home(ed)
    press(ed, home, "Undo…")
    preview = ed.view("nothing is changed yet")
    press(ed, preview, "Confirm 1 change")
    ed.view("Done.")

    home = next_home(ed)
    assert "`Eight`" in texts(home)
    assert "↩️ *Undone*  `user_008`" in texts(home)
    undo = [block["accessory"]["text"]["text"] for block in home["blocks"] if "accessory" in block]
    assert undo[:2] == ["Undo…", "History"]


def test_home_lists_no_opened_forms(running_bot: RunningBot, ed: SlackUser) -> None:
    assert ed.page.send("/im set user_011") == {"ok": True}
    ed.close(ed.view("user_011"))

    home = open_home(ed)

    assert read_history(running_bot, "user_011")
    assert "user_011" not in texts(home)


def test_home_reviews_a_change_with_the_values_of_now(running_bot: RunningBot, ed: SlackUser) -> None:
    ed.ask("/im set user_006 nick=Mine")
    home = open_home(ed)
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_006"].profile["Tag_Profile_IM_Nick"] = "Theirs"

    press(ed, home, "Review…")
    preview = ed.view("nothing is changed yet")

    assert "This profile changed meanwhile." in texts(preview["blocks"])
    assert "Theirs  →  Mine" in texts(preview["blocks"])


def test_home_repeats_a_lookup_and_is_up_to_date_after_it(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        vera.ask("/im attrs alice")
        home = open_home(vera)

        press(vera, home, "Look up again")

        assert vera.view("1 of 1 found")["title"] == "Look up again"
        next_home(vera)
    assert "🔎 *Looked up attributes*  `alice`" in texts(home)
    assert "Audit channel" not in texts(home)


def test_home_shows_an_editor_the_state_of_the_audit_channel(ed: SlackUser) -> None:
    assert "Audit channel" in texts(open_home(ed))


def test_opens_the_forms_from_the_start_and_from_home(running_bot: RunningBot, ed: SlackUser) -> None:
    start = ed.ask("/im")
    ed.page.press(start, "open_lookup")
    lookup = next_form(ed)
    ed.page.close(lookup)
    press(ed, open_home(ed), "Change a profile…")
    account = next_form(ed)

    assert "Look up" in lookup["title"]
    assert account["title"] == "Change a profile"
