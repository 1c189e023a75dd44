"""Modals from end to end: filled in at a local Slack, reviewed and confirmed there, written to a sandbox."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import Entry, Outcome, Surface
from bot.playground.faults.faults import SlackFault
from bot.playground.people import EDITOR, EDITORS_GROUP_ID, GROUP_EDITOR, VIEWER
from bot.sandbox.behavior import Fault
from tests.support.running_bot import RunningBot, SlackUser, Transport, read_history, run_bot
from tests.support.slack import wait_until

NICK = "Tag_Profile_IM_Nick"


@pytest.fixture(scope="module", params=["socket", "pair"])
def running_bot(request: pytest.FixtureRequest) -> Iterator[RunningBot]:
    """The whole bot, as one process and as two: any process takes any press."""
    with run_bot(request.param) as running_bot:
        yield running_bot


def nick_of(running_bot: RunningBot, account: str) -> str:
    (app,) = running_bot.sandbox.apps.values()
    return str(app.accounts[account].profile.get(NICK, ""))


def entries_of(running_bot: RunningBot, account: str) -> list[Entry]:
    return [entry for entry in read_history(running_bot, account) if entry.event.change_id]


def outcomes_of(running_bot: RunningBot, account: str) -> list[Outcome]:
    return [entry.event.outcome for entry in reversed(entries_of(running_bot, account))]


def typed(view: dict[str, Any], block_id: str, text: str) -> dict[str, Any]:
    """Make the state of one filled-in input."""
    element = next(block["element"] for block in view["blocks"] if block.get("block_id") == block_id)
    return {block_id: {element["action_id"]: {"type": "plain_text_input", "value": text}}}


def choose(slack_user: SlackUser, form: dict[str, Any], *tags: str) -> dict[str, Any]:
    """Choose the fields to change; returns the form with their inputs."""
    press_choice(slack_user, form, *tags)
    return slack_user.view(f"'block_id': '{tags[-1]}'")


def press_choice(slack_user: SlackUser, form: dict[str, Any], *tags: str) -> None:
    """Choose the fields to change."""
    what = next(block for block in form["blocks"] if block.get("block_id") == "what")
    options = [option for option in what["element"]["options"] if option["value"] in tags]
    pressed = {"selected_options": options}
    action_id = what["element"]["action_id"]
    state = {"what": {action_id: pressed}}
    assert slack_user.page.press_in(form, "what", action_id, state=state, **pressed) == {"ok": True}


def open_form(slack_user: SlackUser, account: str, *tags: str) -> dict[str, Any]:
    assert slack_user.page.send(f"/im set {account}") == {"ok": True}
    return choose(slack_user, slack_user.view(account, "What to change"), *(tags or (NICK,)))


def review(slack_user: SlackUser, account: str, nick: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit a form; returns it, and the view that shows the difference."""
    form = open_form(slack_user, account)
    assert slack_user.page.submit(form, typed(form, NICK, nick)) == {"ok": True}
    return form, slack_user.view("nothing is changed yet")


def test_reviews_in_the_modal_what_a_form_would_change(running_bot: RunningBot, ed: SlackUser) -> None:
    before = nick_of(running_bot, "user_014")
    _, shown = review(ed, "user_014", "From a form")

    assert (shown["submit"], shown["close"], shown["stack_depth"]) == ("Confirm 1 change", "Back", 2)
    assert all(text in str(shown["blocks"]) for text in (before, "From a form"))
    assert nick_of(running_bot, "user_014") == before

    assert ed.page.submit(shown) == {"ok": True}
    ed.view("Changing")
    done = ed.view("Done.")

    assert nick_of(running_bot, "user_014") == "From a form"
    assert outcomes_of(running_bot, "user_014") == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    assert {entry.event.surface for entry in entries_of(running_bot, "user_014")} == {Surface.FORM}
    assert done["blocks"][0]["type"] == "alert"
    assert "From a form" in ed.audit()["text"]
    ed.close(done)


def press(slack_user: SlackUser, view: dict[str, Any], label: str) -> None:
    """Press a button of a view."""
    block, button = next(
        (block, element)
        for block in view["blocks"]
        for element in block.get("elements", ())
        if element.get("text", {}).get("text") == label
    )
    assert slack_user.page.press_in(view, block["block_id"], button["action_id"]) == {"ok": True}


def test_undoes_where_the_outcome_stands(running_bot: RunningBot, ed: SlackUser) -> None:
    before = nick_of(running_bot, "user_022")
    _, shown = review(ed, "user_022", "For a moment")
    ed.page.submit(shown)
    done = ed.view("Done.")

    press(ed, done, "Undo…")
    preview = ed.view("Undo change", before)
    assert preview["stack_depth"] == 3
    press(ed, preview, "Confirm 1 change")
    ed.view("Done.", "Undid change")

    assert nick_of(running_bot, "user_022") == before


def test_shows_the_history_where_the_outcome_stands(ed: SlackUser) -> None:
    _, shown = review(ed, "user_032", "Remembered")
    ed.page.submit(shown)
    done = ed.view("Done.")

    press(ed, done, "History")
    history = ed.view("History of", "Remembered")

    assert (history["title"], history["stack_depth"]) == ("History", 3)
    ed.page.close(history)
    assert ed.view()["id"] == done["id"]
    ed.close(done)


def test_goes_back_from_the_review_to_the_form(running_bot: RunningBot, ed: SlackUser) -> None:
    form, shown = review(ed, "user_020", "Too early")

    ed.page.close(shown)

    assert ed.view()["id"] == form["id"]
    wait_until(lambda: outcomes_of(running_bot, "user_020") == [Outcome.PROPOSED, Outcome.CANCELLED])
    ed.page.submit(form, typed(form, NICK, "Just right"))
    assert "Just right" in str(ed.view("nothing is changed yet"))


def test_cancels_the_change_when_the_whole_modal_is_closed(running_bot: RunningBot, ed: SlackUser) -> None:
    _, shown = review(ed, "user_024", "Never mind")

    ed.page.close(shown, clear=True)

    wait_until(lambda: outcomes_of(running_bot, "user_024") == [Outcome.PROPOSED, Outcome.CANCELLED])


def test_cancels_a_change_that_could_not_be_tried(running_bot: RunningBot, ed: SlackUser) -> None:
    _, shown = review(ed, "user_028", "Not tried")
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, fault=Fault(kind="502"))
    try:
        ed.page.submit(shown)
        kept = ed.view("Not saved", "This change still waits", "Not tried")
    finally:
        running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, fault=None)
    assert (kept["submit"], kept["close"]) == ("Try again", "Back")
    ed.page.close(kept, clear=True)

    wait_until(lambda: outcomes_of(running_bot, "user_028") == [Outcome.PROPOSED, Outcome.CANCELLED])


def test_tries_again_in_the_modal_what_could_not_be_sent(running_bot: RunningBot, ed: SlackUser) -> None:
    _, shown = review(ed, "user_033", "Second try")
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, fault=Fault(kind="502"))
    try:
        ed.page.submit(shown)
        kept = ed.view("Not saved")
    finally:
        running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, fault=None)

    ed.page.submit(kept)

    ed.close(ed.view("Done."))
    assert nick_of(running_bot, "user_033") == "Second try"
    ed.audit()


def test_leaves_a_preview_open_that_went_to_a_message(running_bot: RunningBot, ed: SlackUser) -> None:
    form = open_form(ed, "user_030")
    running_bot.workspace.faults.fail("views.update", SlackFault.BROKEN)
    ed.page.submit(form, typed(form, NICK, "By message"))
    loading = ed.view("Loading…")
    preview = ed.result()
    ed.close(loading)
    ed.press(preview, "Confirm 1 change")

    assert nick_of(running_bot, "user_030") == "By message"


def test_leads_from_the_shortcut_over_an_account_to_the_form(running_bot: RunningBot, ed: SlackUser) -> None:
    assert ed.page.use_shortcut("set_profile") == {"ok": True}
    asking = ed.view("One account id")

    assert ed.page.submit(asking, typed(asking, "account", "user_015")) == {"ok": True}
    form = choose(ed, ed.view("user_015"), NICK)
    assert form["id"] == asking["id"]
    assert ed.page.submit(form, typed(form, NICK, "From the shortcut")) == {"ok": True}
    ed.page.submit(ed.view("nothing is changed yet"))

    ed.view("Done.")
    assert nick_of(running_bot, "user_015") == "From the shortcut"


def test_asks_again_when_the_profile_moved_meanwhile(running_bot: RunningBot, ed: SlackUser) -> None:
    _, shown = review(ed, "user_016", "Mine")
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_016"].profile[NICK] = "Theirs"

    ed.page.submit(shown)
    moved = ed.view("This profile changed meanwhile", "Theirs", "Mine")
    assert nick_of(running_bot, "user_016") == "Theirs"
    ed.page.submit(moved)

    ed.view("Done.")
    assert nick_of(running_bot, "user_016") == "Mine"


def test_says_at_the_inputs_what_cannot_be_taken(ed: SlackUser) -> None:
    form = open_form(ed, "user_025", NICK, "Tag_Profile_IM_Location")

    ed.page.submit(form)
    assert "nothing is changed yet" in str(ed.view()["errors"])
    ed.page.submit(form, typed(form, "Tag_Profile_IM_Location", "\N{WAVING HAND SIGN}" * 8))
    assert "32 bytes; the limit is 16" in str(ed.view()["errors"]["Tag_Profile_IM_Location"])


def test_asks_what_to_change_before_it_shows_any_input(ed: SlackUser) -> None:
    assert ed.page.send("/im set user_024") == {"ok": True}
    form = ed.view("What to change")

    assert [block["block_id"] for block in form["blocks"] if block["type"] == "input"] == [
        "preset",
        "what",
        "reason",
    ]
    ed.page.submit(form)
    assert ed.view()["errors"] == {"what": "Please complete this required field."}
    ed.close(form)


@contextmanager
def nobody_free(running_bot: RunningBot) -> Iterator[None]:
    """Keep all workers, and all places in their queues, taken."""
    released = threading.Event()
    for bot in running_bot.bots:
        while bot.workers.submit(released.wait):
            pass
    try:
        yield
    finally:
        released.set()
        wait_until(lambda: not any(bot.workers.is_busy for bot in running_bot.bots))


def test_leaves_a_form_as_it_is_while_nobody_can_show_the_chosen_inputs(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    assert ed.page.send("/im set user_024") == {"ok": True}
    form = ed.view("What to change")
    what = next(block for block in form["blocks"] if block.get("block_id") == "what")
    pressed = {"selected_options": what["element"]["options"][:1]}
    with nobody_free(running_bot):
        ed.page.press_in(form, "what", "value", state={"what": {"value": pressed}}, **pressed)
        time.sleep(0.3)  # until the press has reached the bot

    ed.page.press_in(form, "what", "value", state={"what": {"value": pressed}}, **pressed)

    assert NICK in str(ed.view()["blocks"])
    ed.close(form)


def test_fills_in_a_preset(running_bot: RunningBot, ed: SlackUser) -> None:
    form = open_form(ed, "user_035", "Tag_Profile_IM_Level")
    block = next(block for block in form["blocks"] if block.get("block_id") == "preset")
    options = {option["value"]: option for option in block["element"]["options"]}
    assert list(options) == ["reset-profile", "unblock"]
    chosen = {"selected_option": options["reset-profile"]}
    state = {
        "preset": {"value": chosen},
        "Tag_Profile_IM_Level": {"value": {"value": "66"}},
        "reason": {"value": {"value": "spam"}},
    }

    ed.page.press_in(form, "preset", "value", state=state, **chosen)
    filled = ed.view(f"'block_id': '{NICK}'")

    inputs = {block["block_id"]: block["element"] for block in filled["blocks"] if block["type"] == "input"}
    assert {each["action_id"] for each in inputs.values()} == {"value-1"}
    assert inputs["preset"]["initial_option"]["value"] == "reset-profile"
    assert len(inputs["what"]["initial_options"]) == 4
    assert inputs["Tag_Profile_IM_Level"]["initial_value"] == "66"
    assert inputs["reason"]["initial_value"] == "spam"
    assert "initial_value" not in inputs[NICK]
    ed.page.submit(filled)
    ed.page.submit(ed.view("nothing is changed yet", "cleared", "66"))
    ed.close(ed.view("Done."))
    assert nick_of(running_bot, "user_035") == ""
    ed.audit()


def test_clears_a_birthday(running_bot: RunningBot, ed: SlackUser) -> None:
    birthday = "Tag_Profile_IM_BirthDay"
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_034"].profile[birthday] = 19900419
    form = open_form(ed, "user_034", birthday)
    box = next(block for block in form["blocks"] if block.get("block_id") == f"clear:{birthday}")
    ticked = {box["element"]["action_id"]: {"selected_options": box["element"]["options"]}}

    ed.page.submit(form, {box["block_id"]: ticked})
    ed.page.submit(ed.view("nothing is changed yet", "19 Apr 1990"))

    ed.close(ed.view("Done."))
    assert not app.accounts["user_034"].profile.get(birthday)
    ed.audit()


def test_says_in_the_modal_that_there_is_nothing_to_change(running_bot: RunningBot, ed: SlackUser) -> None:
    form = open_form(ed, "user_018")
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_018"].profile[NICK] = "Already"

    ed.page.submit(form, typed(form, NICK, "Already"))

    assert ed.view("No change needed")["submit"] is None


def test_fails_in_words_in_the_modal(running_bot: RunningBot, ed: SlackUser) -> None:
    _, shown = review(ed, "user_019", "Spam")
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, words=("Spam",))
    try:
        ed.page.submit(shown)
        ed.view("Failed", "(40005)")
    finally:
        running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, words=())


def test_sends_the_outcome_after_the_view_or_the_whole_modal_is_closed(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    # Both at once: until Slack must have applied the ack, the bot takes a closed view for one still to come.
    with running_bot.vendor.hold("portrait_set"):
        for account, clear in (("user_026", False), ("user_027", True)):
            _, shown = review(ed, account, "Unseen")
            ed.page.submit(shown)
            ed.close(ed.view("Changing"), clear=clear)
    answers = [ed.answer(), ed.answer()]

    assert all(answer["text"].startswith("Done.") for answer in answers)
    assert all(answer["channel"].startswith("D") for answer in answers)
    assert {nick_of(running_bot, account) for account in ("user_026", "user_027")} == {"Unseen"}


def test_shows_no_values_after_the_role_is_lost(
    running_bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.FRESH_SECONDS", -1)
    members = running_bot.workspace.groups[EDITORS_GROUP_ID].members
    with running_bot.act_as(GROUP_EDITOR) as grace:
        assert grace.page.send("/im set alice") == {"ok": True}
        form = grace.view("alice", "What to change")
        members.remove(GROUP_EDITOR.id)
        try:
            press_choice(grace, form, NICK)
            grace.view("Only editors can change profiles")
        finally:
            members.append(GROUP_EDITOR.id)


def test_refuses_in_the_modal_after_the_role_is_lost(running_bot: RunningBot) -> None:
    members = running_bot.workspace.groups[EDITORS_GROUP_ID].members
    with running_bot.act_as(GROUP_EDITOR) as grace:
        _, shown = review(grace, "user_021", "Late")
        members.remove(GROUP_EDITOR.id)
        try:
            grace.page.submit(shown)
            grace.view("Only editors can change profiles")
        finally:
            members.append(GROUP_EDITOR.id)

    assert nick_of(running_bot, "user_021") != "Late"


def test_confirms_once_however_often_it_is_sent(running_bot: RunningBot, ed: SlackUser) -> None:
    _, shown = review(ed, "user_023", "Once")
    sent = len(running_bot.sandbox.call_log().get("portrait_set", ()))

    ed.page.submit(shown)
    ed.page.submit(shown)

    wait_until(lambda: Outcome.SUCCEEDED in outcomes_of(running_bot, "user_023"))
    assert len(running_bot.sandbox.call_log().get("portrait_set", ())) == sent + 1


def test_says_at_the_input_what_is_no_account(ed: SlackUser) -> None:
    ed.page.use_shortcut("set_profile")
    asking = ed.view("One account id")

    ed.page.submit(asking, typed(asking, "account", "x" * 33))

    assert "at most 32 bytes" in str(ed.view()["errors"])


def test_shows_a_viewer_in_the_form_why_there_is_none(running_bot: RunningBot) -> None:
    with running_bot.act_as(VIEWER) as vera:
        vera.page.send("/im set user_024")
        view = vera.view("Only editors can change profiles", "Ask ")

        assert view["title"] == "Change a profile"
        assert "You are a viewer" in vera.ask("/im whoami")["text"]


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_shows_nothing_before_the_ack_has_arrived(transport: Transport) -> None:
    with run_bot(transport, ack_delay=0.4) as running_bot, running_bot.act_as(EDITOR) as ed:
        ed.page.use_shortcut("set_profile")
        asking = ed.view("One account id")
        ed.page.submit(asking, typed(asking, "account", "user_030"))
        assert "Loading…" in str(ed.view())
        form = choose(ed, ed.view("user_030"), NICK)

        ed.page.submit(form, typed(form, NICK, "In order"))
        assert "Loading…" in str(ed.view())
        shown = ed.view()
        assert "nothing is changed yet" in str(shown)

        ed.page.submit(shown)
        assert "Changing" in str(ed.view())
        assert "Done." in str(ed.view())
        assert nick_of(running_bot, "user_030") == "In order"
