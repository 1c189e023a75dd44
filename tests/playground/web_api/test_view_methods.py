from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import EDITOR, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import Page, SocketModeConnection, make_input, make_text, make_view, open_page

View: TypeAlias = dict[str, Any]

WORDS = {"type": "section", "block_id": "words", "text": make_text("Loading …")}
NICK = make_input("nick", {"type": "plain_text_input"})
TROUBLE = "We had some trouble connecting. Try again?"


def trigger(page: Page, bot: SocketModeConnection) -> str:
    """Run a command; return the trigger id that comes with it."""
    page.send("/im set alice")
    envelope = bot.receive()
    bot.acknowledge(envelope)
    trigger_id: str = envelope["payload"]["trigger_id"]
    return trigger_id


def press(page: Page, bot: SocketModeConnection, view: View) -> str:
    """Press the button of a view; return the trigger id that comes with it."""
    assert page.press_in(view, "buttons", "more") == {"ok": True}
    envelope = bot.receive()
    bot.acknowledge(envelope)
    trigger_id: str = envelope["payload"]["trigger_id"]
    return trigger_id


def refuse(call: Callable[..., object], **arguments: object) -> Any:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return caught.value.response.data


BUTTON = {"type": "button", "action_id": "more", "text": make_text("More")}
PRESSED = make_view({"type": "actions", "block_id": "buttons", "elements": [BUTTON]}, NICK)


def test_shows_a_view_to_the_person_who_asked_for_it(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, ed, bot = page(VIEWER), page(EDITOR), open_socket()

    opened = slack.views_open(trigger_id=trigger(vera, bot), view=make_view(NICK))["view"]
    ed.send("hello")

    assert vera.next() == {
        "type": "view",
        "view": {
            "id": opened["id"],
            "hash": opened["hash"],
            "title": "Set",
            "submit": "Go",
            "close": None,
            "blocks": [NICK],
            "stack_depth": 1,
            "errors": {},
            "problem": "",
        },
    }
    assert ed.next_message()["text"] == "hello"


def test_describes_a_view_as_slack_does(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    divider = {"type": "divider"}

    view = slack.views_open(trigger_id=trigger(vera, bot), view=make_view(divider))["view"]

    assert view.pop("hash")
    assert view["blocks"][0].pop("block_id")
    assert view.pop("id") == view.pop("root_view_id")
    assert view == {
        "team_id": "T07IMBOT4QX",
        "type": "modal",
        "blocks": [divider],
        "private_metadata": "",
        "callback_id": "set_modal",
        "external_id": "",
        "state": {"values": {}},
        "title": make_text("Set"),
        "submit": make_text("Go"),
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        "previous_view_id": None,
        "app_id": "A07IMBOTX3M",
        "app_installed_team_id": "T07IMBOT4QX",
        "bot_id": "B07IMBOTX3M",
    }


def test_takes_a_trigger_id_once(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    trigger_id = trigger(vera, bot)

    slack.views_open(trigger_id=trigger_id, view=make_view(NICK))

    assert refuse(slack.views_open, trigger_id=trigger_id, view=PRESSED)["error"] == "exchanged_trigger_id"
    assert refuse(slack.views_open, trigger_id="1.2.3", view=PRESSED)["error"] == "invalid_trigger_id"


def test_takes_a_trigger_id_for_three_seconds(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket, workspace: Workspace
) -> None:
    vera, bot, now = page(VIEWER), open_socket(), workspace.clock()
    workspace.clock = lambda: now
    first, second = trigger(vera, bot), trigger(vera, bot)

    workspace.clock = lambda: now + 2.9
    assert slack.views_open(trigger_id=first, view=make_view(NICK))["ok"]

    workspace.clock = lambda: now + 3.1
    refusal = refuse(slack.views_open, trigger_id=second, view=make_view(NICK))
    assert refusal["error"] == "expired_trigger_id"


@pytest.mark.parametrize(
    ("view", "error"),
    [
        (make_view({"type": "nonsense"}), "/view/blocks/0/type]"),
        ({**make_view(NICK), "title": make_text("x" * 25)}, "must be 1 to 24 characters, is 25"),
        ({"type": "home", "blocks": []}, "must be modal [json-pointer:/view/type]"),
        (make_view(make_input("at", {"type": "timepicker"})), "timepicker is not played by this local Slack"),
        ("{", "must be JSON [json-pointer:/view]"),
        ("[]", "must be an object [json-pointer:/view]"),
    ],
)
def test_refuses_a_view_that_makes_no_sense(
    view: Any, error: str, slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    trigger_id = trigger(page(VIEWER), open_socket())

    refusal = refuse(slack.views_open, trigger_id=trigger_id, view=view)

    assert refusal["error"] == "invalid_arguments"
    assert any(error in message for message in refusal["response_metadata"]["messages"])
    assert slack.views_open(trigger_id=trigger_id, view=make_view(NICK))["ok"]


def test_refuses_a_view_that_is_too_large(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    section = {"type": "section", "text": make_text("x" * 3000)}

    refusal = refuse(
        slack.views_open, trigger_id=trigger(page(VIEWER), open_socket()), view=make_view(*[section] * 90)
    )

    assert refusal["error"] == "view_too_large"


@pytest.mark.parametrize("named", ["view_id", "external_id"])
def test_changes_an_open_view(named: str, slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    opened = slack.views_open(trigger_id=trigger(vera, bot), view=make_view(WORDS, external_id="mine"))[
        "view"
    ]
    loading = vera.next_view()

    place = {"view_id": opened["id"]} if named == "view_id" else {"external_id": "mine"}
    changed = slack.views_update(view=make_view(NICK, external_id="mine"), hash=opened["hash"], **place)[
        "view"
    ]
    shown = vera.next_view()

    assert (loading["blocks"], shown["blocks"]) == ([WORDS], [NICK])
    assert changed["id"] == shown["id"] == opened["id"]
    assert changed["hash"] == shown["hash"] != opened["hash"]


def test_refuses_to_change_what_has_changed(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    opened = slack.views_open(trigger_id=trigger(page(VIEWER), open_socket()), view=make_view(WORDS))["view"]
    slack.views_update(view_id=opened["id"], view=make_view(NICK))

    refusal = refuse(slack.views_update, view_id=opened["id"], hash=opened["hash"], view=make_view(WORDS))

    assert refusal["error"] == "hash_conflict"


def test_refuses_to_change_what_is_closed(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    slack.views_open(trigger_id=trigger(vera, bot), view=make_view(NICK))
    view = vera.next_view()

    assert vera.close(view) == {"ok": True}

    assert vera.next_view() is None
    assert refuse(slack.views_update, view_id=view["id"], view=make_view(NICK))["error"] == "not_found"
    assert vera.close(view) == {"ok": False, "error": "view_not_found"}


def test_stacks_three_views(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    root = slack.views_open(trigger_id=trigger(vera, bot), view=PRESSED)["view"]
    first = vera.next_view()
    pushed = slack.views_push(trigger_id=press(vera, bot, first), view=PRESSED)["view"]
    second = vera.next_view()
    slack.views_push(trigger_id=press(vera, bot, second), view=PRESSED)
    third = vera.next_view()

    refusal = refuse(slack.views_push, trigger_id=press(vera, bot, third), view=PRESSED)
    vera.close(third)

    assert [view["stack_depth"] for view in (first, second, third)] == [1, 2, 3]
    assert pushed["root_view_id"] == pushed["previous_view_id"] == root["id"]
    assert refusal["error"] == "push_limit_reached"
    assert vera.next_view() == second


def test_pushes_only_onto_a_view(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()

    refusal = refuse(slack.views_push, trigger_id=trigger(vera, bot), view=make_view(NICK))

    assert refusal["error"] == "not_found"


def test_opens_a_modal_in_place_of_another(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    old = slack.views_open(trigger_id=trigger(vera, bot), view=make_view(WORDS))["view"]
    vera.next_view()

    slack.views_open(trigger_id=trigger(vera, bot), view=make_view(NICK))

    assert vera.next_view()["stack_depth"] == 1
    assert refuse(slack.views_update, view_id=old["id"], view=make_view(NICK))["error"] == "not_found"


def test_keeps_external_ids_apart(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, ed, bot = page(VIEWER), page(EDITOR), open_socket()
    mine = make_view(NICK, external_id="mine")
    slack.views_open(trigger_id=trigger(vera, bot), view=mine)
    other = slack.views_open(trigger_id=trigger(ed, bot), view=make_view(NICK))["view"]

    again = refuse(slack.views_open, trigger_id=trigger(ed, bot), view=mine)
    renamed = refuse(slack.views_update, view_id=other["id"], view=mine)

    assert again["error"] == "duplicate_external_id"
    assert renamed["error"] == "not_found"


def test_forgets_a_modal_once_the_page_is_gone(
    url: str, workspace: Workspace, slack: WebClient, open_socket: OpenSocket
) -> None:
    bot = open_socket()
    with open_page(url, VIEWER) as first:
        slack.views_open(trigger_id=trigger(first, bot), view=make_view(NICK))
        shown = first.next_view()
        with open_page(url, VIEWER) as second:
            assert second.next_view() == shown

    with open_page(url, VIEWER) as third:
        assert third.submit(shown) == {"ok": False, "error": "view_not_found"}


@pytest.mark.parametrize("action", ["submit", "close", "press"])
def test_refuses_access_to_another_persons_modal(
    action: str, slack: WebClient, page: OpenPage, open_socket: OpenSocket, url: str
) -> None:
    vera, bot = page(VIEWER), open_socket()
    view = slack.views_open(trigger_id=trigger(vera, bot), view=make_view(NICK))["view"]

    answer = requests.post(f"{url}/page/{action}", json={"as": EDITOR.id, "view_id": view["id"]}, timeout=30)

    assert answer.json() == {"ok": False, "error": "view_not_found"}


def test_knows_no_other_actions(url: str, workspace: Workspace) -> None:
    assert requests.post(f"{url}/page/frobnicate", json={}, timeout=30).status_code == 404
