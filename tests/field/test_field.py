from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

from bot.playground.people import BOT, EDITOR, VIEWER
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.playground_app import make_workspace
from bot.serving.background_server import BackgroundServer
from bot.slack.api.client import SlackClient
from tests.field.__main__ import FieldSettings, guide
from tests.field.checks import CHECKS
from tests.field.payloads import GOLDEN, Mistake, Validation, validate_golden, validate_manifest
from tests.field.report import format_report
from tests.field.run import Check, FieldRun, Result, SkippedError
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.slack import ONCALL, SUPPORT, Page, open_page, wait_until

Begun: TypeAlias = tuple[Workspace, FieldRun, "ScriptedPerson"]
Act: TypeAlias = Callable[[], str | None]
Script: TypeAlias = Callable[[str, Act], None]

FACTS = Path(__file__).parents[2] / "docs" / "slack-facts.md"
ANSWERS = "`replace_original` at the URL of a slash command"
TEAMS = "In an Enterprise organization"
REPEATS = "Socket Mode delivers some envelopes twice"


def list_facts() -> dict[str, str]:
    """List the facts of the docs, each with how sure it is."""
    lines = FACTS.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")
    ]
    return {fact: sure for fact, _, sure, _ in rows}


def read_verdicts(report: str) -> dict[str, list[str]]:
    """Read the verdict on each fact, what Slack said, and what the person saw."""
    table = report.split("|---|---|---|---|")[1].partition("##")[0]
    rows = [line[2:-2].split(" | ") for line in table.split("\n") if line]
    return {fact: rest for fact, *rest in rows}


class ScriptedPerson:
    """Reads the terminal, does in the page what it asks for, and types what the page shows.

    Args:
        slack: The address of the local Slack.
        workspace: Its workspace.
    """

    def __init__(self, slack: str, workspace: Workspace) -> None:
        self._slack = slack
        self._workspace = workspace
        self._group = workspace.open_group_message(EDITOR, VIEWER, BOT).id
        self.pages = ExitStack()
        self.page = self._open()
        self._news: list[dict[str, Any]] = []
        self._typed: SimpleQueue[str | None] = SimpleQueue()
        self.script: dict[str, Act] = {
            "Type /im hello": lambda: self.do(self.page.send("/im hello")),
            "Press the": self._press,
            "Press the button in the form": self._press_in_form,
            "reload Slack": self._reload,
            "Close the form": lambda: self._close(clear=False),
            "Close this form too": lambda: self.do(self.page.close(self._see_form())),
            "Close all of it": lambda: self._close(clear=True),
            "press Go": self._submit,
            "Choose nothing else": self._submit_as_it_is,
            "Mention the bot": lambda: self.do(self.page.send("@im-bot hello")),
            "group direct message": lambda: self.do(self.page.send("@im-bot hello", self._group)),
            "Attach any small file": self._attach,
            "with a <": lambda: self.do(self.page.send("@im-bot 1 < 2")),
            "Edit that message": self._edit,
            "What became of": lambda: self._choose("Replaced", "3", message_changed="1", message="2"),
            "below your command": lambda: self._choose("Done", "s", message="1", message_changed="2"),
            "Where do you see": lambda: self._choose("An ephemeral reply", "1", message="2"),
            "is checking this…": lambda: (
                "1" if any(news["type"] == "status" for news in self._look()) else "2"
            ),
            "still there?": lambda: "2" if "This is for you alone" in str(self.page.snapshot) else "1",
            "when you pressed Go": lambda: "1" if self._has_errors() else "3",
        }

    def read(self, line: str) -> None:
        """Read a line of the terminal, and act by the last words of the script that are in it."""
        if line.startswith("\n["):
            self._news.clear()
            return
        acts = [act for words, act in self.script.items() if words in line]
        if acts and (typed := acts[-1]()) is not None:
            self._typed.put(typed)

    @property
    def lines(self) -> Iterator[str]:
        """The lines typed, until the person leaves."""
        return iter(self._typed.get, None)

    def close(self) -> None:
        self._typed.put(None)
        self.pages.close()

    def _open(self) -> Page:
        return self.pages.enter_context(open_page(self._slack, EDITOR))

    def do(self, answer: dict[str, Any]) -> None:
        assert answer == {"ok": True}

    def _look(self) -> list[dict[str, Any]]:
        """Return the news since the check began; a message of one's own is the last."""
        self.do(self.page.send("Hm", SUPPORT))
        while (news := self.page.next()).get("message", {}).get("text") != "Hm":
            self._news.append(news)
        return self._news

    def _find(self, text: str) -> dict[str, Any]:
        found: dict[str, Any] = next(news for news in reversed(self._look()) if text in str(news))
        return found

    def _choose(self, text: str, otherwise: str, **choices: str) -> str:
        """Choose by the way that a text came."""
        found = [news["type"] for news in self._look() if news.get("message", {}).get("text") == text]
        return choices[found[-1]] if found else otherwise

    def _list_views(self) -> list[dict[str, Any]]:
        return [news["view"] for news in self._look() if news.get("view")]

    def _see_form(self) -> dict[str, Any]:
        return self._list_views()[-1]

    def _has_errors(self) -> bool:
        return any(view["errors"] for view in self._list_views())

    def _press(self) -> None:
        self.do(self.page.press(self._find("'action_id': 'press'")["message"], "press"))

    def _press_in_form(self) -> None:
        self.do(self.page.press_in(self._see_form(), "buttons", "next"))

    def _close(self, *, clear: bool) -> str:
        form, before = self._see_form(), self._count_payloads()
        self.do(self.page.close(form, clear=clear))
        if clear:
            wait_until(lambda: self._count_payloads() > before)
        return ""

    def _count_payloads(self) -> int:
        return sum(each["direction"] == "to_bot" for each in tuple(self._workspace.inspector.exchanges))

    def _submit_as_it_is(self) -> None:
        (block,) = self._see_form()["blocks"]
        chosen = {"selected_conversation": block["element"].get("initial_conversation")}
        element = {"type": block["element"]["type"], **chosen}
        state = {block["block_id"]: {block["element"]["action_id"]: element}}
        self.do(self.page.submit(self._see_form(), state))

    def _submit(self) -> str:
        form = self._see_form()
        self.do(self.page.submit(form))
        wait_until(self._has_errors)
        self.do(self.page.close(form))
        return ""

    def _attach(self) -> None:
        self.page.upload("accounts.csv", b"id\n", text="@im-bot file")

    def _edit(self) -> None:
        message = self._find("hello")["message"]
        place = {"channel": message["channel"], "ts": message["ts"]}
        self.do(self.page.edit("@im-bot hello again", **place))

    def _reload(self) -> str:
        self.pages.close()
        self.page = self._open()
        return ""


@contextmanager
def run_local_slack() -> Iterator[tuple[Workspace, FieldSettings, ScriptedPerson]]:
    """Run a local Slack with the app of manifest.yml installed, and a person in it."""
    workspace = make_workspace()
    with BackgroundServer(make_app(workspace)) as server:
        settings = FieldSettings(
            slack_bot_token=SecretStr(workspace.app.bot_token),
            slack_app_token=SecretStr(workspace.app.app_token),
            slack_api_url=f"{server.url}/api/",
        )
        with closing(ScriptedPerson(server.url, workspace)) as person:
            yield workspace, settings, person


@pytest.fixture(scope="module")
def workspace_run() -> Iterator[Begun]:
    """A run in a local Slack that has begun; one for all tests, as closing its connection takes seconds."""
    with run_local_slack() as (workspace, settings, person):
        app = workspace.app
        slack = SlackClient(app.bot_token, settings.slack_api_url)
        run = FieldRun(slack, app.app_token, channel=ONCALL, command="/im", show=person.read, quiet=0.1)
        with closing(slack), run:
            run.read(person.lines)
            run.meet()
            yield workspace, run, person


@pytest.fixture
def workspace(workspace_run: Begun) -> Workspace:
    return workspace_run[0]


@pytest.fixture
def run(workspace_run: Begun) -> FieldRun:
    return workspace_run[1]


@pytest.fixture
def person(workspace_run: Begun) -> ScriptedPerson:
    return workspace_run[2]


@pytest.fixture
def script(person: ScriptedPerson, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Let the person act otherwise during a test."""
    return lambda words, act: monkeypatch.setitem(person.script, words, act)


def find(beginning: str) -> Check:
    (check,) = [check for check in CHECKS if check.fact.startswith(beginning)]
    return check


def test_checks_facts_of_the_docs_and_every_doubtful_one() -> None:
    facts, checked = list_facts(), [check.fact for check in CHECKS]

    assert [fact for fact in checked if fact not in facts] == []
    assert [fact for fact, sure in facts.items() if sure == "doubtful" and fact not in checked] == []


def test_finds_in_the_local_slack_what_the_docs_say() -> None:
    with run_local_slack() as (workspace, settings, person):
        report = guide(settings, ONCALL, person.read, person.lines, quiet=0.1)

    verdicts = read_verdicts(report)
    assert list(verdicts) == [check.fact for check in CHECKS]
    open_facts = [fact for fact, (verdict, *_) in verdicts.items() if verdict != "confirmed"]
    assert open_facts == [find(TEAMS).fact, REPEATS]
    assert "workspace Playground" in report
    assert "## blocks.validate\nskipped: unknown_method" in report
    secrets = (workspace.app.bot_token, workspace.app.app_token, "127.0.0.1", EDITOR.id, EDITOR.name, ONCALL)
    assert [secret for secret in secrets if secret in report] == []


@pytest.mark.parametrize(
    ("setting", "verdict", "seen"),
    [("added", "confirmed", "“Working …” and “Done”"), ("replaced", "refuted", "“Done” alone")],
)
def test_says_what_a_further_answer_to_a_command_does(
    workspace: Workspace, run: FieldRun, *, setting: str, verdict: str, seen: str
) -> None:
    check = find("`replace_original` at the URL of a slash command")
    workspace.fault_controls.apply("command_answers", setting)

    assert run.check(check) == Result(check.fact, verdict, "ok, ok", seen)


@pytest.mark.parametrize(
    ("setting", "verdict", "said"),
    [
        ("listed", "confirmed", "listed"),
        ("left_out", "refuted", "left out"),
    ],
)
def test_says_whether_a_mention_lists_its_files(
    workspace: Workspace, run: FieldRun, *, setting: str, verdict: str, said: str
) -> None:
    check = find("The event of a mention lists")
    workspace.fault_controls.apply("files_in_mentions", setting)

    assert run.check(check) == Result(check.fact, verdict, said)


@pytest.mark.parametrize(("setting", "verdict"), [("chosen", "confirmed"), ("empty", "refuted")])
def test_says_whether_an_updated_form_has_chosen_the_conversation(
    workspace: Workspace, run: FieldRun, *, setting: str, verdict: str
) -> None:
    check = find("`default_to_current_conversation`")
    workspace.fault_controls.apply("updated_views", setting)

    said = f"the conversation is chosen: {setting == 'chosen'}"
    assert run.check(check) == Result(check.fact, verdict, said)


def test_finds_an_envelope_that_came_twice(workspace: Workspace, run: FieldRun) -> None:
    assert run.check(find(REPEATS)).verdict == "skipped"

    workspace.sockets.repeat()
    run.meet()
    wait_until(lambda: run.repeated > 0)

    found = run.check(find(REPEATS))
    assert (found.verdict, found.said) == ("confirmed", f"1 of {run.received} came twice")


def test_skips_what_the_person_skips(run: FieldRun, script: Script) -> None:
    script("below your command", lambda: "s")

    assert run.check(find(ANSWERS)) == Result(find(ANSWERS).fact, "skipped", "by the person")


def test_skips_what_the_token_may_not_do(workspace: Workspace, run: FieldRun) -> None:
    granted, workspace.app.scopes = workspace.app.scopes, workspace.app.scopes - {"files:write"}
    found = run.check(find("An upload URL"))
    workspace.app.scopes = granted

    assert (found.verdict, found.said) == ("skipped", "missing_scope")


def test_refutes_what_does_not_come(run: FieldRun, script: Script) -> None:
    script("Edit that message", lambda: "")

    found = run.check(find("An edited mention"))
    assert (found.verdict, found.said) == ("refuted", "no second event")


def test_skips_the_rest_when_the_person_leaves(run: FieldRun, script: Script) -> None:
    script("below your command", lambda: run.read([]))

    assert run.check_all([find(ANSWERS)]) == [Result(find(ANSWERS).fact, "skipped", "the run ended before")]


def test_does_not_begin_in_another_channel(run: FieldRun, person: ScriptedPerson, script: Script) -> None:
    script("Type /im hello", lambda: person.do(person.page.send("/im hello", SUPPORT)))

    with pytest.raises(SkippedError, match="the command was typed elsewhere"):
        run.meet()


def test_skips_payloads_that_slack_cannot_check(run: FieldRun) -> None:
    assert validate_golden(run.slack) == Validation("blocks.validate", 0, skipped="unknown_method")
    assert validate_manifest(run.slack, "").skipped == "SLACK_CONFIG_TOKEN is not set"


def test_names_the_place_of_each_mistake_that_slack_finds() -> None:
    mistake = {"code": "failed_constraint", "message": "unsupported type: x", "pointer": "/blocks/0/type"}
    refusal = answer({"ok": False, "error": "invalid_blocks", "errors": [mistake]})
    busy = answer({"ok": False, "error": "ratelimited"}, status=429, headers="Retry-After: 0\r\n")
    fine = answer({"ok": True})

    with (
        ScriptedServer(busy, refusal, fine) as server,
        closing(SlackClient("xoxb-test", f"{server.url}/api/")) as client,
    ):
        found = validate_golden(client)

    assert found.mistakes == (Mistake(GOLDEN[0].name, "/blocks/0/type", "unsupported type: x"),)
    assert (found.checked, found.skipped) == (len(GOLDEN), "")
    assert "| attributes_one.json | /blocks/0/type | unsupported type: x |" in format_report(
        date(2026, 12, 1), "Playground", [], [found]
    )


def test_checks_views_as_views_and_the_manifest_with_its_own_token() -> None:
    with (
        ScriptedServer(answer({"ok": True})) as server,
        closing(SlackClient("xoxb-test", f"{server.url}/api/")) as client,
    ):
        assert validate_manifest(client, "xoxe-config").checked == 1
        validate_golden(client)

    manifest, *golden = server.requests
    assert manifest.headers["authorization"] == "Bearer xoxe-config"
    kinds = [next(iter(dict(parse_qsl(each.body.decode())))) for each in golden]
    named_views = [path.name.startswith(("view_", "home_")) for path in GOLDEN]
    assert kinds == ["view" if is_view else "message" for is_view in named_views]
