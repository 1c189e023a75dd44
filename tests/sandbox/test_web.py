"""The sandbox over HTTP: behavior, call log, envelopes, latency and broken connections."""

import socket
import time
from dataclasses import fields
from urllib.parse import urlencode

import pytest
import requests

from bot.sandbox.behavior import Behavior, Fault, update_behavior
from tests.support.sandbox import APP_ID, Caller

NICK = "Tag_Profile_IM_Nick"
SET = b'{"From_Account": "ann", "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": "Anna"}]}'


def nick(caller: Caller) -> str | int:
    return caller.sandbox.apps[APP_ID].accounts["ann"].profile[NICK]


def test_reads_and_sets_settings_over_http(served: Caller) -> None:
    url = f"{served.url}/sandbox/knobs"

    before = served.session.get(url, timeout=30)
    after = served.session.post(
        url, json={"order": "shuffled", "fault": {"kind": "502", "calls": [2]}}, timeout=30
    )

    assert before.headers["Content-Type"] == "application/json"
    assert before.json()["order"] == "as requested"
    assert before.json().keys() == {field.name for field in fields(Behavior)}
    assert after.json()["order"] == "shuffled"
    assert served.sandbox.behavior == Behavior(order="shuffled", fault=Fault(kind="502", calls=(2,)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"ordr": "shuffled"}', "unknown setting: ordr"),
        (b'{"order": "backwards"}', "Invalid enum value"),
        (b'{"fault": {"kind": "fire"}}', "Invalid enum value"),
        (b'{"fault": {"kin": "502"}}', "kind"),
        (b'{"latency_ms": "long"}', "Expected `int`"),
        (b"[]", "Expected `object`"),
        (b"{", "truncated"),
        (b"\xff", "malformed"),
    ],
)
def test_refuses_settings_that_do_not_exist_or_cannot_be_set_so(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        update_behavior(Behavior(), body)


def test_refuses_wrong_settings_over_http_and_keeps_the_old_ones(served: Caller) -> None:
    response = served.session.post(f"{served.url}/sandbox/knobs", json={"ordr": 1}, timeout=30)

    assert response.status_code == 400
    assert "unknown setting: ordr" in response.json()["error"]
    assert served.sandbox.behavior == Behavior()


def test_says_what_there_is_beside_the_api(served: Caller) -> None:
    response = served.session.get(f"{served.url}/sandbox/", timeout=30)

    assert response.status_code == 404
    assert "/sandbox/knobs" in response.json()["error"]


def test_lists_calls_refused_ones_included(served: Caller) -> None:
    began = time.monotonic()
    served.call("im_get_attr_name", {})
    served.call("im_get_attr_name", {}, usersig="")

    listed = served.session.get(f"{served.url}/sandbox/arrivals", timeout=30).json()

    assert served.sandbox.call_times("im_get_attr_name") == listed["im_get_attr_name"]
    assert listed["portrait_get"] == []
    first, second = listed["im_get_attr_name"]
    assert began < first < second < time.monotonic()


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
def test_answers_every_method_but_post_with_a_code(method: str, served: Caller) -> None:
    response = served.session.request(method, f"{served.url}/v4/profile/portrait_get", timeout=30)

    assert response.status_code == 200
    assert method == "HEAD" or response.json()["ErrorCode"] == 60002


def test_answers_an_unknown_command_with_a_code(served: Caller) -> None:
    response = served.session.post(f"{served.url}/v4/profile/portrait_delete", timeout=30)

    assert response.status_code == 200
    assert response.json()["ErrorCode"] == 60009


def test_carries_nothing_out_for_a_caller_who_left_halfway(
    served: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    host, _, port = served.url.removeprefix("http://").partition(":")
    target = f"/v4/profile/portrait_set?{urlencode(served.query)}"
    head = f"POST {target} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {len(SET) + 1}\r\n\r\n"

    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + SET)

    assert served.call("im_get_attr_name", {})["ErrorCode"] == 0
    assert nick(served) == "Ann"
    assert not caplog.records


def test_refuses_a_body_that_is_too_long(served: Caller) -> None:
    served.sandbox.behavior = Behavior(max_body=1000)

    assert served.raw("im_get_attr_name", b" " * 998 + b"{}")["ErrorCode"] == 0
    assert served.raw("im_get_attr_name", b" " * 3_000_000 + b"{}")["ErrorCode"] == 60002


def test_delays_its_answer_by_the_set_latency(served: Caller) -> None:
    served.sandbox.behavior = Behavior(latency_ms=50)
    began = time.monotonic()

    assert served.call("im_get_attr_name", {})["ErrorCode"] == 0
    assert time.monotonic() - began >= 0.05


def test_setting_envelope_adds_and_drops_keys(caller: Caller) -> None:
    body = {"To_Account": ["ann"], "TagList": [NICK]}

    caller.sandbox.behavior = Behavior(envelope="extra keys")
    extra = caller.call("portrait_get", body)
    caller.sandbox.behavior = Behavior(envelope="no ErrorInfo")
    bare = caller.call("portrait_get", body)

    assert extra["Fail_Account"] == extra["Invalid_Account"] == []
    assert extra["RequestId"]
    assert bare.keys() == {"UserProfileItem", "ActionStatus", "ErrorCode", "ErrorDisplay"}


def test_a_bad_gateway_strikes_the_calls_it_is_set_for(served: Caller) -> None:
    served.sandbox.behavior = Behavior(fault=Fault(kind="502", calls=(2, 3)))

    statuses = [served.send("portrait_set", SET).status_code for _ in range(4)]

    assert statuses == [200, 502, 502, 200]
    assert len(served.sandbox.writes) == 2
    assert len(served.sandbox.call_times("portrait_set")) == 4


def test_a_fault_can_be_a_code_and_strike_every_call(served: Caller) -> None:
    served.sandbox.behavior = Behavior(fault=Fault(kind="code", code=60008))

    answers = [served.raw("portrait_set", SET) for _ in range(2)]

    assert {answer["ErrorCode"] for answer in answers} == {60008}
    assert answers[0]["ErrorInfo"] == ("service timeout or request format error,please check and try again")
    assert nick(served) == "Ann"


def test_a_code_without_a_known_text_is_explained(served: Caller) -> None:
    served.sandbox.behavior = Behavior(fault=Fault(kind="code", code=30007))

    answer = served.raw("portrait_set", SET)

    assert answer["ErrorInfo"] == (
        "The sandbox was set to answer with code 30007; it does not know the vendor's text for it."
    )


def test_a_fault_can_strike_one_command_only(served: Caller) -> None:
    served.sandbox.behavior = Behavior(
        fault=Fault(kind="code", code=91000, command="portrait_set", calls=(1,))
    )

    assert served.call("im_get_attr_name", {})["ErrorCode"] == 0
    assert served.raw("portrait_set", SET)["ErrorCode"] == 91000
    assert served.raw("portrait_set", SET)["ErrorCode"] == 0


def test_setting_the_settings_counts_anew(served: Caller) -> None:
    behavior = Behavior(fault=Fault(kind="code", calls=(1,)))

    codes = []
    for _ in range(2):
        served.sandbox.behavior = behavior
        codes += [served.raw("portrait_set", SET)["ErrorCode"] for _ in range(2)]

    assert codes == [60008, 0, 60008, 0]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("hang", requests.exceptions.ReadTimeout),
        ("reset", requests.exceptions.ConnectionError),
        ("truncated", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_a_lost_answer_is_to_a_call_that_was_carried_out(
    kind: str, error: type[Exception], served: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    served.sandbox.behavior = update_behavior(
        Behavior(), b'{"fault": {"kind": "%s", "calls": [1]}}' % kind.encode()
    )
    path = f"{served.url}/v4/profile/portrait_set"

    with pytest.raises(error):
        served.session.post(path, params=served.query, data=SET, timeout=0.2)

    assert nick(served) == "Anna"
    assert served.raw("portrait_set", SET)["ErrorCode"] == 0
    assert not caplog.records


def test_a_reset_is_a_reset(served: Caller) -> None:
    served.sandbox.behavior = Behavior(fault=Fault(kind="reset"))

    with pytest.raises(requests.exceptions.ConnectionError, match="Connection reset by peer"):
        served.send("im_get_attr_name")
