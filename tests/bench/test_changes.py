"""Time of a confirmed change beyond its calls to IM."""

import http.client
import json
import time
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import pytest

from bot.core.fields import PROFILE_FIELDS
from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR
from bot.sandbox.demo import demo_app
from bot.sandbox.server import Sandbox
from tests.bench.conftest import Start
from tests.support.bench import BOT, show
from tests.support.bot import press
from tests.support.sandbox import PATHS, Caller
from tests.support.slack_process import RequestSender, SlackProcess

pytestmark = pytest.mark.bench

ACCOUNT = "user_001"
NICK = PROFILE_FIELDS[0].tag
ROUNDS = 61
GAP = 0.01
"""Seconds between two measurements."""


@pytest.fixture(scope="module")
def settings(settings: dict[str, str]) -> dict[str, str]:
    return {**settings, "ROLES__EDITORS": EDITOR.id, "AUDIT_CHANNEL": AUDIT_CHANNEL_ID}


def call(connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
    connection.request("POST", path, body)
    return connection.getresponse().read()


def test_from_confirm_to_outcome(start: Start, slack: SlackProcess, im_url: str) -> None:
    caller = Caller(Sandbox(demo_app()), im_url)
    caller.session.close()
    get, put = (f"{PATHS[each]}?{urlencode(caller.query)}" for each in ("portrait_get", "portrait_set"))
    question = json.dumps({"To_Account": [ACCOUNT], "TagList": [NICK]}).encode()
    with (
        closing(RequestSender(start(*BOT, "serve"))) as sender,
        closing(http.client.HTTPConnection(urlsplit(im_url).netloc)) as im,
        closing(http.client.HTTPConnection(urlsplit(slack.responses).netloc)) as responses,
    ):

        def propose(nick: str) -> bytes:
            sender.send(f"set {ACCOUNT} nick={nick}", slack.responses, EDITOR)
            return press(slack.next_post().body, "confirm_change", slack.responses, EDITOR)

        def confirm(body: bytes) -> tuple[float, bytes]:
            sent, _ = sender.post(body)
            outcome = slack.next_post()
            assert b"Done." in outcome.body
            return outcome.at - sent, outcome.body

        _, answer = confirm(propose("first"))

        def asking(nick: str) -> float:
            change = {"From_Account": ACCOUNT, "ProfileItem": [{"Tag": NICK, "Value": nick}]}
            steps = (get, question), (put, json.dumps(change).encode()), (get, question)
            began = time.monotonic()
            for step in steps:
                assert json.loads(call(im, *step))["ErrorCode"] == 0
            return time.monotonic() - began

        def posting() -> float:
            began = time.monotonic()
            call(responses, "/", answer)
            return slack.next_post().at - began

        ours, bare, post = [], [], []
        for number in range(ROUNDS):
            confirmed = propose(f"ours_{number}")
            time.sleep(GAP)
            ours.append(confirm(confirmed)[0] * 1000)
            time.sleep(GAP)
            bare.append(asking(f"bare_{number}") * 1000)
            time.sleep(GAP)
            post.append(posting() * 1000)

    added = [whole - calls - one for whole, calls, one in zip(ours, bare, post, strict=True)]
    show(
        "From Confirm to the outcome at the response URL, ms",
        {"im-bot": ours, "IM's three calls, bare": bare, "one bare POST": post, "what the bot adds": added},
        {"what the bot adds": 15},
    )
