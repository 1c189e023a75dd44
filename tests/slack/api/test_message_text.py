from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.id_detection import find_candidates
from bot.slack.api.message_text import read_words, unmark


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: dict[str, Any], kind: str = "section") -> dict[str, Any]:
    return {"type": f"rich_text_{kind}", "elements": list(elements)}


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


ADDRESS = "user_9@example.com"
HER_PAGE = "https://admin.example.com/users/zoe_l"
PERSON = {"type": "user", "user_id": "U07VERA"}
PARTS = ["type", "text", "elements", "fields", "blocks", "title", "value", "style", "url", "rows"]
GRAFANA = {
    "text": "",
    "attachments": [
        {
            "color": "#D63232",
            "fallback": "[FIRING:1] LoginFailures",
            "title": "[FIRING:1] LoginFailures",
            "title_link": "https://grafana.example.com/alerting/list?orgId=1",
            "text": "*Labels*\n - alertname = LoginFailures\n - account = user_007\n<https://x.example/?uid=10023|see>",
            "footer": "Grafana v10.2.3",
        }
    ],
}
ZENDESK = {
    "text": "New ticket",
    "attachments": [
        {
            "pretext": "New ticket from <mailto:dave@example.com|dave@example.com>",
            "fields": [
                {"title": "Requester", "value": "dave@example.com", "short": True},
                {"title": "User", "value": "carol", "short": True},
                {"title": "Priority", "value": "high"},
            ],
        }
    ],
}
SENTRY = {
    "text": "fallback that nobody sees: mallory_1",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "SendError in im-core"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*User*\nalice_1"}]},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "Tags: `user.id: bob_k` &amp; `level: 3`"},
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "<@U07VERA> resolved :tada:"}]},
    ],
}
TYPED = {
    "text": "fallback",
    "blocks": [
        rich(
            section(
                text("please check "),
                text("carol", code=True),
                text(" and "),
                {"type": "user", "user_id": "U07"},
            ),
            section(text('{"UserID": "erin", "n": 3}'), kind="preformatted"),
            {
                "type": "rich_text_list",
                "elements": [section({"type": "link", "url": f"mailto:{ADDRESS}", "text": ADDRESS})],
            },
            section(
                {"type": "link", "url": HER_PAGE, "text": "her page"},
                kind="quote",
            ),
        )
    ],
}


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ({"text": "user `alice_1` &amp; <https://x.example/users/bob_k|bob_k>"}, ["alice_1", "bob_k"]),
        ({"text": '```{"To_Account": ["Tom", "Bob K"]}```'}, ["Tom", "Bob K"]),
        ({"text": "_user:_ *alice*, <@U07VERA> <!here> <#C07ONCALL|oncall>"}, ["alice"]),
        ({"text": "owner: <mailto:dave@example.com|dave@example.com>"}, ["dave@example.com"]),
        (GRAFANA, ["user_007", "10023"]),
        (ZENDESK, ["dave@example.com", "carol"]),
        (SENTRY, ["alice_1", "bob_k"]),
        (TYPED, ["carol", "erin", ADDRESS, "zoe_l"]),
    ],
)
def test_finds_ids_wherever_a_message_has_them(message: dict[str, Any], ids: list[str]) -> None:
    found = find_candidates(read_words(message))

    assert [each.account for each in found if each.likely or "@" in each.account] == ids


def test_undoes_escapes_once() -> None:
    assert unmark("&amp;lt; &lt;b&gt;") == "&lt; <b>"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "fields", "blocks", "title", "value", "style", "url", "rows"]
            ),
            inner | st.sampled_from(["rich_text_section", "text", "link", "mrkdwn"]),
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(st.fixed_dictionaries({}, optional={"text": json, "blocks": json, "attachments": json}))
def test_reads_any_message(message: dict[str, Any]) -> None:
    find_candidates(read_words(message))


def test_reads_no_deeper_than_blocks_go() -> None:
    node: Any = {"type": "mrkdwn", "text": "alice_1"}
    for _ in range(500):
        node = {"elements": [node]}

    assert read_words({"blocks": [node]}) == ""
