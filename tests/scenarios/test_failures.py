import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

import pytest
import trustme

from bot.playground.faults.faults import RESPONSE_URL, SlackFault
from bot.playground.people import VIEWER
from bot.settings import AppSettings
from tests.support import scripted_server as responses
from tests.support.running_bot import RunningBot, SlackUser, run_bot
from tests.support.scripted_im import failed_call
from tests.support.scripted_server import ScriptedServer, ServerResponse, answer

BODY = b'{"ErrorCode":0,"UserProfileItem":[]}'
ELSEWHERE = "Location: http://localhost:1/\r\n"

VENDOR: Mapping[str, tuple[ServerResponse, str, str]] = {
    "bad-gateway": (answer(b"Bad gateway", status=502), r"Tencent Chat is down \(HTTP 502\)", "Try again"),
    "moved": (
        answer(b"", status=302, headers=ELSEWHERE),
        r"another server answered",
        "check the API's address",
    ),
    "reset": (responses.reset(), "connection to Tencent Chat broke", "Try again"),
    "half": (responses.half(BODY), "connection to Tencent Chat broke", "Try again"),
    "no-json": (answer(b"<html>"), "not JSON", "tell the bot's operator"),
    "shape": (answer({"ErrorCode": "none"}), "not in the documented format", "tell the bot's operator"),
    "internal": (answer(failed_call(40006)), r"couldn't read this account \(40006\)", "Try again"),
    "too-many": (answer(failed_call(60007)), r"rate-limited by Tencent Chat \(60007\)", "Try again"),
    "expired": (answer(failed_call(70001)), r"signature has expired \(70001\)", "the machine's clock"),
    "refused": (
        answer(failed_call(40001)),
        r"rejected this request for profiles as invalid \(40001\)",
        "Tell the bot's operator",
    ),
    "wrong-region": (answer(failed_call(70020)), r"no such app in this region \(70020\)", "app's region"),
    "no-admin": (answer(failed_call(60010)), r"not an admin of the app \(60010\)", "is an admin"),
    "unheard-of": (answer(failed_call(99999)), r"undocumented code \(99999\)", "Tencent Chat's console"),
}
UNREACHABLE = {
    "nobody-there": ("http://127.0.0.1:1", "no connection to Tencent Chat", "operator"),
    "no-name": ("https://im.invalid", "no connection to Tencent Chat|name", "operator"),
}


@contextmanager
def apps_on_a_bad_day() -> Iterator[dict[str, AppSettings]]:
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(ScriptedServer(behave)).url for name, (behave, _, _) in VENDOR.items()
        }
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(context)
        urls["unknown-authority"] = stack.enter_context(ScriptedServer(answer(BODY), tls=context)).url
        urls |= {name: url for name, (url, _, _) in UNREACHABLE.items()}
        yield {
            name: AppSettings(sdk_app_id=1, secret_key="made-up", api_url=url) for name, url in urls.items()
        }


def patiently(slack_user: SlackUser) -> str:
    """Wait for an answer after retries and time-outs, longer than a page usually does."""
    for _ in range(4):
        with suppress(TimeoutError):
            return str(slack_user.answer()["text"])
    raise AssertionError("no answer")


def test_says_what_is_wrong_with_the_vendor_and_what_to_do() -> None:
    expected = {name: parts for name, (_, *parts) in {**VENDOR, **UNREACHABLE}.items()}
    expected["unknown-authority"] = ["certificate", "operator"]
    with (
        apps_on_a_bad_day() as apps,
        run_bot("socket", im_apps=apps) as running_bot,
        running_bot.act_as() as vera,
    ):
        for name in apps:
            vera.page.send(f"/im profile alice bob --app {name}")
        said: dict[str, str] = {}
        while len(said) < len(apps):
            text = patiently(vera)
            if not text.startswith(("Looking up", "Waiting in the queue")):
                said[text.split("\n")[0].split("·  ")[-1].split()[0]] = text

    for name, (happened, advice) in expected.items():
        assert "0 of 2 found  ·  2 failed" in said[name], said[name]
        assert re.search(happened, said[name]), said[name]
        assert re.search(advice, said[name]), said[name]


@pytest.fixture(scope="module")
def running_bot() -> Iterator[RunningBot]:
    with run_bot("socket") as running_bot:
        yield running_bot


@pytest.mark.parametrize("fault", [SlackFault.RATE_LIMITED, SlackFault.BROKEN])
def test_answers_although_slack_refuses_the_first_post(running_bot: RunningBot, fault: SlackFault) -> None:
    running_bot.workspace.faults.fail(RESPONSE_URL, fault)
    with running_bot.act_as() as vera:
        assert "1 of 1 found" in vera.ask("/im profile alice")["text"]


def test_answers_by_direct_message_when_the_response_url_stays_broken(running_bot: RunningBot) -> None:
    running_bot.workspace.faults.fail(RESPONSE_URL, SlackFault.BROKEN, times=2)
    with running_bot.act_as() as vera:
        message = vera.ask("/im profile alice")

    assert message["channel"] == f"D{VIEWER.id[1:]}"
    assert "1 of 1 found" in message["text"]


def test_goes_on_when_slack_takes_nothing_at_all(running_bot: RunningBot) -> None:
    running_bot.workspace.faults.fail(RESPONSE_URL, SlackFault.BROKEN, times=2)
    running_bot.workspace.faults.fail("chat.postMessage", SlackFault.BROKEN)
    with running_bot.act_as() as vera:
        vera.page.send("/im whoami")
        assert "1 of 1 found" in _first_lookup(vera)


def _first_lookup(vera: SlackUser) -> str:
    while "found" not in (text := vera.ask("/im profile alice")["text"]):
        pass
    return str(text)


def test_waits_for_slack_that_hangs() -> None:
    with run_bot("http") as running_bot, running_bot.act_as() as vera:
        running_bot.workspace.faults.fail(RESPONSE_URL, SlackFault.HANG)
        vera.page.send("/im whoami")
        said = patiently(vera)

    assert "You are a viewer" in said


@pytest.mark.parametrize("fault", [SlackFault.RATE_LIMITED, SlackFault.BROKEN])
def test_refuses_whom_slack_does_not_vouch_for(fault: SlackFault) -> None:
    with run_bot("http") as running_bot, running_bot.act_as() as vera:
        running_bot.workspace.faults.fail("users.info", fault)
        refused, answered = vera.ask("/im profile alice"), vera.ask("/im profile alice")

    assert "Slack could not confirm who you are" in refused["text"]
    assert "Try again in a minute" in refused["text"]
    assert "1 of 1 found" in answered["text"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/im", "Look up accounts in"),
        ("/im  ,,, ;;; !!!", "Unknown command"),
        ("/im profile ,,,", "Which account?"),
        ("/im profile 😀", "no such account"),
        ("/im profile " + " ".join(map(str, range(1200))), "1,200 ids; one command takes at most 1,000"),
        ("/im profile " + " ".join(map(str, range(5000))), "characters; one command takes at most 5,000"),
        ("/im profile " + "x" * 33, "at most 32 bytes"),
        ("/im profile " + "x" * 200_000, "characters; one command takes at most 5,000"),
        ('/im profile "alice', "is not closed"),
    ],
    ids=lambda value: value[:20],
)
def test_says_what_to_do_about_anything_a_person_types(running_bot: RunningBot, text: str, said: str) -> None:
    with running_bot.act_as() as vera:
        message = vera.ask(text)
        after = vera.ask("/im profile alice")

    assert said in message["text"]
    assert "1 of 1 found" in after["text"]


def test_says_over_http_too_that_a_paste_is_too_long() -> None:
    with run_bot("http") as running_bot, running_bot.act_as() as vera:
        message = vera.ask("/im profile " + "x" * 1_000_000)
        after = vera.ask("/im profile alice")

    assert "one command takes at most 5,000" in message["text"]
    assert "1 of 1 found" in after["text"]
