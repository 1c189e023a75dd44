import json

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.faults.faults import SlackFault
from bot.playground.people import BOT, EDITOR, EDITORS_GROUP_ID, GROUP_EDITOR, LEAVER, STRANGER, VIEWER
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage
from tests.support.slack import (
    APP_TOKEN,
    BOT_TOKEN,
    ONCALL,
    PARTNERS,
    SUPPORT,
    SwitchableApp,
    make_buttons,
    make_input,
    make_text,
    make_workspace,
)

ICON_BUTTON = {"type": "icon_button", "icon": "trash", "text": make_text("Delete")}


def refuse(slack: WebClient, method: str, **arguments: object) -> dict[str, object]:
    with pytest.raises(SlackApiError) as caught:
        slack.api_call(method, params=arguments)
    body: dict[str, object] = caught.value.response.data
    return body


def test_auth_test_returns_the_bots_identity_and_scopes(slack: WebClient) -> None:
    answer = slack.auth_test()

    assert (answer["user_id"], answer["team"]) == (BOT.id, "Playground")
    assert (
        answer.headers["x-oauth-scopes"]
        == "channels:read,chat:write,commands,im:read,im:write,usergroups:read,users:read"
    )


def test_takes_forms_json_and_queries_alike(slack: WebClient, workspace: Workspace) -> None:
    slack.api_call("chat.postMessage", params={"channel": ONCALL, "text": "form"})
    slack.api_call("chat.postMessage", json={"channel": ONCALL, "text": "json"})

    assert slack.users_info(user=VIEWER.id)["user"]["name"] == "vera"
    assert [message.content.text for message in workspace.messages] == ["form", "json"]


@pytest.mark.parametrize(("token", "word"), [("", "not_authed"), ("xoxb-other", "invalid_auth")])
def test_refuses_a_missing_or_foreign_token(slack: WebClient, token: str, word: str) -> None:
    slack.token = token

    assert refuse(slack, "auth.test")["error"] == word


def test_keeps_the_two_kinds_of_token_apart(slack: WebClient) -> None:
    assert refuse(slack, "apps.connections.open")["error"] == "not_allowed_token_type"
    assert refuse(slack, "chat.postMessage", token=APP_TOKEN)["error"] == "not_allowed_token_type"


def test_says_which_scope_is_missing(slack: WebClient, workspace: Workspace) -> None:
    workspace.app.scopes = frozenset({"commands", "users:read"})

    assert refuse(slack, "chat.postMessage", channel=ONCALL, text="hello") == {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "provided": "commands,users:read",
    }


def test_returns_a_direct_message_only_with_its_own_scope(slack: WebClient, workspace: Workspace) -> None:
    workspace.app.scopes = frozenset({"channels:read"})

    refusal = refuse(slack, "conversations.info", channel=f"D{VIEWER.id[1:]}")

    assert (refusal["error"], refusal["needed"]) == ("missing_scope", "im:read")


@pytest.mark.parametrize(
    ("method", "arguments", "word"),
    [
        ("views.frobnicate", {}, "unknown_method"),
        ("users.info", {"user": "U000"}, "user_not_found"),
        ("conversations.info", {"channel": "C000"}, "channel_not_found"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("conversations.open", {"users": "U000"}, "user_not_found"),
        ("conversations.open", {"users": LEAVER.id}, "user_disabled"),
        ("conversations.open", {"users": STRANGER.id}, "user_not_visible"),
        ("usergroups.users.list", {"usergroup": "S000"}, "no_such_subteam"),
        ("chat.postMessage", {"channel": "C000", "text": "hello"}, "channel_not_found"),
        ("chat.postMessage", {"channel": ONCALL, "text": " "}, "no_text"),
        ("chat.postMessage", {"channel": ONCALL, "blocks": "[{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": ONCALL, "blocks": "{}"}, "invalid_blocks_format"),
        ("chat.postEphemeral", {"channel": PARTNERS, "user": "U000", "text": "hello"}, "user_not_found"),
        ("chat.update", {"channel": ONCALL, "ts": "1.0", "text": "hello"}, "message_not_found"),
        ("chat.delete", {"channel": ONCALL, "ts": "1.0"}, "message_not_found"),
    ],
)
def test_refuses_in_the_words_of_slack(
    slack: WebClient, method: str, arguments: dict[str, object], word: str
) -> None:
    assert refuse(slack, method, **arguments)["error"] == word


def test_refuses_a_body_that_is_no_json_object(url: str, workspace: Workspace) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}

    broken = requests.post(f"{url}/api/auth.test", "{", headers=headers, timeout=30)
    listed = requests.post(f"{url}/api/auth.test", "[]", headers=headers, timeout=30)

    assert (broken.json()["error"], listed.json()["error"]) == ("invalid_json", "json_not_object")


def test_can_be_installed_without_rate_limits(url: str, switchable_app: SwitchableApp) -> None:
    switchable_app.app = make_app(make_workspace(rate_limits=False))
    slack = WebClient(BOT_TOKEN, base_url=f"{url}/api/", retry_handlers=[])

    assert all(slack.usergroups_list()["ok"] for _ in range(30))
    assert all(slack.chat_postMessage(channel=ONCALL, text="hello")["ok"] for _ in range(10))


def test_says_that_a_method_is_not_played(slack: WebClient) -> None:
    refusal = refuse(slack, "reactions.add", channel=ONCALL)

    assert (refusal["error"], refusal["req_method"]) == ("unknown_method", "reactions.add")
    assert "[ERROR] reactions.add is not played by this local Slack; it plays " in str(refusal)


def test_says_that_text_outside_the_text_is_not_played(slack: WebClient) -> None:
    refusal = refuse(slack, "chat.postMessage", channel=ONCALL, markdown_text="**hello**")

    assert refusal["error"] == "no_text"
    assert "markdown_text is not played by this local Slack" in str(refusal["response_metadata"])


def test_points_at_each_invalid_block(slack: WebClient, workspace: Workspace) -> None:
    blocks: list[dict[str, object]] = [
        {"type": "divider"},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
    ]

    with pytest.raises(SlackApiError) as caught:
        slack.chat_postMessage(channel=ONCALL, text="hello", blocks=blocks)

    assert caught.value.response["error"] == "invalid_blocks"
    (error,) = caught.value.response["errors"]
    assert error.endswith("[json-pointer:/blocks/1/text/text]")
    assert caught.value.response["response_metadata"]["messages"] == [f"[ERROR] {error}"]
    assert workspace.messages == []


@pytest.mark.parametrize(
    ("pointer", "block"),
    [
        ("/blocks/0/type", {"type": "context_actions", "elements": [ICON_BUTTON]}),
        (
            "/blocks/0/elements/1/type",
            {"type": "actions", "elements": [make_buttons("a")[1]["elements"][0], {"type": "timepicker"}]},
        ),
        ("/blocks/0/accessory/type", {**make_buttons()[0], "accessory": {"type": "multi_users_select"}}),
        ("/blocks/0/element/type", make_input("at", {"type": "datetimepicker"})),
    ],
)
def test_refuses_what_the_page_can_neither_show_nor_fill_in(
    pointer: str, block: dict[str, object], slack: WebClient
) -> None:
    with pytest.raises(SlackApiError, match="is not played by this local Slack") as caught:
        slack.chat_postMessage(channel=ONCALL, text="hello", blocks=[block])

    assert caught.value.response["error"] == "invalid_blocks"
    (error,) = caught.value.response["errors"]
    assert error.endswith(f"[json-pointer:{pointer}]")


def test_knows_everyone_as_slack_describes_them(slack: WebClient, workspace: Workspace) -> None:
    flags = ("is_bot", "deleted", "is_restricted", "is_ultra_restricted", "is_stranger")

    standings = {
        person.handle: {flag for flag in flags if slack.users_info(user=person.id)["user"].get(flag)}
        for person in workspace.people.values()
    }

    assert standings == {
        "vera": set(),
        "ed": set(),
        "grace": set(),
        "gus": {"is_restricted"},
        "sol": {"is_restricted", "is_ultra_restricted"},
        "stella": {"is_stranger"},
        "dana": {"deleted"},
        "im-bot": {"is_bot"},
    }


def test_lists_user_groups_with_their_members_on_request(slack: WebClient) -> None:
    (bare,) = slack.usergroups_list()["usergroups"]
    (full,) = slack.usergroups_list(include_users=True)["usergroups"]
    members = slack.usergroups_users_list(usergroup=EDITORS_GROUP_ID)["users"]

    assert "users" not in bare
    assert full["users"] == members == [GROUP_EDITOR.id]


def test_says_which_channel_is_shared_with_others(slack: WebClient) -> None:
    assert slack.conversations_info(channel=PARTNERS)["channel"]["is_ext_shared"]
    assert not slack.conversations_info(channel=ONCALL)["channel"]["is_ext_shared"]


def test_opens_the_direct_message_and_finds_it_by_person(slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)

    channel = slack.conversations_open(users=[VIEWER.id])["channel"]["id"]
    slack.chat_postMessage(channel=VIEWER.id, text="psst")

    assert slack.conversations_info(channel=channel)["channel"]["user"] == VIEWER.id
    assert vera.next_message()["channel"] == channel


def test_posts_changes_and_deletes_a_message(slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)

    ts = slack.chat_postMessage(channel=ONCALL, text="one", blocks=make_buttons("a"))["ts"]
    slack.chat_update(channel=ONCALL, ts=ts, text="two")
    slack.chat_delete(channel=ONCALL, ts=ts)

    posted, changed, deleted = vera.next(), vera.next(), vera.next()
    assert (posted["type"], posted["message"]["text"]) == ("message", "one")
    assert (changed["type"], changed["message"]["text"], changed["message"]["blocks"]) == (
        "message_changed",
        "two",
        None,
    )
    assert deleted == {"type": "message_deleted", "channel": ONCALL, "ts": ts}


def test_leaves_the_messages_of_others_alone(slack: WebClient, workspace: Workspace, page: OpenPage) -> None:
    page(VIEWER).send("mine")
    (message,) = workspace.messages

    assert refuse(slack, "chat.delete", channel=ONCALL, ts=message.ts)["error"] == "cant_delete_message"


def test_shows_an_ephemeral_message_to_one_person_alone(slack: WebClient, page: OpenPage) -> None:
    vera, ed = page(VIEWER), page(EDITOR)

    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="for you")
    slack.chat_postMessage(channel=ONCALL, text="for all")

    assert [vera.next_message()["ephemeral"], vera.next_message()["ephemeral"]] == [True, False]
    assert ed.next_message()["text"] == "for all"


def test_cannot_post_an_ephemeral_message_outside_the_channel(slack: WebClient) -> None:
    body = refuse(slack, "chat.postEphemeral", channel=PARTNERS, user="U07GUSP9R2D", text="psst")

    assert body["error"] == "user_not_in_channel"


def test_posts_only_where_the_bot_is_a_member(slack: WebClient, workspace: Workspace) -> None:
    workspace.channels[SUPPORT].members.remove(BOT.id)

    assert refuse(slack, "chat.postMessage", channel=SUPPORT, text="hello")["error"] == "not_in_channel"


def test_takes_a_message_a_second_into_each_channel_after_a_burst(
    slack: WebClient, workspace: Workspace
) -> None:
    now = 1_800_000_000.0
    workspace.clock = lambda: now

    def post(channel: str) -> int | str:
        try:
            return slack.chat_postMessage(channel=channel, text="hello").status_code
        except SlackApiError as error:
            return f"{error.response.status_code} after {error.response.headers['Retry-After']}"

    assert [post(ONCALL) for _ in range(6)] == [200] * 5 + ["429 after 1"]
    assert post(SUPPORT) == 200
    now += 1
    assert [post(ONCALL), post(ONCALL)] == [200, "429 after 1"]


def test_fails_the_set_number_of_times_and_then_recovers(slack: WebClient, workspace: Workspace) -> None:
    workspace.faults.fail("auth.test", SlackFault.RATE_LIMITED)
    workspace.faults.fail("auth.test", SlackFault.BROKEN, times=2)

    statuses = []
    for _ in range(4):
        try:
            statuses.append(slack.auth_test().status_code)
        except SlackApiError as error:
            statuses.append(error.response.status_code)

    assert statuses == [429, 500, 500, 200]


def test_leaves_a_call_hanging_until_the_caller_gives_up(url: str, workspace: Workspace) -> None:
    workspace.faults.fail("auth.test", SlackFault.HANG)

    with pytest.raises(requests.Timeout):
        requests.post(f"{url}/api/auth.test", timeout=0.1)

    assert requests.post(f"{url}/api/auth.test", timeout=30).json()["error"] == "not_authed"


def test_says_when_blocks_hold_too_much_text_together(slack: WebClient, workspace: Workspace) -> None:
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 2500}}] * 4

    refusal = refuse(slack, "chat.postMessage", channel=ONCALL, text="x", blocks=json.dumps(blocks))

    assert refusal["error"] == "msg_blocks_too_long"


def test_replies_in_a_thread_and_to_replies_in_the_same(slack: WebClient, workspace: Workspace) -> None:
    first = slack.chat_postMessage(channel=ONCALL, text="one")["ts"]
    reply = slack.chat_postMessage(channel=ONCALL, text="two", thread_ts=first)
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="three", thread_ts=reply["ts"])
    slack.chat_update(channel=ONCALL, ts=reply["ts"], text="two and a half")

    assert reply["message"]["thread_ts"] == first
    assert [message.thread_ts for message in workspace.messages] == [None, first, first]
    assert workspace.messages[1].content.text == "two and a half"


def test_replies_to_nothing_that_is_not_there(slack: WebClient) -> None:
    whisper = slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="psst")["message_ts"]

    for ts in ("1.0", whisper):
        answer = refuse(slack, "chat.postMessage", channel=ONCALL, text="x", thread_ts=ts)
        assert answer["error"] == "thread_not_found"


def test_whispers_only_where_the_bot_is_a_member(slack: WebClient, workspace: Workspace) -> None:
    workspace.channels[ONCALL].members.remove(BOT.id)

    answer = refuse(slack, "chat.postEphemeral", channel=ONCALL, user=VIEWER.id, text="x")

    assert answer["error"] == "not_in_channel"
