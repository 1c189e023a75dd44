"""Lookups from modals end to end: opened by shortcuts at a local Slack, answered by a sandbox."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.app import make_slack_client
from bot.core.model import Surface
from bot.playground.people import BOT, GROUP_EDITOR, GUEST, VIEWER, PersonKind
from bot.sandbox.behavior import Behavior
from bot.slack.modals.lookup import FIELDS, IDS, KIND, OWNER, WHERE
from bot.slack.modals.profile import ACCOUNT, APP
from tests.support.running_bot import RunningBot, SlackUser, read_denials, read_history
from tests.support.slack import ONCALL, SUPPORT

pytestmark = pytest.mark.parametrize("running_bot", ["socket", "pair"], indirect=True, scope="module")
"""Any process takes any press."""


@pytest.fixture
def vera(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(VIEWER) as vera:
        yield vera


def element_of(view: dict[str, Any], block_id: str) -> dict[str, Any]:
    blocks = {block.get("block_id"): block for block in view["blocks"]}
    element: dict[str, Any] = blocks[block_id]["element"]
    return element


def options_of(element: dict[str, Any]) -> dict[str, dict[str, Any]]:
    groups = element.get("option_groups", [element])
    return {option["value"]: option for group in groups for option in group["options"]}


def filled(view: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Make the state of a filled-in view: texts, the value of an option, or several values."""
    state = {}
    for block_id, value in given.items():
        element = element_of(view, block_id)
        held: dict[str, Any] = {"value": value}
        if element["type"] == "radio_buttons":
            held = {"selected_option": options_of(element)[value]}
        elif isinstance(value, list):
            held = {"selected_options": [options_of(element)[each] for each in value]}
        elif element["type"] == "conversations_select":
            held = {"selected_conversation": value or None}
        state[block_id] = {element["action_id"]: {"type": element["type"], **held}}
    return state


def open_modal(slack_user: SlackUser) -> dict[str, Any]:
    assert slack_user.page.use_shortcut("lookup") == {"ok": True}
    return slack_user.view("What to look up")


def choose(slack_user: SlackUser, view: dict[str, Any], word: str) -> dict[str, Any]:
    """Choose a kind of lookup; return the view that Slack shows then."""
    element = element_of(view, KIND)
    pressed = {"selected_option": options_of(element)[word], "state": filled(view, **{KIND: word})}
    assert slack_user.page.press_in(view, KIND, element["action_id"], **pressed) == {"ok": True}
    return slack_user.view("What to look up")


def look_up(slack_user: SlackUser, **given: Any) -> dict[str, Any]:
    view = open_modal(slack_user)
    if given.get(KIND) == "friends":
        view = choose(slack_user, view, "friends")
    assert slack_user.page.submit(view, filled(view, **given)) == {"ok": True}
    return slack_user.answer()


def offer(slack_user: SlackUser, text: str) -> dict[str, Any]:
    """Write a message, and use the shortcut on it."""
    assert slack_user.page.send(text) == {"ok": True}
    message = slack_user.answer()
    assert slack_user.page.use_shortcut("lookup_message", ts=message["ts"]) == {"ok": True}
    return slack_user.view("What to look up")


def test_answers_beside_the_message_and_replaces_nothing(running_bot: RunningBot, vera: SlackUser) -> None:
    view = offer(vera, "alice")
    running_bot.sandbox.behavior = Behavior(latency_ms=2800)
    try:
        assert vera.page.submit(view, filled(view, ids="alice")) == {"ok": True}
        line, answer = vera.answer(), vera.answer()
    finally:
        running_bot.sandbox.behavior = Behavior()

    assert line["text"].endswith("The answer follows as a new message.")
    assert answer["text"].count("1 of 1 found") == 1
    kept = running_bot.workspace.find(line["channel"], line["ts"])
    assert kept
    assert kept.content.text == line["text"]
    assert answer["ts"] != line["ts"]


@pytest.mark.parametrize(
    ("members", "note"), [({BOT.id}, "in this thread"), (set(), "in the channel: the bot is no member")]
)
def test_answers_in_the_thread_where_the_shortcut_was_used_if_it_can(
    running_bot: RunningBot, vera: SlackUser, members: set[str], note: str
) -> None:
    channel = running_bot.workspace.channels[ONCALL]
    before, channel.members = channel.members, channel.members - {BOT.id} | members
    try:
        assert vera.page.send("see alice") == {"ok": True}
        first = vera.answer()
        assert vera.page.send("and bob_k", thread_ts=first["ts"]) == {"ok": True}
        reply = vera.answer()
        assert vera.page.use_shortcut("lookup_message", ts=reply["ts"]) == {"ok": True}
        view = vera.view("What to look up")
        assert vera.page.submit(view, filled(view, ids="bob_k")) == {"ok": True}
        answer = vera.answer()
    finally:
        channel.members = before

    assert note in str(view["blocks"])
    assert answer["text"].count("1 of 1 found") == 1
    assert (answer["ephemeral"], answer["thread_ts"]) == (True, first["ts"] if members else None)


def offered(view: dict[str, Any]) -> tuple[str, list[str]]:
    """Return what stands in the input, and the other words of the message."""
    shown = [block for block in view["blocks"] if block.get("block_id") == "found"]
    return str(element_of(view, IDS).get("initial_value", "")), [
        word for block in shown for word in options_of(block["element"])
    ]


def test_answers_in_the_conversation_where_the_shortcut_was_used(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    answer = look_up(vera, ids="alice, `bob_k`\nnobody")

    assert answer["channel"] == ONCALL
    assert answer["ephemeral"]
    assert answer["text"].startswith("2 of 3 found")
    assert read_history(running_bot, "alice")[0].event.surface is Surface.FORM


def test_answers_directly_when_no_conversation_is_chosen(vera: SlackUser) -> None:
    answer = look_up(vera, ids="alice", **{WHERE: ""})

    assert answer["channel"].startswith("D")
    assert "Alice Zhang" in answer["text"]


def test_answers_directly_when_slack_has_not_chosen_the_conversation(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    running_bot.workspace.fault_controls.apply("updated_views", "empty")
    try:
        answer = look_up(vera, ids="alice")
    finally:
        running_bot.workspace.fault_controls.apply("updated_views", "chosen")

    assert answer["channel"].startswith("D")
    assert "Alice Zhang" in answer["text"]


def test_looks_up_the_chosen_fields(vera: SlackUser) -> None:
    answer = look_up(vera, **{IDS: "alice", FIELDS: ["Tag_Profile_IM_Level"]})

    assert "Level" in answer["text"]
    assert "Birthday" not in answer["text"]


def test_looks_up_the_others_where_one_id_is_too_long(vera: SlackUser) -> None:
    answer = look_up(vera, ids=f"alice {'x' * 33}")

    assert "1 of 2 found  ·  1 not asked" in answer["text"]
    assert "over 32 bytes" in answer["text"]


def test_looks_up_friends_and_attributes(vera: SlackUser) -> None:
    friends = look_up(vera, **{IDS: "bob_k carol", KIND: "friends", OWNER: "alice"})
    attributes = look_up(vera, **{IDS: "alice", KIND: "attrs"})

    assert "alice's friend list" in friends["text"]
    assert "1 of 1 found  ·  attributes" in attributes["text"]


def test_turns_the_pages_of_what_was_asked_in_a_modal(vera: SlackUser) -> None:
    first = look_up(vera, ids=" ".join(f"user_{number:03}" for number in range(1, 208)))

    assert "user_103" in vera.press(first, "Next 100")["text"]


@pytest.mark.parametrize(
    ("given", "block_id", "said"),
    [
        ({IDS: "x" * 33}, IDS, "at most 32 bytes"),
        ({IDS: "'alice"}, IDS, "is not closed"),
        ({IDS: ", ,"}, IDS, "Which account?"),
        # As if the owner's input had not come yet.
        ({IDS: "alice", KIND: "friends"}, KIND, "one owner"),
        ({IDS: "alice", KIND: "attrs", FIELDS: ["Tag_Profile_IM_Nick"]}, FIELDS, "always shown in full"),
        ({IDS: "alice", FIELDS: ["Tag_SNS_IM_Remark"]}, FIELDS, "no field Remark"),
    ],
)
def test_says_at_the_input_what_cannot_be_looked_up(
    vera: SlackUser, given: dict[str, Any], block_id: str, said: str
) -> None:
    view = open_modal(vera)

    vera.page.submit(view, filled(view, **given))

    errors = vera.view()["errors"]
    assert list(errors) == [block_id]
    assert said in errors[block_id]


def test_asks_for_the_owner_once_friends_are_chosen(vera: SlackUser) -> None:
    view = open_modal(vera)
    assert OWNER not in [block["block_id"] for block in view["blocks"]]

    friends = choose(vera, view, "friends")
    profiles = choose(vera, friends, "profile")

    assert [block["block_id"] for block in friends["blocks"]][2:4] == [KIND, OWNER]
    assert profiles["blocks"] == view["blocks"]


def test_says_at_the_owner_that_there_is_one(vera: SlackUser) -> None:
    view = choose(vera, open_modal(vera), "friends")

    vera.page.submit(view, filled(view, **{IDS: "alice", KIND: "friends", OWNER: "bob_k carol"}))

    assert "one owner" in vera.view()["errors"][OWNER]


def test_does_not_ask_for_the_app_where_there_is_one(vera: SlackUser) -> None:
    assert APP not in [block.get("block_id") for block in open_modal(vera)["blocks"]]


def test_refuses_a_submission_after_the_role_is_lost(
    running_bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.FRESH_SECONDS", -1)
    with running_bot.act_as(GROUP_EDITOR) as grace:
        view = open_modal(grace)
        monkeypatch.setitem(
            running_bot.workspace.people, GROUP_EDITOR.id, replace(GROUP_EDITOR, kind=PersonKind.GUEST)
        )
        grace.page.submit(view, filled(view, ids="alice"))

        assert grace.answer()["text"].startswith("Refused:")


@pytest.mark.parametrize(
    ("shortcut", "word"), [("lookup", "profile"), ("lookup_message", "profile"), ("set_profile", "set")]
)
def test_shows_a_guest_in_the_modal_why_there_is_no_form_and_records_it(
    running_bot: RunningBot, shortcut: str, word: str
) -> None:
    before = len(read_denials(running_bot, GUEST))
    with running_bot.act_as(GUEST) as gus:
        assert gus.page.send("see alice", SUPPORT) == {"ok": True}
        ts = gus.answer()["ts"]
        used = gus.page.use_shortcut(shortcut, SUPPORT, **({"ts": ts} if "message" in shortcut else {}))
        assert used == {"ok": True}
        view = gus.view("you are a guest", "Ask a full member")

    assert view["submit"] is None
    *earlier, entry = read_denials(running_bot, GUEST)
    assert len(earlier) == before
    assert (entry["command"], entry["surface"]) == (word, Surface.FORM)


def test_looks_up_the_ids_of_a_message_in_one_press(vera: SlackUser) -> None:
    view = offer(vera, 'FIRING: user=alice and {"To_Account": ["bob_k", "nobody"]} since 10:42, see mallory')
    assert offered(view) == ("alice, bob_k, nobody", ["mallory"])

    assert vera.page.submit(view) == {"ok": True}

    answer = vera.answer()
    assert answer["text"].startswith("2 of 3 found")
    assert answer["channel"] == ONCALL
    assert answer["ephemeral"]


def test_takes_other_ids_beside_those_of_a_message(vera: SlackUser) -> None:
    view = offer(vera, "owner: alice")

    vera.page.submit(view, filled(view, ids='alice "carol"'))

    assert vera.answer()["text"].startswith("2 of 2 found")


def test_says_so_when_a_message_has_no_ids(vera: SlackUser) -> None:
    view = offer(vera, "thanks, that works for me")
    assert "This message holds no account ids" in str(view["blocks"])

    vera.page.submit(view, filled(view, ids="alice"))

    assert "Alice Zhang" in vera.answer()["text"]


def test_takes_other_words_of_a_message(vera: SlackUser) -> None:
    view = offer(vera, "owner: alice, see carol")

    vera.page.submit(view, filled(view, found=["carol"]))

    assert vera.answer()["text"].startswith("2 of 2 found")


def test_offers_each_of_sixty_ids(vera: SlackUser) -> None:
    ids = [f"user_{number:03}" for number in range(1, 61)]
    view = offer(vera, f"users: {', '.join(ids)}")

    assert vera.page.submit(view) == {"ok": True}

    assert offered(view) == (", ".join(ids), [])
    assert " of 60 found" in vera.answer()["text"]


def test_asks_for_an_id_when_all_are_taken_out(vera: SlackUser) -> None:
    view = offer(vera, "owner: alice, see carol")

    vera.page.submit(view, filled(view, ids=""))

    assert "Which account?" in str(vera.view()["errors"][IDS])


@pytest.mark.parametrize(("action_id", "block_id"), [("open_lookup", IDS), ("open_set", ACCOUNT)])
def test_opens_a_form_from_a_button(
    running_bot: RunningBot, ed: SlackUser, action_id: str, block_id: str
) -> None:
    press_alone(running_bot, ed, action_id)

    assert ed.view()["title"]
    assert element_of(ed.view(), block_id)


@pytest.mark.parametrize("action_id", ["open_lookup", "open_set"])
def test_opens_no_form_from_a_button_for_a_guest(running_bot: RunningBot, action_id: str) -> None:
    before = len(read_denials(running_bot, GUEST))
    with running_bot.act_as(GUEST) as gus:
        press_alone(running_bot, gus, action_id, SUPPORT)
        gus.view("you are a guest")

    assert len(read_denials(running_bot, GUEST)) == before + 1


def press_alone(
    running_bot: RunningBot, slack_user: SlackUser, action_id: str, channel: str = ONCALL
) -> None:
    """Press a button of a message of the bot that has nothing else."""
    button = {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go…"}}
    slack = make_slack_client(running_bot.settings)
    slack.chat_postMessage(channel=channel, text="go", blocks=[{"type": "actions", "elements": [button]}])

    assert slack_user.page.press(slack_user.answer(), action_id) == {"ok": True}


def test_offers_no_sharing_in_a_direct_message(vera: SlackUser) -> None:
    labels = [
        element["text"]["text"]
        for answer in (look_up(vera, ids="alice"), look_up(vera, ids="alice", **{WHERE: ""}))
        for block in answer["blocks"]
        for element in block.get("elements", ())
        if element["type"] == "button"
    ]

    assert labels.count("Share") == 1
