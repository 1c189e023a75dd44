"""A tour through the bot with full logs: no secret in logs or messages."""

import json
import re
from dataclasses import dataclass

import pytest

from bot.logs import set_up_logs
from bot.playground.faults.faults import RESPONSE_URL, UPLOAD_URL, SlackFault
from bot.playground.people import EDITOR, GUEST, VIEWER
from bot.playground.workspace import Workspace
from bot.playground_app import make_workspace, open_playground
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.run import open_sandbox
from tests.support.slack import open_page

MANY = " ".join(f"user{number}" for number in range(40))
TOUR = (
    "",
    "help",
    "help profile",
    "whoami",
    "profile alice bob_k nobody",
    "profile alice --share",
    "profile alice --csv",
    f"profile {MANY}",
    "friends alice bob_k",
    "attr alice",
    "profile --app nowhere alice",
    "profile alice --fields nonsense",
    "porfile alice",
    "profile",
    "profile @vera <@U07VERA2K1Q> \N{LEFT SINGLE QUOTATION MARK}alice \N{RIGHT-TO-LEFT OVERRIDE}",
)
OUTAGES = (
    Behavior(fault=Fault(kind="reset")),
    Behavior(fault=Fault(kind="code", code=70003)),
)


@dataclass(frozen=True)
class TourOutput:
    """The log and the messages of the tour."""

    log: str
    messages: str
    workspace: Workspace
    key: str


def tour(caplog: pytest.LogCaptureFixture) -> TourOutput:
    caplog.set_level("DEBUG")
    set_up_logs("DEBUG")
    workspace, sandbox = make_workspace(), open_sandbox()
    shown: list[object] = []
    with open_playground(workspace, sandbox) as url:
        for person, texts in ((VIEWER, TOUR), (EDITOR, TOUR[:5]), (GUEST, TOUR[4:5])):
            with open_page(url, person) as page:
                for text in texts:
                    page.send(f"/im {text}".rstrip())
                    shown.append(page.next())
        with open_page(url, VIEWER) as page:
            for method in (RESPONSE_URL, "users.info", "conversations.info", UPLOAD_URL):
                workspace.faults.fail(method, SlackFault.BROKEN, times=2)
                page.send(f"/im profile alice {'--csv' if method == UPLOAD_URL else '--share'}")
                shown.append(page.next())
            for behavior in OUTAGES:
                sandbox.behavior = behavior
                page.send("/im profile alice")
                shown.append(page.next())
    app = next(iter(sandbox.apps.values()))
    return TourOutput(caplog.text, json.dumps(shown), workspace, app.key)


def test_shows_and_logs_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    output = tour(caplog)
    secrets = {
        "bot token": output.workspace.app.bot_token,
        "app token": output.workspace.app.app_token,
        "signing secret": output.workspace.app.signing_secret,
        "secret key": output.key,
        "any token": "xox[a-z]-|xapp-[0-9a-f]",
        "UserSig": "usersig=|eJ[A-Za-z0-9*-]{30}",
        "response URL": "|".join(["/response/", *map(re.escape, output.workspace.response_urls)]),
        "trigger id": r"\d+\.\d+\.[0-9a-f]{32}",
        "socket ticket": "ticket=",
        "upload URL": "/upload/",
    }

    assert output.workspace.response_urls
    assert {name for name, secret in secrets.items() if re.search(secret, output.messages)} == set()
    assert {name for name, secret in secrets.items() if re.search(secret, output.log)} == set()
    assert "answered with UsageError" in output.log
    assert "could not answer at a response URL" in output.log
    assert "Alice" in output.messages
    assert "Alice" not in output.log
