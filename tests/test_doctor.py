import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.doctor import check_all
from bot.im.client import IMClient
from bot.playground.faults.faults import SlackFault
from bot.playground.people import BOT, EDITOR, EDITORS_GROUP_ID, GUEST, LEAVER
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.slack.api.people import SlackPeople
from bot.slack.api.scopes import BOT_SCOPES
from bot.store.record import Store
from tests.support.bot import bare_environment, environment_of, im_bot
from tests.support.redis_server import run_redis
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.slack import ONCALL, PARTNERS, make_workspace

APP_ID = "IM_APPS__DEMO__SDK_APP_ID"
KEY = "IM_APPS__DEMO__SECRET_KEY"
API_URL = "IM_APPS__DEMO__API_URL"
NOWHERE = "http://127.0.0.1:9"


@dataclass
class DoctorFixture:
    workspace: Workspace
    sandbox: Sandbox
    environment: Mapping[str, str]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def surroundings(**changes: Any) -> Iterator[DoctorFixture]:
    """Run everything around a bot; yields it with the environment to set."""
    workspace, sandbox = make_workspace(**{"scopes": BOT_SCOPES, **changes}), open_sandbox()
    with BackgroundServer(WebApp(sandbox)) as im, BackgroundServer(make_app(workspace)) as slack:
        settings = make_settings(workspace, slack.url, sandbox, im.url, Path("im-bot.db"))
        groups = {"ROLES__EDITORS": EDITORS_GROUP_ID, "AUDIT_CHANNEL": ONCALL}
        yield DoctorFixture(workspace, sandbox, {**environment_of(settings), **groups})


@pytest.fixture(scope="module")
def fixture() -> Iterator[DoctorFixture]:
    with surroundings() as fixture:
        yield fixture


def diagnose(environment: Mapping[str, str], **changes: str | None) -> list[str]:
    """Run all checks with some variables changed, None unsets one; returns the lines printed."""
    wanted = {name: value for name, value in {**environment, **changes}.items() if value is not None}
    with bare_environment(wanted):
        return [str(check) for check in check_all()]


def failures(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("ok  ")]


def test_finds_nothing_wrong_with_a_bot_that_works(fixture: DoctorFixture) -> None:
    assert diagnose(fixture.environment) == [
        "ok    settings: 1 app(s): demo",
        "ok    connection mode: im-bot socket or im-bot serve",
        "ok    database: readable and writable",
        "ok    Slack token: workspace Playground",
        "ok    Slack scopes: all granted",
        "ok    Socket Mode: Slack opens a connection",
        "ok    people: 0 user id(s) in ROLES__…, all full members",
        f"ok    user group {EDITORS_GROUP_ID}: 1 person",
        f"ok    audit channel {ONCALL}: found",
        "ok    app demo: local accepts its credentials",
    ]


def test_checks_redis_where_it_is_set() -> None:
    with run_redis() as server, surroundings() as fixture:
        lines = diagnose(fixture.environment, REDIS_URL=server.url)

    assert failures(lines) == []
    assert [line for line in lines if line.startswith("ok    Redis: leases calls to processes, in ")]


@pytest.mark.parametrize(
    ("scheme", "options", "what"),
    [
        ("redis://:wrong@", ["--requirepass", "right"], "it refuses the user name or the password"),
        ("redis://", ["--replicaof", "127.0.0.1", "9"], "it is read-only"),
        ("rediss://", [], ""),
    ],
)
def test_says_why_redis_cannot_be_used(scheme: str, options: list[str], what: str) -> None:
    with run_redis(*options) as server, surroundings() as fixture:
        url = f"{scheme}127.0.0.1:{server.port}/0"
        (failure,) = failures(diagnose(fixture.environment, REDIS_URL=url))

    assert failure.startswith(f"FAIL  Redis: Redis cannot be used: {what}")
    assert "Check REDIS_URL" in failure
    assert not any(word in failure for word in ("127.0.0.1", "wrong", str(server.port)))


WRONG_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5f"


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        ({"SLACK_BOT_TOKEN": None}, "Slack token: SLACK_BOT_TOKEN is not set", "OAuth & Permissions"),
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "invalid_auth", "OAuth & Permissions"),
        ({"SLACK_API_URL": f"{NOWHERE}/api/"}, "Slack token: Slack could not be reached", "SLACK_API_URL"),
        (
            {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": None},
            "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
            "im-bot socket",
        ),
        ({"ROLES__EDITORS": "S07NOBODY99"}, "user group S07NOBODY99: ", "Check the id"),
        ({"ROLES__VIEWERS": "S07NOBODY99"}, "user group S07NOBODY99: ", "must have user groups"),
        ({"AUDIT_CHANNEL": "C07NOWHERE9"}, "audit channel C07NOWHERE9: ", "/invite"),
        (
            {"AUDIT_CHANNEL": PARTNERS},
            "people from other organizations can read it",
            "choose an internal one",
        ),
        ({"AUDIT_CHANNEL": None}, "audit channel: AUDIT_CHANNEL is not set", "none to go without"),
        ({"DATABASE_URL": "sqlite:////nowhere/im-bot.db"}, "database: there is no folder", "Create it"),
        ({"DATABASE_URL": "mysql://x"}, "settings: DATABASE_URL must be sqlite:///FILE", "Correct it"),
        ({API_URL: NOWHERE}, "app demo: ", ""),
        ({KEY: WRONG_KEY}, "app demo: ", "SECRET_KEY"),
        ({APP_ID: "1400000099"}, "app demo: ", "REGION"),
        ({"IM_APPS__DEMO__ADMIN": "alice"}, "app demo: ", "ADMIN"),
        ({APP_ID: None}, "settings: IM_APPS__DEMO__SDK_APP_ID is not set", "Correct it in the environment"),
        ({API_URL: None}, "IM_APPS__DEMO__REGION is not set", "Correct it"),
        ({"IM_APPS__DEMO__REGION": "atlantis"}, "IM_APPS__DEMO__REGION must be one of", "Correct it"),
    ],
)
def test_names_what_is_wrong_and_how_to_mend_it(
    fixture: DoctorFixture, changes: Mapping[str, str | None], what: str, fix: str
) -> None:
    (failure,) = failures(diagnose(fixture.environment, **changes))

    assert failure.startswith("FAIL  ")
    assert what in failure
    assert fix in failure
    assert failure.endswith(".")
    assert ".." not in failure
    for secret in ("xoxb-", "made-up", "xapp-test", fixture.environment[KEY], WRONG_KEY, NOWHERE):
        assert secret not in failure.replace("xoxb-…", "").replace("xapp-…", "")


def test_blames_no_scope_when_slack_does_not_list_them() -> None:
    with surroundings(scopes=()) as fixture:
        report = diagnose(fixture.environment)

    assert [line for line in report if "Slack scopes" in line] == [
        "ok    Slack scopes: Slack did not say; compare the app's page with manifest.yml"
    ]


def test_names_the_scopes_that_are_missing() -> None:
    with surroundings(scopes=BOT_SCOPES - {"chat:write"}) as fixture:
        (failure,) = failures(diagnose(fixture.environment))

    assert failure.startswith("FAIL  Slack scopes: missing chat:write.")
    assert "reinstall the app" in failure


def test_names_a_region_that_does_not_know_the_app() -> None:
    # The answer of another region.
    answered = {"ActionStatus": "FAIL", "ErrorCode": 70020, "ErrorInfo": "SdkAppId not found"}
    with surroundings() as fixture, ScriptedServer(answer(answered)) as elsewhere:
        (failure,) = failures(diagnose(fixture.environment, **{API_URL: elsewhere.url}))

    assert failure.startswith("FAIL  app demo: ")
    assert "REGION" in failure


@pytest.mark.parametrize("fault", [SlackFault.BROKEN, SlackFault.RATE_LIMITED])
def test_does_not_blame_the_token_for_a_slack_that_fails(fixture: DoctorFixture, fault: SlackFault) -> None:
    fixture.workspace.faults.fail("auth.test", fault)

    (failure,) = failures(diagnose(fixture.environment))

    assert failure.startswith("FAIL  Slack token: ")
    assert "OAuth & Permissions" not in failure


def test_lists_every_mistake_in_the_settings_and_checks_no_further() -> None:
    lines = diagnose({"PORT": "99999", "LOG_LEVEL": "LOUD"})

    assert len(lines) == 3
    assert all(line.startswith("FAIL  settings: ") for line in lines)


def test_exits_with_one_when_something_fails(tmp_path: Path) -> None:
    done = im_bot("doctor", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("FAIL  settings: no Tencent Chat app is set up")


def test_exits_with_nothing_when_all_is_well(fixture: DoctorFixture, tmp_path: Path) -> None:
    done = im_bot("doctor", cwd=tmp_path, environment=fixture.environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert "FAIL" not in done.stdout


def test_names_the_listed_who_could_not_use_their_role(fixture: DoctorFixture) -> None:
    listed = f"{EDITOR.id},{GUEST.id},U0NOBODY00,{LEAVER.id}"

    (failure,) = failures(diagnose(fixture.environment, ROLES__EDITORS=listed))

    assert failure.startswith("FAIL  people: ")
    assert all(user_id in failure for user_id in (GUEST.id, "U0NOBODY00", LEAVER.id))
    assert EDITOR.id not in failure


def test_finds_an_app_token_that_opens_no_connection(fixture: DoctorFixture) -> None:
    (failure,) = failures(diagnose(fixture.environment, SLACK_APP_TOKEN="xapp-another"))

    assert failure.startswith(
        "FAIL  Socket Mode: Slack refuses to open a connection (invalid_auth). Copy an app"
    )


def test_finds_an_audit_channel_that_the_bot_is_not_in(fixture: DoctorFixture) -> None:
    fixture.workspace.channels[ONCALL].members.discard(BOT.id)
    try:
        (failure,) = failures(diagnose(fixture.environment))
    finally:
        fixture.workspace.channels[ONCALL].members.add(BOT.id)

    assert failure.startswith(f"FAIL  audit channel {ONCALL}: the bot is not in it.")
    assert "/invite @im-bot" in failure


def test_says_why_entries_wait_for_a_channel_that_outsiders_read(fixture: DoctorFixture) -> None:
    (failure,) = failures(diagnose(fixture.environment, AUDIT_CHANNEL=PARTNERS))

    assert "so nothing is posted there and every entry waits. Stop sharing the channel" in failure


def test_goes_on_when_a_check_gets_no_answer(fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    # Made in advance: it takes longer than this test's limit for a check.
    Store("sqlite:///im-bot.db").close()
    silent = {
        (Store, "check"): "FAIL  database: no answer within 2 s.",
        (SlackPeople, "get_identity"): "FAIL  Slack token: no answer within 2 s.",
        (SlackPeople, "list_group"): f"FAIL  user group {EDITORS_GROUP_ID}: no answer within 2 s.",
        (SlackPeople, "is_shared_outside"): f"FAIL  audit channel {ONCALL}: no answer within 2 s.",
        (IMClient, "check_accounts"): "FAIL  app demo: no answer within 2 s.",
    }
    released = threading.Event()
    for owner, method in silent:
        monkeypatch.setattr(owner, method, answer_all_but_the_first(getattr(owner, method), released))
    monkeypatch.setattr("bot.doctor.MAX_CHECK_SECONDS", 2.0)
    # At once, as the checks that get no answer only wait.
    with bare_environment(fixture.environment), ThreadPoolExecutor(len(silent)) as pool:
        reports = list(pool.map(lambda _: [str(check) for check in check_all()], silent))
        released.set()

    said = [line for report in reports for line in report]
    for failure in silent.values():
        assert [line for line in said if line.startswith(failure)], failure
    for report in reports:
        assert report[-1].partition(":")[0] in ("ok    app demo", "FAIL  app demo")


def answer_all_but_the_first(method: Callable[..., Any], released: threading.Event) -> Callable[..., Any]:
    """Make a method whose first call gets no answer until it is released."""
    calls = count()

    def call(*arguments: Any, **named: Any) -> Any:
        return method(*arguments, **named) if next(calls) else released.wait()

    return call
