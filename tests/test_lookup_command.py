"""Runs of `im-bot lookup` against the sandbox; as processes where signals, pipes or the end of one count."""

import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias

import pytest

from bot.core.lookups.kinds import LOOKUP_KINDS
from bot.core.model import Entry, Outcome, RecordQuery, Surface
from bot.sandbox.behavior import Fault
from bot.sandbox.data import Account
from bot.sandbox.server import Sandbox
from bot.store.record import Store
from bot.store.verify import verify_url
from tests.support.bot import ROOT, im_bot, im_bot_here
from tests.support.migrated import migrated_file, migrated_schema
from tests.support.sandbox import APP_ID, KEY, Caller, crowd, serving
from tests.support.slack import wait_until

BUSY = 10_000
CROWD = [f"u{number:05}" for number in range(BUSY)]


@pytest.fixture(scope="module")
def far_end() -> Iterator[Caller]:
    """A sandbox with a crowd, whose Alice has what a spreadsheet must not run, and a friend."""
    app = crowd(BUSY)
    alice: dict[str, str | int] = {"Tag_Profile_IM_Nick": '=HYPERLINK("x")', "Tag_Profile_IM_Level": 3}
    app.accounts["alice"] = Account(
        profile=alice, friends={"bob": {"Tag_SNS_IM_Remark": "Bobby"}}, attributes={"team": "red"}
    )
    app.accounts["bob"] = Account(attributes={"team": "blue", "city": "Oslo"})
    app.accounts["carol"] = Account()
    with serving(Sandbox(app)) as caller:
        yield caller


@pytest.fixture(autouse=True)
def usual(far_end: Caller) -> Iterator[None]:
    usual = far_end.sandbox.behavior
    yield
    far_end.sandbox.behavior = usual


Done: TypeAlias = "subprocess.CompletedProcess[str]"


@dataclass(frozen=True)
class Terminal:
    """A terminal in a folder of its own."""

    folder: Path
    environment: dict[str, str]
    far_end: Caller

    def run(
        self,
        ids: str,
        *arguments: str,
        out: str = "out.csv",
        program: Callable[..., Done] = im_bot_here,
        **others: str,
    ) -> Done:
        """Run a lookup of these ids to its end, with the rest of the command line."""
        (self.folder / "ids.txt").write_text(ids, encoding="utf-8")
        kind, *rest = arguments or ("profile",)
        command = ("lookup", kind, "--ids", "ids.txt", "--out", out, *rest)
        return program(*command, cwd=self.folder, environment={**self.environment, **others})

    @contextmanager
    def begin(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Begin a slow lookup of the crowd, and wait until some of it is written."""
        self.far_end.sandbox.behavior = replace(self.far_end.sandbox.behavior, latency_ms=500)
        (self.folder / "ids.txt").write_text("\n".join(CROWD))
        with self.open("--ids", "ids.txt", stderr=subprocess.PIPE) as process:
            wait_until(lambda: self.part.exists() and self.part.stat().st_size > 100_000)
            yield process
            process.kill()

    def open(self, *arguments: str, **pipes: Any) -> "subprocess.Popen[bytes]":
        """Open a process that looks up profiles."""
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "lookup", "profile", *arguments, "--out", "out.csv"],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.environment},
            stdout=subprocess.PIPE,
            **pipes,
        )

    @property
    def part(self) -> Path:
        return self.folder / "out.csv.part"

    @property
    def rows(self) -> list[dict[str, str]]:
        text = (self.folder / "out.csv").read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    @property
    def entries(self) -> list[Entry]:
        store = Store(self.environment["DATABASE_URL"])
        try:
            found = store.search(RecordQuery(), None, 100).entries
        finally:
            store.close()
        return [entry for entry in reversed(found) if isinstance(entry, Entry)]

    def count_calls(self) -> int:
        return len(self.far_end.sandbox._call_log["portrait_get"])


@pytest.fixture
def terminal(far_end: Caller, tmp_path: Path) -> Terminal:
    environment = {
        "IM_APPS__DEMO__SDK_APP_ID": str(APP_ID),
        "IM_APPS__DEMO__SECRET_KEY": KEY,
        "IM_APPS__DEMO__API_URL": far_end.url,
        "DATABASE_URL": migrated_file(tmp_path / "im-bot.db"),
    }
    return Terminal(tmp_path, environment, far_end)


def test_help_loads_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys; from bot.__main__ import make_parser; "
        "make_parser().parse_args(['lookup', 'profile', '--ids', '-', '--out', 'x.csv']); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert {"slack_bolt", "slack_sdk", "requests", "pydantic", "sqlalchemy", "tqdm"} & set(
        done.stdout.split()
    ) == set()


def test_a_lookup_loads_no_slack() -> None:
    program = "import sys, bot.lookup_command; print(*{name.partition('.')[0] for name in sys.modules})"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert {"slack_bolt", "slack_sdk"} & set(done.stdout.split()) == set()


def test_writes_each_id_once_in_the_order_of_the_file(terminal: Terminal) -> None:
    long = "x" * 40
    done = terminal.run(
        f"carol\n\nalice\r\nnobody\nalice\n{long}\n  bob \n", "profile", "--as", "Ann", program=im_bot
    )

    rows = terminal.rows
    assert [(row["account"], row["status"], row["code"]) for row in rows] == [
        ("carol", "found", ""),
        ("alice", "found", ""),
        ("nobody", "not imported", "40003"),
        (long, "not asked", ""),
        ("bob", "found", ""),
    ]
    assert rows[1]["Nickname"] == '\'=HYPERLINK("x")'
    assert rows[1]["Level"] == "3"
    assert rows[3]["message"] == "over 32 bytes"
    assert done.returncode == 1
    assert done.stdout == "out.csv: 5 ids: 3 found, 1 not imported, 1 not asked\n"
    assert "1 more given twice" in done.stderr
    assert "1 failed or not asked" in done.stderr
    assert not [*terminal.folder.glob("out.csv.*")]
    assert (terminal.folder / "out.csv").stat().st_mode & 0o077 == 0

    (asked, ended) = terminal.entries
    assert asked.event.actor.user_id == "terminal:Ann"
    assert asked.event.surface is Surface.TERMINAL
    assert asked.event.accounts == ("carol", "alice", "nobody", "bob")
    assert asked.event.outcome is Outcome.ANSWERED
    assert ended.event.outcome is Outcome.EXPORTED
    assert ended.event.accounts == ()
    assert ended.event.reason.endswith(": 3 found, 1 not imported, 1 not asked")


def test_ends_with_0_when_all_are_answered(terminal: Terminal) -> None:
    assert terminal.run("alice\nnobody\n").returncode == 0


def test_writes_json_lines(terminal: Terminal) -> None:
    terminal.run("alice\nnobody\n", "profile", "--fields", "level,nick", out="out.jsonl")

    first, second = map(json.loads, (terminal.folder / "out.jsonl").read_text("utf-8").splitlines())
    del first["read_at"]
    assert first == {
        "account": "alice",
        "status": "found",
        "code": None,
        "message": "",
        "app": "demo",
        "values": {"nick": '=HYPERLINK("x")', "level": 3},
    }
    assert (second["status"], second["code"], second["message"]) == ("not imported", 40003, "no such account")


def test_looks_into_a_friend_list(terminal: Terminal) -> None:
    done = terminal.run("bob\ncarol\nnobody\n", "friends", "--owner", "alice")

    rows = terminal.rows
    assert [(row["account"], row["status"], row["Remark"]) for row in rows] == [
        ("bob", "found", "Bobby"),
        ("carol", "not a friend", ""),
        ("nobody", "not imported", ""),
    ]
    assert done.returncode == 0


def test_an_unknown_owner_stops_it(terminal: Terminal) -> None:
    done = terminal.run("bob\n", "friends", "--owner", "nobody", program=im_bot)

    assert done.returncode == 1
    assert "no such account nobody, the owner" in done.stderr
    assert not (terminal.folder / "out.csv").exists()


def test_gives_each_attribute_a_column(terminal: Terminal) -> None:
    terminal.run("alice\nnobody\nbob\n", "attrs")

    rows = terminal.rows
    assert [(row["account"], row["status"], row["city"], row["team"]) for row in rows] == [
        ("alice", "found", "", "red"),
        ("nobody", "not imported", "", ""),
        ("bob", "found", "Oslo", "blue"),
    ]
    assert not [*terminal.folder.glob("out.csv.*")]


def test_reads_a_column_of_the_standard_input(terminal: Terminal) -> None:
    with terminal.open("--ids", "-", "--column", "id", stdin=subprocess.PIPE) as process:
        process.communicate(b'\xef\xbb\xbfname,id\n7,alice\n"8,5",bob\n9,\n')

    assert process.returncode == 0
    assert [row["account"] for row in terminal.rows] == ["alice", "bob"]


@pytest.mark.parametrize(
    ("ids", "arguments", "words"),
    [
        ("", ("profile",), "ids.txt holds no ids"),
        ("alice\n", ("profiles",), f"there is no lookup “profiles”. Lookups: {', '.join(LOOKUP_KINDS)}"),
        ("account\nalice\n", ("profile",), "Add --column account if it is one, or --column 1"),
        ("account;city\nalice;Oslo\n", ("profile",), "has 2 columns"),
        ("account\nalice\n", ("profile", "--column", "acount"), "Did you mean account?"),
        ('alice\n"bob\n', ("profile",), "line 2 of ids.txt has a quote that is not closed"),
        ("alice\nbo\0b\n", ("profile",), "line 2 of ids.txt holds a NUL"),
        ("alice\n" + "x" * 100_001, ("profile",), "line 2 of ids.txt is longer than 100,000 bytes"),
        ("alice\n", ("profile", "--fields", "nik"), "Did you mean nick"),
        ("alice\n", ("profile", "--app", "prod"), "there is no app “prod” here. Apps: demo"),
        ("alice\n", ("friends",), "friends needs --owner"),
        ("alice\n", ("friends", "--owner", "x" * 33), "at most 32 bytes"),
        ("alice\n", ("profile", "--owner", "bob"), "profile takes no --owner"),
        ("alice\n", ("attrs", "--fields", "nick"), "attrs takes no --fields"),
        ("alice\n", ("profile", "--as", "\x1b[31m"), "Say who you are with --as NAME"),
        ("alice\n", ("profile", "--as", "Ann Lee"), "no blanks. Say who you are with --as NAME"),
        ("alice\n", ("profile", "--out", "out.txt"), "is neither .csv nor .jsonl"),
        ("alice\n", ("profile", "--out", "nowhere/out.csv"), "there is no folder nowhere"),
        ("alice\n", ("profile", "--ids", "nothing.txt"), "nothing.txt cannot be read: No such file"),
        ("alice\n", ("profile", "--ids", "ids.csv", "--out", "ids.csv"), "are the same file"),
    ],
)
def test_says_what_is_wrong_and_what_to_do(
    ids: str, arguments: tuple[str, ...], words: str, terminal: Terminal
) -> None:
    (terminal.folder / "ids.csv").write_text("alice")
    done = terminal.run(ids, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not [*terminal.folder.glob("out*")]


def test_needs_no_setting_of_slacks_but_an_app(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("alice")
    done = im_bot_here("lookup", "profile", "--ids", "ids.txt", "--out", "out.csv", cwd=tmp_path)

    assert done.returncode == 1
    assert "im-bot lookup cannot start. Correct these settings:" in done.stderr
    assert "no Tencent Chat app is set up" in done.stderr
    assert "SLACK" not in done.stderr


def test_does_not_replace_what_is_there(terminal: Terminal) -> None:
    (terminal.folder / "out.csv").write_text("mine")
    refused = terminal.run("alice\n")
    assert (terminal.folder / "out.csv").read_text() == "mine"

    done = terminal.run("alice\n", "profile", "--force")

    assert refused.returncode == 2
    assert "out.csv exists already. Name another file in --out, or add --force" in refused.stderr
    assert done.returncode == 0
    assert [row["account"] for row in terminal.rows] == ["alice"]


def test_wrong_credentials_stop_it_and_it_goes_on_with_the_right_ones(terminal: Terminal) -> None:
    done = terminal.run("\n".join(CROWD[:300]), program=im_bot, IM_APPS__DEMO__SECRET_KEY="wrong")

    assert done.returncode == 1
    assert "Tell the bot's operator to check the app's id and secret key" in done.stderr
    assert "0 of 300 ids are written" in done.stderr
    assert terminal.run("\n".join(CROWD[:300])).returncode == 0
    assert [row["account"] for row in terminal.rows] == CROWD[:300]


def test_a_call_that_fails_for_a_while_is_made_again(terminal: Terminal) -> None:
    terminal.far_end.sandbox.behavior = replace(
        terminal.far_end.sandbox.behavior, fault=Fault(kind="code", code=60007, calls=(1, 2, 3))
    )

    assert terminal.run("\n".join(CROWD[:300])).returncode == 0
    assert {row["status"] for row in terminal.rows} == {"found"}


@pytest.mark.parametrize(
    ("number", "code", "database"),
    [
        (signal.SIGINT, 130, "sqlite"),
        (signal.SIGTERM, 75, "sqlite"),
        (signal.SIGKILL, -signal.SIGKILL, "sqlite"),
        (signal.SIGKILL, -signal.SIGKILL, "postgresql"),
    ],
)
def test_goes_on_where_it_was_stopped(
    number: signal.Signals, code: int, database: str, terminal: Terminal, request: pytest.FixtureRequest
) -> None:
    if database == "postgresql":
        terminal.environment["DATABASE_URL"] = migrated_schema(request.getfixturevalue("server"))
    with terminal.begin() as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
        assert process.returncode == code
    written = terminal.part.read_bytes().count(b"\n") - 1
    before = terminal.count_calls()

    done = terminal.run("\n".join(CROWD))

    assert done.returncode == 0, done.stderr
    assert [row["account"] for row in terminal.rows] == CROWD
    assert f"going on after {written:,} of them" in done.stderr
    assert 0 < written < BUSY
    # What is written is not asked again; calls that were under way may still arrive.
    assert terminal.count_calls() - before <= (BUSY - written) / 100 + 20
    if number is not signal.SIGKILL:
        assert (
            f"{written:,} of {BUSY:,} ids are written to out.csv.part. Run the same command again"
            in said.decode()
        )
        assert "Traceback" not in said.decode()
        outcomes = [entry.event.outcome for entry in terminal.entries]
        assert outcomes.count(Outcome.CANCELLED) == 1
    recorded = {account for entry in terminal.entries for account in entry.event.accounts}
    assert recorded == set(CROWD)
    assert verify_url(terminal.environment["DATABASE_URL"]).exit_code == 0


def test_ctrl_c_ends_it_while_the_vendor_says_nothing(terminal: Terminal) -> None:
    terminal.far_end.sandbox.behavior = replace(terminal.far_end.sandbox.behavior, fault=Fault(kind="hang"))
    (terminal.folder / "ids.txt").write_text("\n".join(CROWD))
    before = terminal.count_calls()
    with terminal.open("--ids", "ids.txt", stderr=subprocess.PIPE) as process:
        wait_until(lambda: terminal.count_calls() > before)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert (
        said.decode().splitlines()[-1].startswith(f"Stopped. 0 of {BUSY:,} ids are written to out.csv.part.")
    )
    assert terminal.entries[-1].event.outcome is Outcome.CANCELLED


def test_a_full_disk_ends_it_in_the_record_and_it_goes_on_then(
    terminal: Terminal, request: pytest.FixtureRequest
) -> None:
    terminal.environment["DATABASE_URL"] = migrated_schema(request.getfixturevalue("server"))
    with terminal.begin() as process:
        # The kernel refuses to let a file grow beyond it, as a disk does that has no room.
        most = terminal.part.stat().st_size + 50_000
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
        _, said = process.communicate(timeout=30)
    ended = terminal.entries[-1].event
    done = terminal.run("\n".join(CROWD))

    assert process.returncode == 1
    assert "Traceback" not in said.decode()
    assert ended.outcome is Outcome.FAILED
    assert ended.problem == "out.csv.part cannot be written: File too large"
    told = re.search(
        r"Stopped: out\.csv\.part cannot be written: File too large\. "
        r"([\d,]+) of 10,000 ids are written to out\.csv\.part\. Correct that, and run",
        said.decode(),
    )
    assert told
    assert ended.reason.endswith(f": {told[1]} found")
    assert done.returncode == 0
    assert [row["account"] for row in terminal.rows] == CROWD


def test_an_output_that_cannot_be_made_ends_it_in_the_record(terminal: Terminal) -> None:
    unfinished = terminal.folder / "out.csv.part.new"
    unfinished.symlink_to("/dev/full")
    failed = terminal.run("alice\nbob\n", "attrs", program=im_bot)
    outcomes = [entry.event.outcome for entry in terminal.entries]
    unfinished.unlink()
    done = terminal.run("alice\nbob\n", "attrs")

    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "2 of 2 ids are written to out.csv.part." in failed.stderr
    assert outcomes == [Outcome.ANSWERED, Outcome.EXPORTED, Outcome.FAILED]
    assert done.returncode == 0
    assert [row["team"] for row in terminal.rows] == ["red", "blue"]


def test_refuses_to_go_on_with_another_lookup(terminal: Terminal) -> None:
    with terminal.begin() as process:
        process.send_signal(signal.SIGSTOP)
        busy = terminal.run("\n".join(CROWD))
    part = terminal.part.read_bytes()

    others = terminal.run("alice\n")
    fields = terminal.run("\n".join(CROWD), "profile", "--fields", "nick")
    assert terminal.part.read_bytes() == part
    anew = terminal.run("alice\n", "profile", "--force")

    assert [each.returncode for each in (busy, others, fields, anew)] == [2, 2, 2, 0]
    assert "another im-bot writes out.csv.part right now" in busy.stderr
    assert "unfinished output of another lookup: the SHA-256 of the ids was" in others.stderr
    assert "or delete out.csv.part and out.csv.part.json, or add --force, to begin anew" in others.stderr
    assert "--fields was nick,gender" in fields.stderr
    assert [row["account"] for row in terminal.rows] == ["alice"]


def test_refuses_to_go_on_under_other_settings(terminal: Terminal) -> None:
    terminal.environment["IM_APPS__DEMO__CUSTOM_FIELDS"] = "Test:Service tier"
    with terminal.begin() as process:
        process.kill()
        process.wait()
    part = terminal.part.read_bytes()

    ids = "\n".join(CROWD)
    label_refused = terminal.run(ids, IM_APPS__DEMO__CUSTOM_FIELDS="Test:Service level")
    app_refused = terminal.run(ids, IM_APPS__DEMO__SDK_APP_ID="1400000009")

    assert terminal.part.read_bytes() == part
    assert [each.returncode for each in (label_refused, app_refused)] == [2, 2]
    assert "of another lookup: the SHA-256 of the column names was" in label_refused.stderr
    assert f"of another lookup: the SDKAppID was {APP_ID} and is now 1400000009." in app_refused.stderr
    assert terminal.run(ids).returncode == 0
    assert [row["account"] for row in terminal.rows] == CROWD


def test_answers_and_says_so_when_it_cannot_be_recorded(terminal: Terminal) -> None:
    store = Store(terminal.environment["DATABASE_URL"])
    with store._engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    store.close()

    done = terminal.run("alice\nbob\n")

    assert done.returncode == 0
    assert "2 accounts were looked up and could not be recorded" in done.stderr
    assert [row["status"] for row in terminal.rows] == ["found", "found"]


def test_does_not_begin_on_a_record_that_it_cannot_open(terminal: Terminal) -> None:
    done = terminal.run("alice\n", DATABASE_URL="sqlite:////nowhere/im-bot.db")

    assert done.returncode == 1
    assert "there is no folder /nowhere for the record" in done.stderr
    assert not [*terminal.folder.glob("out*")]


def test_shows_a_bar_in_a_terminal(terminal: Terminal) -> None:
    (terminal.folder / "ids.txt").write_text("\n".join(CROWD[:3000]))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    shown = bytearray()

    def copy() -> None:
        # Linux reports the end of a terminal as an error.
        with suppress(OSError):
            while data := os.read(ours, 4096):
                shown.extend(data)

    reader = Thread(target=copy)
    reader.start()
    with terminal.open("--ids", "ids.txt", stderr=theirs) as process:
        process.communicate(timeout=60)
    os.close(theirs)
    reader.join()
    os.close(ours)

    assert process.returncode == 0
    assert "100%|" in shown.decode()
    assert "3,000 of 3,000 · 3,000 found" in shown.decode()


def test_leaks_no_secret(terminal: Terminal) -> None:
    done = terminal.run("alice\n", program=im_bot, LOG_LEVEL="DEBUG")

    written = "".join(path.read_text("utf-8", "replace") for path in terminal.folder.glob("out*"))
    for text in (done.stdout, done.stderr, written):
        assert KEY not in text
        assert "usersig" not in text
