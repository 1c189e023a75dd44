from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import BOT, EDITOR, LEAVER, STRANGER, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import make_buttons, make_input, make_view, open_page

TROUBLE = "We had some trouble connecting. Try again?"


def make_home(*action_ids: str, **more: Any) -> dict[str, Any]:
    return {"type": "home", "blocks": make_buttons(*action_ids), **more}


def refuse(slack: WebClient, **arguments: Any) -> Any:
    with pytest.raises(SlackApiError) as caught:
        slack.views_publish(**arguments)
    return caught.value.response.data


def test_shows_everyone_their_own_home(slack: WebClient, page: OpenPage) -> None:
    vera, ed = page(VIEWER), page(EDITOR)

    published = slack.views_publish(user_id=VIEWER.id, view=make_home("a"))["view"]
    slack.views_publish(user_id=EDITOR.id, view=make_home("b"))

    news = vera.next()
    assert news["type"] == "home"
    assert news["view"] == {
        "id": published["id"],
        "hash": published["hash"],
        "blocks": published["blocks"],
        "problem": "",
    }
    assert ed.next_view()["blocks"][1]["elements"][0]["action_id"] == "b"


def test_describes_a_home_as_slack_does(slack: WebClient) -> None:
    view = slack.views_publish(user_id=VIEWER.id, view=make_home("a", private_metadata="mine"))["view"]

    assert (view["type"], view["submit"], view["close"]) == ("home", None, None)
    assert (view["private_metadata"], view["root_view_id"], view["previous_view_id"]) == (
        "mine",
        view["id"],
        None,
    )


def test_keeps_a_home_for_the_next_page(url: str, slack: WebClient) -> None:
    slack.views_publish(user_id=VIEWER.id, view=make_home("a"))

    with open_page(url, VIEWER) as vera:
        assert vera.snapshot["home_enabled"]
        assert vera.next()["type"] == "home"


def test_changes_a_home_in_its_place(slack: WebClient) -> None:
    first = slack.views_publish(user_id=VIEWER.id, view=make_home("a"))["view"]
    second = slack.views_publish(user_id=VIEWER.id, view=make_home("b"), hash=first["hash"])["view"]
    third = slack.views_update(view_id=first["id"], view=make_home("c"))["view"]

    assert first["id"] == second["id"] == third["id"]
    assert len({view["hash"] for view in (first, second, third)}) == 3


def test_refuses_to_change_a_home_that_has_changed(slack: WebClient) -> None:
    first = slack.views_publish(user_id=VIEWER.id, view=make_home("a"))["view"]
    slack.views_publish(user_id=VIEWER.id, view=make_home("b"))

    assert (
        refuse(slack, user_id=VIEWER.id, view=make_home("c"), hash=first["hash"])["error"] == "hash_conflict"
    )
    assert refuse(slack, user_id=EDITOR.id, view=make_home("c"), hash="1.a")["error"] == "hash_conflict"


def test_keeps_external_ids_apart(slack: WebClient) -> None:
    mine = make_home("a", external_id="mine")
    slack.views_publish(user_id=VIEWER.id, view=mine)
    slack.views_publish(user_id=VIEWER.id, view=mine)

    assert refuse(slack, user_id=EDITOR.id, view=mine)["error"] == "duplicate_external_id"


@pytest.mark.parametrize(
    ("view", "error"),
    [
        (make_view(), "must be home [json-pointer:/view/type]"),
        (make_home("a", title={"type": "plain_text", "text": "Home"}), "[json-pointer:/view/title]"),
        ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "must have 1 to 100 items, has 101"),
        ({"type": "home", "blocks": [{"type": "table", "rows": []}]}, "on the surface home"),
    ],
)
def test_refuses_what_is_no_home(slack: WebClient, view: dict[str, Any], error: str) -> None:
    refusal = refuse(slack, user_id=VIEWER.id, view=view)

    assert refusal["error"] == "invalid_arguments"
    assert any(error in message for message in refusal["response_metadata"]["messages"])


@pytest.mark.parametrize("id_", ["U000", BOT.id])
def test_knows_whose_home_can_be_published(slack: WebClient, id_: str) -> None:
    refusal = refuse(slack, user_id=id_, view=make_home("a"))

    assert refusal["response_metadata"] == {"messages": ["invalid `user_id`"]}


def test_has_no_home_unless_the_manifest_says_so(
    slack: WebClient, workspace: Workspace, page: OpenPage
) -> None:
    workspace.app.home_enabled = False

    assert refuse(slack, user_id=VIEWER.id, view=make_home("a"))["error"] == "not_enabled"
    assert page(VIEWER).open_app()["error"] == "channel_not_found"


def test_has_no_messages_tab_where_the_manifest_has_it_off(workspace: Workspace, page: OpenPage) -> None:
    workspace.app.messages_enabled = False

    assert page(VIEWER).open_app("messages")["error"] == "channel_not_found"


def test_sends_the_bot_a_press_in_a_home(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    choice = make_input("nick", {"type": "plain_text_input", "initial_value": "Al"})
    home = make_home("a")
    home["blocks"].append(choice)
    slack.views_publish(user_id=VIEWER.id, view=home)
    view = vera.next_view()

    assert vera.press_in(view, "buttons", "a") == {"ok": True}
    envelope = bot.receive()
    bot.acknowledge(envelope)
    payload = envelope["payload"]

    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert (payload["view"]["type"], payload["view"]["hash"]) == ("home", view["hash"])
    assert payload["view"]["state"]["values"]["nick"]["nick"]["value"] == "Al"
    assert payload["actions"][0]["value"] == "value of a"
    assert not payload.keys() & {"response_url", "channel", "message"}
    opened = slack.views_open(trigger_id=payload["trigger_id"], view=make_view(choice))
    assert opened["view"]["root_view_id"] == opened["view"]["id"]


def test_cannot_stack_a_modal_on_a_home(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    slack.views_publish(user_id=VIEWER.id, view=make_home("a"))
    vera.press_in(vera.next_view(), "buttons", "a")
    envelope = bot.receive()

    with pytest.raises(SlackApiError, match="not_found"):
        slack.views_push(trigger_id=envelope["payload"]["trigger_id"], view=make_view({"type": "divider"}))


def test_says_in_a_home_that_the_bot_did_not_answer(slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)
    slack.views_publish(user_id=VIEWER.id, view=make_home("a"))

    vera.press_in(vera.next_view(), "buttons", "a")

    assert vera.next_view()["problem"] == TROUBLE


def test_refuses_a_press_in_anothers_home(slack: WebClient, page: OpenPage) -> None:
    slack.views_publish(user_id=VIEWER.id, view=make_home("a"))
    view = page(VIEWER).next_view()

    assert page(EDITOR).press_in(view, "buttons", "a")["error"] == "view_not_found"


@pytest.mark.parametrize(("person", "error"), [(STRANGER, "channel_not_found"), (LEAVER, "account_inactive")])
def test_opens_only_for_people_with_the_app(page: OpenPage, person: Any, error: str) -> None:
    assert page(person).open_app()["error"] == error
