from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import Page, SocketModeConnection, make_input, make_option, make_text, make_view

View: TypeAlias = dict[str, Any]
Show: TypeAlias = Callable[..., View]
Kind: TypeAlias = tuple[dict[str, Any], str, Any, Any]

TROUBLE = "We had some trouble connecting. Try again?"
RED, BLUE = make_option("red"), make_option("blue")
NICK = make_input("nick", {"type": "plain_text_input", "initial_value": "Al"})


@pytest.fixture
def vera(page: OpenPage) -> Page:
    return page(VIEWER)


@pytest.fixture
def bot(open_socket: OpenSocket) -> SocketModeConnection:
    return open_socket()


@pytest.fixture
def show(vera: Page, bot: SocketModeConnection, slack: WebClient) -> Show:
    def open_modal(*blocks: dict[str, Any], **more: Any) -> View:
        """Run a command that is answered with a modal; returns the view sent to the page."""
        vera.send("/im set alice")
        envelope = bot.receive()
        bot.acknowledge(envelope)
        slack.views_open(trigger_id=envelope["payload"]["trigger_id"], view=make_view(*blocks, **more))
        return vera.next_view()

    return open_modal


def answer(vera: Page, bot: SocketModeConnection, view: View, payload: object) -> View:
    """Submit a view, and let the bot answer; returns the view shown then."""
    assert vera.submit(view) == {"ok": True}
    bot.acknowledge(bot.receive(), payload=payload)
    return vera.next_view()


def test_hands_over_a_submission_in_the_shape_of_slack(
    vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(NICK, private_metadata="alice")

    vera.submit(view, {"nick": {"nick": {"type": "plain_text_input", "value": "Alice"}}})
    envelope = bot.receive()

    payload = envelope["payload"]
    assert envelope["type"] == "interactive"
    assert payload.pop("token")
    assert payload.pop("trigger_id")
    held = payload.pop("view")
    assert payload == {
        "type": "view_submission",
        "team": {"id": "T07IMBOT4QX", "domain": "playground"},
        "user": {"id": VIEWER.id, "username": "vera", "name": "vera", "team_id": "T07IMBOT4QX"},
        "api_app_id": "A07IMBOTX3M",
        "enterprise": None,
        "is_enterprise_install": False,
        "response_urls": [],
    }
    assert (held["id"], held["hash"], held["root_view_id"]) == (view["id"], view["hash"], view["id"])
    assert (held["callback_id"], held["private_metadata"]) == ("set_modal", "alice")
    assert held["state"] == {"values": {"nick": {"nick": {"type": "plain_text_input", "value": "Alice"}}}}


KINDS: list[Kind] = [
    # the element; the key of its value, its initial value, the value chosen
    ({"type": "plain_text_input", "initial_value": "Al"}, "value", "Al", "Alice"),
    ({"type": "number_input", "is_decimal_allowed": False, "initial_value": "1"}, "value", "1", "42"),
    ({"type": "email_text_input"}, "value", None, "al@example.com"),
    ({"type": "url_text_input"}, "value", None, "https://example.com"),
    ({"type": "static_select", "options": [RED, BLUE], "initial_option": RED}, "selected_option", RED, BLUE),
    (
        {"type": "static_select", "option_groups": [{"label": make_text("All"), "options": [RED, BLUE]}]},
        "selected_option",
        None,
        BLUE,
    ),
    ({"type": "radio_buttons", "options": [RED, BLUE]}, "selected_option", None, BLUE),
    ({"type": "checkboxes", "options": [RED, BLUE]}, "selected_options", [], [RED, BLUE]),
    ({"type": "datepicker", "initial_date": "2000-01-31"}, "selected_date", "2000-01-31", "2001-12-01"),
    ({"type": "users_select"}, "selected_user", None, VIEWER.id),
    ({"type": "conversations_select"}, "selected_conversation", None, "C07ONCALL4A"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0]["type"])
def test_hands_over_what_every_input_starts_with(
    kind: Kind, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    element, key, initial, _ = kind

    vera.submit(show(make_input("x", element, optional=True)))

    values = bot.receive()["payload"]["view"]["state"]["values"]
    assert values == {"x": {"x": {"type": element["type"], key: initial}}}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0]["type"])
def test_hands_over_what_is_chosen_in_every_input(
    kind: Kind, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    element, key, _, chosen = kind

    vera.submit(show(make_input("x", element)), {"x": {"x": {"type": "whatever", key: chosen}}})

    values = bot.receive()["payload"]["view"]["state"]["values"]
    assert values == {"x": {"x": {"type": element["type"], key: chosen}}}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0]["type"])
def test_hands_over_a_choice_at_once_where_the_input_dispatches(
    kind: Kind, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    element, key, _, chosen = kind

    vera.press_in(show(make_input("x", element, dispatch_action=True)), "x", "x", **{key: chosen})

    (action,) = bot.receive()["payload"]["actions"]
    assert (action["type"], action[key]) == (element["type"], chosen)


def test_counts_what_stands_outside_input_blocks(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    select = {"type": "static_select", "action_id": "color", "options": [RED]}
    menu = {"type": "overflow", "action_id": "menu", "options": [RED]}
    button = {"type": "button", "action_id": "button", "text": make_text("Go")}
    actions = {"type": "actions", "block_id": "actions", "elements": [select, menu, button]}
    view = show(actions)

    vera.submit(view)

    values = bot.receive()["payload"]["view"]["state"]["values"]
    assert values == {"actions": {"color": {"type": "static_select", "selected_option": None}}}


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "plain_text_input"}, {"value": 7}),
        ({"type": "static_select", "options": [RED]}, {"selected_option": BLUE}),
        ({"type": "checkboxes", "options": [RED]}, {"selected_options": [BLUE]}),
        ({"type": "checkboxes", "options": [RED]}, {"selected_options": "red"}),
        ({"type": "datepicker"}, {"selected_date": "tomorrow"}),
    ],
)
def test_refuses_what_an_input_cannot_hold(
    element: dict[str, Any], value: dict[str, Any], vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(make_input("x", element))

    assert vera.submit(view, {"x": {"x": value}}) == {"ok": False, "error": "invalid_state"}


@pytest.mark.parametrize(
    ("element", "value", "error"),
    [
        ({"type": "plain_text_input"}, "", "Please complete this required field."),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "Please enter at least 3 characters."),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "Please enter at most 3 characters."),
        ({"type": "number_input", "is_decimal_allowed": True}, "x", "Please enter a number."),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Please enter a whole number."),
        (
            {"type": "number_input", "is_decimal_allowed": True, "min_value": "9"},
            "8.9",
            "Please enter a number of at least 9.",
        ),
        (
            {"type": "number_input", "is_decimal_allowed": False, "max_value": "9"},
            "10",
            "Please enter a number of at most 9.",
        ),
        ({"type": "email_text_input"}, "al", "Please enter a valid email address."),
        ({"type": "url_text_input"}, "example", "Please enter a valid URL."),
    ],
)
def test_says_at_the_input_why_it_cannot_be_submitted(
    element: dict[str, Any], value: str, error: str, vera: Page, show: Show
) -> None:
    view = show(make_input("x", element), NICK)

    vera.submit(view, {"x": {"x": {"value": value}}})

    assert vera.next_view()["errors"] == {"x": error}


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "plain_text_input", "min_length": 3, "max_length": 3}, "abc"),
        (
            {"type": "number_input", "is_decimal_allowed": True, "min_value": "-1", "max_value": "1.5"},
            "1.5",
        ),
        ({"type": "email_text_input"}, "al@example.com"),
        ({"type": "url_text_input"}, "https://example.com/?a=b"),
    ],
)
def test_submits_what_is_just_within_the_limits(
    element: dict[str, Any], value: str, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(make_input("x", element))

    vera.submit(view, {"x": {"x": {"value": value}}})

    assert bot.receive()["payload"]["type"] == "view_submission"


@pytest.mark.parametrize("payload", [None, {}, "", {"response_action": "clear"}])
def test_closes_when_the_bot_is_content(
    payload: object, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(NICK)

    assert answer(vera, bot, view, payload) is None


def test_shows_the_bot_s_errors_until_the_next_attempt(
    vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(NICK)

    wrong = answer(vera, bot, view, {"response_action": "errors", "errors": {"nick": "Too long"}})
    broken = answer(vera, bot, view, {"response_action": "errors"})

    assert (wrong["errors"], wrong["problem"]) == ({"nick": "Too long"}, "")
    assert (broken["errors"], broken["problem"]) == ({}, TROUBLE)
    assert wrong["hash"] == broken["hash"] == view["hash"]


def test_cannot_submit_a_view_without_a_submit_button(
    vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    sent = make_view({"type": "divider"})
    del sent["submit"]
    view = answer(vera, bot, show(NICK), {"response_action": "update", "view": sent})

    assert vera.submit(view) == {"ok": False, "error": "view_without_submit"}


def test_updates_the_submitted_view(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    view = show(NICK)
    review = make_view({"type": "divider", "block_id": "line"})

    shown = answer(vera, bot, view, {"response_action": "update", "view": review})

    assert (shown["id"], shown["blocks"], shown["stack_depth"]) == (view["id"], review["blocks"], 1)


def test_pushes_a_view_and_goes_back(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    view = show(NICK)
    pushed = answer(vera, bot, view, {"response_action": "push", "view": make_view(NICK)})

    vera.submit(pushed)
    envelope = bot.receive()
    bot.acknowledge(envelope)

    assert envelope["payload"]["view"]["previous_view_id"] == view["id"]
    assert (pushed["stack_depth"], vera.next_view()) == (2, view)


def test_clears_the_whole_stack(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    view = show(NICK)
    pushed = answer(vera, bot, view, {"response_action": "push", "view": make_view(NICK)})

    assert answer(vera, bot, pushed, {"response_action": "clear"}) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "thanks"},
        "thanks",
        {"response_action": "frobnicate"},
        {"response_action": ["update"]},
        {"response_action": "errors", "errors": {"elsewhere": "Too long"}},
        {"response_action": "errors", "errors": ["nick"]},
        {"response_action": "update"},
        {"response_action": "push", "view": {"type": "modal"}},
    ],
)
def test_says_that_the_bot_s_answer_makes_no_sense(
    payload: object, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(NICK)

    assert answer(vera, bot, view, payload) == {**view, "problem": TROUBLE}


def test_says_that_the_bot_answers_too_late(vera: Page, show: Show, workspace: Workspace) -> None:
    view = show(NICK)

    workspace.ack_limit = 0.02
    vera.submit(view)

    assert vera.next_view()["problem"] == TROUBLE


def test_sends_view_closed_if_the_view_asks_for_it(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    view = show(NICK, notify_on_close=True)

    vera.close(view)

    payload = bot.receive()["payload"]
    assert (payload["type"], payload["is_cleared"]) == ("view_closed", False)
    assert (payload["view"]["id"], payload["view"]["state"]) == (view["id"], {"values": {}})
    assert "trigger_id" not in payload


@pytest.mark.parametrize("how", ["by hand", "by the view"])
def test_sends_view_closed_for_the_first_view_alone_of_a_cleared_stack(
    how: str, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    notifying = make_view(NICK, notify_on_close=True, clear_on_close=how == "by the view")
    view = show(NICK, notify_on_close=True, clear_on_close=how == "by the view")
    silent = answer(vera, bot, view, {"response_action": "push", "view": make_view(NICK)})
    top = answer(vera, bot, silent, {"response_action": "push", "view": notifying})

    vera.close(top, clear=how == "by hand")
    closed = bot.receive()
    bot.acknowledge(closed)
    vera.send("/im whoami")

    assert (closed["payload"]["view"]["id"], closed["payload"]["is_cleared"]) == (view["id"], True)
    assert vera.next_view() is None
    assert bot.receive()["type"] == "slash_commands"


def test_closes_a_view_though_view_closed_is_not_delivered(
    vera: Page, show: Show, workspace: Workspace
) -> None:
    view = show(NICK, notify_on_close=True)
    workspace.sockets.drop()

    vera.close(view)
    vera.send("hello")

    assert vera.next_view() is None
    assert vera.next_message()["text"] == "hello"


def test_hands_over_a_press_in_a_view(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    button = {"type": "button", "action_id": "more", "text": make_text("More"), "value": "7"}
    view = show({"type": "actions", "block_id": "go", "elements": [button]}, NICK)

    vera.press_in(view, "go", "more", state={"nick": {"nick": {"value": "Alice"}}})

    payload = bot.receive()["payload"]
    assert payload["type"] == "block_actions"
    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert payload["view"]["state"]["values"]["nick"]["nick"]["value"] == "Alice"
    assert not payload.keys() & {"channel", "message", "response_url"}
    (action,) = payload["actions"]
    assert action.pop("action_ts")
    assert action == {**button, "block_id": "go"}


def test_hands_over_that_a_choice_was_taken_back(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    select = {"type": "static_select", "options": [RED], "initial_option": RED}

    vera.press_in(show(make_input("x", select, dispatch_action=True)), "x", "x", selected_option=None)

    assert bot.receive()["payload"]["actions"][0]["selected_option"] is None


def test_knows_no_press_on_an_input_that_does_not_dispatch(
    vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view = show(NICK)

    assert vera.press_in(view, "nick", "nick", value="x") == {"ok": False, "error": "action_not_found"}


def test_says_that_a_press_in_a_view_went_nowhere(vera: Page, show: Show, workspace: Workspace) -> None:
    view = show(make_input("x", {"type": "users_select"}, dispatch_action=True))

    workspace.ack_limit = 0.02
    vera.press_in(view, "x", "x", selected_user=VIEWER.id)

    assert vera.next_view()["problem"] == TROUBLE


def test_lets_a_late_answer_to_a_closed_view_change_nothing(
    vera: Page, bot: SocketModeConnection, show: Show, slack: WebClient
) -> None:
    view = show(NICK)
    vera.submit(view)
    envelope = bot.receive()
    vera.close(view)
    assert vera.next_view() is None

    bot.acknowledge(envelope, payload={"response_action": "push", "view": make_view(NICK)})

    assert vera.next_view() is None
    with pytest.raises(SlackApiError, match="not_found"):
        slack.views_update(view_id=view["id"], view=make_view(NICK))


def test_gives_a_response_url_for_a_conversation_that_is_chosen(
    vera: Page, bot: SocketModeConnection, show: Show, page: OpenPage
) -> None:
    element = {
        "type": "conversations_select",
        "default_to_current_conversation": True,
        "response_url_enabled": True,
    }
    view = show(make_input("where", element), make_input("other", {"type": "channels_select"}, optional=True))
    assert view["blocks"][0]["element"]["initial_conversation"] == "C07ONCALL4A"

    vera.submit(view)
    (url,) = bot.receive()["payload"]["response_urls"]
    response_url = url.pop("response_url")
    answer = requests.post(response_url, json={"text": "done", "response_type": "in_channel"}, timeout=30)

    assert url == {"block_id": "where", "action_id": "where", "channel_id": "C07ONCALL4A"}
    assert answer.text == "ok"
    assert vera.next_message()["text"] == "done"


def test_starts_with_the_conversation_in_a_view_that_comes_later(
    vera: Page, bot: SocketModeConnection, show: Show, slack: WebClient
) -> None:
    element = {"type": "conversations_select", "default_to_current_conversation": True}
    loading = show({"type": "divider"})

    slack.views_update(view_id=loading["id"], view=make_view(make_input("where", element)))

    shown = vera.next_view()
    assert shown["blocks"][0]["element"]["initial_conversation"] == "C07ONCALL4A"


def test_starts_empty_in_a_view_that_comes_later_by_a_fault_setting(
    workspace: Workspace, vera: Page, show: Show, slack: WebClient
) -> None:
    element = {"type": "conversations_select", "default_to_current_conversation": True}
    where = make_input("where", element)
    workspace.fault_controls.apply("updated_views", "empty")

    assert show(where)["blocks"][0]["element"]["initial_conversation"] == "C07ONCALL4A"

    loading = show({"type": "divider"})
    slack.views_update(view_id=loading["id"], view=make_view(where))

    assert "initial_conversation" not in vera.next_view()["blocks"][0]["element"]
