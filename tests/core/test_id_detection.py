import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.id_detection import MOST, MOST_WORDS, find_candidates, weigh
from bot.core.ids import MAX_ID_BYTES

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def likely(text: str) -> list[str]:
    return [each.account for each in find_candidates(text) if each.likely]


def possible(text: str) -> list[str]:
    return [each.account for each in find_candidates(text) if not each.likely]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("alice_1 and bob_k cannot log in since 10:42", ["alice_1", "bob_k"]),
        ("user alice_1 could not send, neither could `carol`", ["alice_1", "carol"]),
        ("Users: alice, bob_k and carol. Region: eu", ["alice", "bob_k", "carol"]),
        ("user: alice, please have a look", ["alice"]),
        ("*Requester:* dave@example.com\n*Priority:* high", ["dave@example.com"]),
        ("uid=10023 level=3 status=200", ["10023"]),
        ("userId => 'Bob K', owner -> \"zoë\"", ["Bob K", "zoë"]),
        ('{"From_Account": "jared", "To_Account": ["Tom", "Bob K"], "Level": 3}', ["jared", "Tom", "Bob K"]),
        (json.dumps({"UserID": "user_001", "ErrorCode": 40003, "TraceId": TRACE}), ["user_001"]),
        (json.dumps({"CheckItem": [{"UserID": "u1x"}, {"UserID": "u2x"}]}, indent=2), ["u1x", "u2x"]),
        ("https://admin.example.com/users/alice_1?tab=2#top", ["alice_1"]),
        ("https://x.example/?user=bob%5Fk&t=1700000000 or https://y.example/a?uid=10023", ["bob_k", "10023"]),
        ("group owner: @RBT#001, member: 13800138000", ["@RBT#001", "13800138000"]),
        (
            (
                "[FIRING:2] HighErrorRate im-gateway (critical)\n"
                "instance=10.2.3.4:9090 job=im-gateway user=bob_k region=ap-southeast-1 p99=2.4s\n"
                f"started 2026-11-21T10:00:00.123Z trace {TRACE}"
            ),
            ["bob_k"],
        ),
        (
            (
                "Labels:\n - alertname = LoginFailures\n - account = user_007\n - pod = auth-7d9f8b6-x2x9z\n"
                "Value: 12.5  Source: https://grafana.example.com/d/a1B2c3/logins?orgId=1&from=1700000000000"
            ),
            ["user_007"],
        ),
        (
            (
                "SendError: user user_012 has no device token\nbot.im.push in send at line 214\n"
                "environment: production   release: v1.42.0   server_name: push-3"
            ),
            ["user_012"],
        ),
        (
            (
                "Triggered #48213: kicking failed 14 times in 5m\nService: im-core\n"
                "Assigned to: On-Call\nAffected accounts: user_003, user_004\nhttps://x.pagerduty.com/incidents/Q1AB2"
            ),
            ["user_003", "user_004"],
        ),
        (
            (
                "Ticket #4711 from dave@example.com\nMember ID: carol77\nI can not log in since Monday!! "
                "My friend erin_b has the same problem. Sent from my phone"
            ),
            ["carol77", "erin_b"],
        ),
    ],
)
def test_finds_the_likely_ids_in_the_order_of_appearance(text: str, ids: list[str]) -> None:
    assert likely(text) == ids


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thanks, that works for me",
        "10.2.3.4:9090 2026-11-21 10:42 p99 2.4s 99.95% v1.42.0 HTTP 502 12ms ap-southeast-1 1700000000",
        "https://grafana.example.com/d/logins?orgId=1&refresh=5s",
        "user: null, account: unknown, owner: none",
        "<!here> #4711 $HOME /etc/passwd",
        "user: " + "x" * (MAX_ID_BYTES + 1),
    ],
)
def test_finds_nothing_where_there_is_nothing(text: str) -> None:
    assert likely(text) == []
    assert len(possible(text)) <= 2


def test_offers_without_ticking_what_may_be_something_else() -> None:
    assert possible("alice says hello to mallory") == ["alice", "mallory"]
    assert possible(f"trace {TRACE}, ticket INC-1234, checkout.service") == [
        TRACE,
        "INC-1234",
        "checkout.service",
    ]
    assert possible("Affected users: 1532") == ["1532"]


def test_offers_no_words_of_prose() -> None:
    assert len(possible(" ".join(f"{'abcdefghij'[n % 10]}lorem" for n in range(30)))) <= MOST_WORDS
    assert possible(" ".join(f"{'abcdefghij'[n % 10]}lorem" for n in range(60))) == []


def test_takes_each_once_with_the_best_of_its_places() -> None:
    assert find_candidates("alice, and again: user=alice, `alice`")[0].likely
    assert len(find_candidates("alice, and again: user=alice, `alice`")) == 1


def test_keeps_the_likely_when_there_are_too_many() -> None:
    text = " ".join(f"name{n}.part" for n in map(chr, range(97, 123)))
    crowd = ", ".join(f"user_{n:03}" for n in range(495))
    found = find_candidates(f"{text}\nusers: {crowd}")

    assert len(found) == MOST
    assert sum(each.likely for each in found) == 495
    assert [each.account for each in found][-1] == "user_494"


pieces = st.sampled_from(
    [
        "user",
        "uid=",
        "[",
        "]",
        '"',
        "'",
        "`",
        ",",
        ":",
        " ",
        "\n",
        "https://",
        "/users/",
        "?user=",
        "%",
        "_",
        "1",
        "@",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=[])) | st.lists(pieces, max_size=300).map("".join))
def test_takes_any_text(text: str) -> None:
    found = find_candidates(text)

    assert len(found) <= MOST
    assert len({each.account for each in found}) == len(found)
    assert all(0 < len(each.account.encode()) <= MAX_ID_BYTES for each in found)


@pytest.mark.parametrize(
    "piece",
    [
        "user:",
        "user: a, ",
        'user: ["',
        "[",
        "a.",
        "_",
        "`",
        "https://",
        "/users/",
        "user=[user",
        "1:",
        "user ",
        "?a=",
        "é",
    ],
)
def test_reads_the_longest_of_any_kind(piece: str) -> None:
    assert len(find_candidates(piece * 50_000)) <= MOST


@given(st.text(st.characters(exclude_categories=[])))
def test_weighs_any_word(word: str) -> None:
    assert isinstance(weigh(word), int)
