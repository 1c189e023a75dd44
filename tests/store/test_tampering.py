"""All known ways to tamper with a database, and the checks that find them."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from bot.core.changes.journal import undo_reason
from bot.core.model import Actor, AlteredEntry, Change, Outcome
from bot.errors import AlteredError, AuditError
from bot.store.chain import START
from bot.store.change_codec import encode_change, read_content
from bot.store.database.timeouts import StoreTimeouts
from bot.store.export import export
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import ALICE, a_change, denied, looked_up, step
from tests.support.migrated import copied_schema, migrated_schema
from tests.support.tampering import point_head_to_last, run_freely, tampering

Finder: TypeAlias = Literal["verify", "head", "write", "take"]
"""`audit verify`, the same with a printed head, the bot before a write, the relay before a post."""
Action: TypeAlias = Callable[[Connection], object]

VERIFY: frozenset[Finder] = frozenset({"verify"})
BOTH: frozenset[Finder] = frozenset({"verify", "write"})
TAKEN: frozenset[Finder] = frozenset({"verify", "take"})
WITNESS: frozenset[Finder] = frozenset({"head"})

DONE, UNDO, OPEN, LOST, OFF, TRIED = "op_done", "op_undo", "op_open", "op_lost", "op_off", "op_tried"
STEPS = {
    DONE: (Outcome.ATTEMPTED, Outcome.SUCCEEDED),
    UNDO: (),
    OPEN: (),
    LOST: (Outcome.ATTEMPTED, Outcome.UNKNOWN),
    OFF: (Outcome.CANCELLED,),
    TRIED: (Outcome.ATTEMPTED,),
}
"""The outcomes of each change since its proposal."""


def a_change_of(change_id: str) -> Change:
    change = a_change(change_id, accounts=(f"user {change_id}",))
    return replace(change, undoes=DONE, reason=undo_reason(DONE)) if change_id == UNDO else change


UNHURRIED = StoreTimeouts(entry=30, use=25, lock=20)
"""Time for a server that is busy with other tests."""


def fill(url: str) -> None:
    """Fill a record with one entry and change of each kind."""
    with closing(Store(url, UNHURRIED)) as store:
        store.add(looked_up("alice", "bob"))
        for change_id, outcomes in STEPS.items():
            change = a_change_of(change_id)
            word = "undo" if change.undoes else "set"
            store.propose(change, replace(step(change, Outcome.PROPOSED), command=word))
            for outcome in outcomes:
                store.move(change, outcome, step(change, outcome))
                change = replace(change, outcome=outcome)
            store.add(looked_up(f"user {change_id}"))
        store.add(denied("set"))
        store.add(looked_up("carol"))


@dataclass(frozen=True)
class Tamper:
    """One way to tamper.

    Args:
        action: SQL, or a function.
        found_by: The checks that find it.
        change: The change that the bot moves next.
        freely: Whether the action runs with the guards in place.
        only: The one dialect where it is possible; empty for both.
    """

    action: str | tuple[str, ...] | Action
    found_by: frozenset[Finder] = VERIFY
    change: str = OPEN
    freely: bool = False
    only: str = ""


def chained(edit: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Action:
    """Rewrite entries, and the chain after them so that it is consistent."""

    def rewrite(connection: Connection) -> None:
        rows = connection.execute(text("SELECT sequence, content FROM entries ORDER BY sequence")).all()
        for table in ("entry_accounts", "entries"):
            connection.execute(text(f"DELETE FROM {table}"))
        number, previous, moved = 0, START, {}
        for sequence, content in rows:
            said = edit(json.loads(content))
            if said is None:
                continue
            number += 1
            said.update(sequence=number, previous=previous)
            written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous, moved[sequence] = sha256(written.encode()).hexdigest(), number
            place = {"sequence": number, "content": written, "hash": previous}
            found = {"actor": f"{said['team']} {said['user']}", "change": said["change"]}
            connection.execute(
                text("INSERT INTO entries VALUES (:sequence, :content, :hash, :actor, :change)"),
                place | found,
            )
            for account in dict.fromkeys(said["accounts"]):
                about = {"app": said["app"], "account": account, "sequence": number}
                connection.execute(
                    text("INSERT INTO entry_accounts VALUES (:app, :account, :sequence)"), about
                )
        waiting = sorted(connection.scalars(text("SELECT sequence FROM outbox")).all())
        connection.execute(text("DELETE FROM outbox"))
        for sequence in filter(None, map(moved.get, waiting)):
            connection.execute(text("INSERT INTO outbox VALUES (:sequence)"), {"sequence": sequence})
        point_head_to_last(connection)

    return rewrite


def cut_with_care(connection: Connection) -> None:
    last = connection.scalar(text("SELECT max(sequence) FROM entries"))
    for table in ("outbox", "entry_accounts", "entries"):
        connection.execute(text(f"DELETE FROM {table} WHERE sequence = :last"), {"last": last})
    point_head_to_last(connection)


def drop(said: dict[str, Any]) -> dict[str, Any] | None:
    return None if "carol" in said["accounts"] else said


def reassign(said: dict[str, Any]) -> dict[str, Any]:
    return said | {"user": "U666"} if "carol" in said["accounts"] else said


def forget_reasons(said: dict[str, Any]) -> dict[str, Any]:
    return said | {"problem": ""}


def stored(connection: Connection, change_id: str) -> Change:
    row = connection.execute(text("SELECT * FROM changes WHERE id = :id"), {"id": change_id}).one()
    return read_content(row).to_change(Outcome(row.outcome))


def forged(change_id: str, **parts: Any) -> Action:
    """Rewrite a change with its digest."""

    def forge(connection: Connection) -> None:
        change = stored(connection, change_id)
        row = encode_change(replace(change, **parts), "")
        action = "UPDATE changes SET content = :content, digest = :digest WHERE id = :id"
        connection.execute(text(action), row | {"id": change_id})

    return forge


def shifted(seconds: int) -> Action:
    """Shift the time at which a change was proposed."""

    def shift(connection: Connection) -> None:
        change = stored(connection, OPEN)
        forged(OPEN, proposed_at=change.proposed_at + timedelta(seconds=seconds))(connection)

    return shift


def of_change(change_id: str) -> str:
    return f'content LIKE \'%"change":"{change_id}"%\''


def first_entry_of(change_id: str) -> str:
    """Make the SQL of the number of a change's first entry."""
    return f"(SELECT min(sequence) FROM entries WHERE {of_change(change_id)})"


REOPENED = f"UPDATE changes SET outcome = 'proposed' WHERE id = '{DONE}'"
HIDDEN = f"UPDATE entries SET change = '' WHERE {of_change(DONE)} AND sequence > {first_entry_of(DONE)}"
LATER = f"sequence > {first_entry_of(DONE)}"
ALL = "SELECT count(*) FROM entries"

EACH = "ON entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"

TAMPERS: dict[str, Tamper] = {
    # Entries.
    "an entry's content": Tamper(
        "UPDATE entries SET content = replace(content, 'demo', 'dema') WHERE sequence = 1"
    ),
    "an entry's hash": Tamper("UPDATE entries SET hash = 'x' WHERE sequence = 1"),
    "an entry emptied": Tamper("UPDATE entries SET content = '', hash = '' WHERE sequence = 3"),
    "an entry's content as bytes": Tamper(
        "UPDATE entries SET content = CAST(content AS BLOB) WHERE sequence = 1", only="sqlite"
    ),
    "what an entry says that waits": Tamper(
        "UPDATE entries SET content = replace(content, 'ticket', 'tricky')"
        " WHERE sequence = (SELECT min(sequence) FROM outbox)",
        TAKEN,
    ),
    "an entry that waits is no JSON": Tamper(
        "UPDATE entries SET content = '{' WHERE sequence = (SELECT max(sequence) FROM outbox)", TAKEN
    ),
    "an entry deleted": Tamper("DELETE FROM entries WHERE sequence = 2"),
    "the last entry deleted": Tamper(f"DELETE FROM entries WHERE sequence = ({ALL})", BOTH),
    "all entries deleted": Tamper("DELETE FROM entries", BOTH),
    "two entries swapped": Tamper(
        (
            "UPDATE entries SET sequence = -1 WHERE sequence = 1",
            "UPDATE entries SET sequence = 1 WHERE sequence = 2",
            "UPDATE entries SET sequence = 2 WHERE sequence = -1",
        )
    ),
    "an entry added": Tamper(
        f"INSERT INTO entries SELECT ({ALL}) + sequence, content, hash, actor, change FROM entries"
        " WHERE sequence = 1",
        BOTH,
    ),
    "an entry before the first": Tamper(
        "INSERT INTO entries SELECT 0, content, hash, actor, change FROM entries WHERE sequence = 1"
    ),
    # The columns that index entries.
    "an entry's actor": Tamper("UPDATE entries SET actor = 'T1 U9' WHERE sequence = 1"),
    "an entry's actor emptied": Tamper("UPDATE entries SET actor = '' WHERE sequence = 1"),
    "an entry's actor as bytes": Tamper(
        "UPDATE entries SET actor = CAST(actor AS BLOB) WHERE sequence = 1", only="sqlite"
    ),
    "a lookup's change": Tamper(f"UPDATE entries SET change = '{OFF}' WHERE sequence = 1"),
    "a step's change emptied": Tamper(f"UPDATE entries SET change = '' WHERE {of_change(OPEN)}", BOTH),
    "a step's change renamed": Tamper(f"UPDATE entries SET change = '{OPEN}' WHERE {of_change(OFF)}", BOTH),
    "an account taken away": Tamper("DELETE FROM entry_accounts WHERE sequence = 1 AND account = 'bob'"),
    "all accounts taken away": Tamper("DELETE FROM entry_accounts"),
    "an account added": Tamper("INSERT INTO entry_accounts VALUES ('demo', 'eve', 1)"),
    "an account renamed": Tamper("UPDATE entry_accounts SET account = 'eve' WHERE account = 'bob'"),
    "an account's app": Tamper(
        "UPDATE entry_accounts SET app = 'prod' WHERE sequence = 1 AND account = 'bob'"
    ),
    "an account moved": Tamper(
        "UPDATE entry_accounts SET sequence = 2 WHERE sequence = 1 AND account = 'bob'"
    ),
    "an account that is no text": Tamper(
        "UPDATE entry_accounts SET account = CAST(x'80ff' AS TEXT) WHERE account = 'bob'", only="sqlite"
    ),
    "two accounts in one": Tamper(
        (
            "DELETE FROM entry_accounts WHERE sequence = 1 AND account = 'bob'",
            "UPDATE entry_accounts SET account = 'alice\",\"bob' WHERE sequence = 1",
        )
    ),
    "accounts of no entry": Tamper("INSERT INTO entry_accounts VALUES ('demo', 'eve', 4711)"),
    "accounts of an entry below": Tamper("INSERT INTO entry_accounts VALUES ('demo', 'eve', -1)"),
    # Changes.
    "a change opened again": Tamper(REOPENED, BOTH, DONE),
    "a change opened again, its steps hidden": Tamper((REOPENED, HIDDEN), BOTH, DONE),
    "the same, with its accounts": Tamper(
        (REOPENED, HIDDEN, f"DELETE FROM entry_accounts WHERE account = 'user {DONE}' AND {LATER}"),
        BOTH,
        DONE,
    ),
    "the same, with its steps deleted": Tamper(
        (REOPENED, f"DELETE FROM entries WHERE {of_change(DONE)} AND {LATER}"), BOTH, DONE
    ),
    "the same, with its steps altered": Tamper(
        (REOPENED, f"UPDATE entries SET content = '{{}}', change = '' WHERE {of_change(DONE)} AND {LATER}"),
        BOTH,
        DONE,
    ),
    "an unknown one back to attempted": Tamper(
        (
            f"UPDATE changes SET outcome = 'attempted' WHERE id = '{LOST}'",
            (
                f"UPDATE entries SET change = '' WHERE {of_change(LOST)}"
                f' AND content LIKE \'%"outcome":"unknown"%\''
            ),
        ),
        BOTH,
        LOST,
    ),
    "a change settled": Tamper(f"UPDATE changes SET outcome = 'succeeded' WHERE id = '{OPEN}'", BOTH),
    "a change confirmed": Tamper(f"UPDATE changes SET outcome = 'attempted' WHERE id = '{OPEN}'", BOTH),
    "an outcome that is none": Tamper(f"UPDATE changes SET outcome = 'x' WHERE id = '{OPEN}'", BOTH),
    "a change's content": Tamper("UPDATE changes SET content = replace(content, 'Bob K', 'Eve')", BOTH),
    "a change is no JSON": Tamper("UPDATE changes SET content = 'x'", BOTH),
    "a change is another JSON": Tamper("UPDATE changes SET content = '[]'", BOTH),
    "a change's values": Tamper(forged(OPEN, after={"Tag_Profile_IM_Nick": "Eve"}), BOTH),
    "what a change replaced": Tamper(forged(DONE, before={"Tag_Profile_IM_Nick": "Eve"}), BOTH, DONE),
    "a change's account": Tamper(forged(OPEN, account="eve"), BOTH),
    "a change's app": Tamper(forged(OPEN, app="prod"), BOTH),
    "a change's actor": Tamper(forged(OPEN, actor=Actor("U9", "T1")), BOTH),
    "a change's reason": Tamper(forged(OPEN, reason="none"), BOTH),
    "a change made an undo": Tamper(forged(OPEN, undoes=DONE), BOTH),
    "an undo of another change": Tamper(forged(UNDO, undoes=OFF), BOTH, UNDO),
    "an undo of none": Tamper(forged(UNDO, undoes=""), BOTH, UNDO),
    "an expired change made younger": Tamper(shifted(2), BOTH),
    "a change made older": Tamper(shifted(-90), BOTH),
    "when a change moved": Tamper(
        f"UPDATE changes SET moved_at = '2099-01-01T00:00:00.000000+00:00' WHERE id = '{OPEN}'", BOTH
    ),
    "when a change moved is no time": Tamper(f"UPDATE changes SET moved_at = '' WHERE id = '{OPEN}'", BOTH),
    "a change renamed": Tamper(f"UPDATE changes SET id = 'op_x' WHERE id = '{OPEN}'", BOTH),
    "a change deleted": Tamper(f"DELETE FROM changes WHERE id = '{OPEN}'", BOTH),
    "a change added": Tamper(
        f"INSERT INTO changes (id, content, digest, outcome, moved_at)"
        f" SELECT 'op_new', content, digest, outcome, moved_at FROM changes WHERE id = '{OPEN}'"
    ),
    # The head, the outbox, the lease.
    "the head's number": Tamper("UPDATE head SET sequence = sequence - 1", BOTH),
    "the head's hash": Tamper("UPDATE head SET hash = 'x'", BOTH),
    "when the head was recorded": Tamper("UPDATE head SET at = '2099-01-01T00:00:00.000000+00:00'"),
    "when the head was recorded is no time": Tamper("UPDATE head SET at = 'x'", BOTH),
    "the head deleted": Tamper("DELETE FROM head", BOTH),
    "a second head": Tamper("INSERT INTO head SELECT id + 1, sequence, hash, at FROM head", BOTH),
    "a change said to be undone": Tamper(f"INSERT INTO undone VALUES ('{DONE}', 1, 0)"),
    "a change undone by no entry": Tamper(f"INSERT INTO undone VALUES ('{DONE}', 4711, 1)"),
    "an entry that does not exist waits": Tamper("INSERT INTO outbox VALUES (4711)"),
    "an entry that is never posted waits": Tamper("INSERT INTO outbox VALUES (1)"),
    "an entry taken from what waits": Tamper(
        "DELETE FROM outbox WHERE sequence = (SELECT max(sequence) FROM outbox)"
    ),
    "everything taken from what waits": Tamper("DELETE FROM outbox"),
    "the first taken from what waits, and counted as seen": Tamper(
        (
            "UPDATE lease SET covered = (SELECT min(sequence) FROM outbox) - 1",
            "DELETE FROM outbox WHERE sequence = (SELECT min(sequence) FROM outbox)",
        )
    ),
    "more counted as seen than there is": Tamper("UPDATE lease SET covered = 4711"),
    "less than nothing counted as seen": Tamper("UPDATE lease SET covered = -1"),
    "the channel seen in the far future": Tamper("UPDATE lease SET covered_at = 1e18"),
    "no lease": Tamper("DELETE FROM lease"),
    "a second lease": Tamper("INSERT INTO lease (id, holder, until) VALUES (2, '', 0)"),
    "a lease for ever": Tamper("UPDATE lease SET holder = 'x', until = 1e18"),
    # The guards.
    "no guard against updates": Tamper("DROP TRIGGER entries_refuse_update", freely=True, only="sqlite"),
    "no guard against replacing": Tamper("DROP TRIGGER entries_refuse_replace", freely=True, only="sqlite"),
    "a guard that does nothing": Tamper(
        (
            "DROP TRIGGER entries_refuse_delete",
            "CREATE TRIGGER entries_refuse_delete BEFORE delete ON entries BEGIN SELECT 1; END",
        ),
        freely=True,
        only="sqlite",
    ),
    "a trigger that writes": Tamper(
        "CREATE TRIGGER silencer AFTER INSERT ON outbox BEGIN DELETE FROM outbox; END",
        freely=True,
        only="sqlite",
    ),
    "a guard dropped": Tamper(
        "DROP TRIGGER entries_refuse_rewriting ON entries", freely=True, only="postgresql"
    ),
    "a guard switched off": Tamper(
        "ALTER TABLE entry_accounts DISABLE TRIGGER USER", freely=True, only="postgresql"
    ),
    "all triggers switched off": Tamper(
        "ALTER TABLE outbox DISABLE TRIGGER ALL", freely=True, only="postgresql"
    ),
    "a guard's function": Tamper(
        "CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RETURN NULL; END$$",
        freely=True,
        only="postgresql",
    ),
    "a guard against less": Tamper(
        (
            "DROP TRIGGER entries_refuse_rewriting ON entries",
            f"CREATE TRIGGER entries_refuse_rewriting BEFORE TRUNCATE {EACH}",
        ),
        freely=True,
        only="postgresql",
    ),
    "a guard against updates of one column": Tamper(
        (
            "DROP TRIGGER entries_refuse_rewriting ON entries",
            f"CREATE TRIGGER entries_refuse_rewriting BEFORE UPDATE OF hash OR DELETE OR TRUNCATE {EACH}",
        ),
        freely=True,
        only="postgresql",
    ),
    "a rule that drops what is written": Tamper(
        "CREATE RULE silencer AS ON INSERT TO outbox DO INSTEAD NOTHING", freely=True, only="postgresql"
    ),
    "a policy that hides rows": Tamper(
        "ALTER TABLE changes ENABLE ROW LEVEL SECURITY", freely=True, only="postgresql"
    ),
    # Found only with a printed head: the chain is consistent.
    "the tail cut with care": Tamper(cut_with_care, WITNESS),
    "an entry left out, all after it chained anew": Tamper(chained(drop), WITNESS),
    "an entry reassigned, all after it chained anew": Tamper(chained(reassign), WITNESS),
    "everything written anew": Tamper(chained(forget_reasons), WITNESS),
}


def do(url: str, tamper: Tamper) -> None:
    actions = (tamper.action,) if isinstance(tamper.action, str) else tamper.action
    if tamper.freely:
        assert isinstance(actions, tuple)
        run_freely(url, *actions)
        return
    with tampering(url) as connection:
        if callable(actions):
            actions(connection)
        else:
            for each in actions:
                connection.exec_driver_sql(
                    each.replace("%", "%%") if connection.dialect.name != "sqlite" else each
                )


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("filled") / "im-bot.db"
    fill(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="module")
def filled_schema(server: str) -> str:
    """The address of a filled schema to copy."""
    url = migrated_schema(server)
    fill(url)
    return url


@pytest.fixture
def filled(request: pytest.FixtureRequest, dialect: str) -> str:
    """The address of a filled record to copy."""
    if dialect == "postgresql":
        schema: str = request.getfixturevalue("filled_schema")
        return schema
    return f"sqlite:///{request.getfixturevalue('filled_file')}"


@cache
def head_of(filled: str) -> str:
    """Verify a record that is copied; returns its head as the audit channel shows it."""
    sound = verify_url(filled)
    return f"#{sound.count} · {sound.head[:32]}"


@pytest.fixture
def record(request: pytest.FixtureRequest, dialect: str, filled: str, tmp_path: Path) -> str:
    """The address of a filled record for one test."""
    if dialect == "postgresql":
        return copied_schema(request.getfixturevalue("server"), filled)
    shutil.copy(filled.removeprefix("sqlite:///"), tmp_path / "im-bot.db")
    return f"sqlite:///{tmp_path / 'im-bot.db'}"


CASES = [
    pytest.param(dialect, tamper, id=f"{name}-{dialect}")
    for name, tamper in TAMPERS.items()
    for dialect in ("sqlite", "postgresql")
    if tamper.only in ("", dialect)
]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_finds_nothing_without_tampering(record: str) -> None:
    verdict = verify_url(record)

    assert verdict.status is RecordStatus.SOUND, str(verdict)
    assert verify_url(record, f"#{verdict.count} · {verdict.head}").status is RecordStatus.SOUND
    with closing(Store(record, UNHURRIED)) as store:
        assert not is_found_by_the_relay(store)
        assert error_before_a_write(store, OPEN) is None


@pytest.mark.parametrize(("dialect", "tamper"), CASES)
def test_finds_what_was_tampered_with(record: str, filled: str, tamper: Tamper) -> None:
    do(record, tamper)

    found: set[Finder] = set()
    alone = verify_url(record)
    if alone.status is not RecordStatus.SOUND:
        found.add("verify")
        assert alone.exit_code in (3, 4)
        assert str(alone)
    elif verify_url(record, head_of(filled)).status is RecordStatus.HEAD_NOT_FOUND:
        found.add("head")
    before = list(export(record, "jsonl"))
    with closing(Store(record, UNHURRIED)) as store:
        if is_found_by_the_relay(store):
            found.add("take")
        if error_before_a_write(store, tamper.change):
            found.add("write")
            assert len(list(export(record, "jsonl"))) == len(before)
    list(export(record, "csv"))

    assert found >= tamper.found_by, str(alone)
    assert bool("head" in tamper.found_by) is bool("head" in found)


def error_before_a_write(store: Store, change_id: str) -> Exception | None:
    """Move a change one step, as a press of Confirm does; returns the error."""
    try:
        change = store.find(change_id)
        if change is None:
            return LookupError()
        following = {Outcome.PROPOSED: Outcome.ATTEMPTED, Outcome.ATTEMPTED: Outcome.SUCCEEDED}
        outcome = following.get(change.outcome, Outcome.FAILED)
        store.move(change, outcome, step(change, outcome))
    except AuditError as error:
        return error
    return None


def is_found_by_the_relay(store: Store) -> bool:
    """Whether the relay finds an altered entry in the outbox, or cannot read it."""
    store.count_waiting()
    try:
        return any(isinstance(entry, AlteredEntry) for entry in store.lease_next("test", 1, 100))
    except AuditError:
        return True


LONE = [
    name for name, tamper in TAMPERS.items() if tamper.only != "postgresql" and tamper.found_by != WITNESS
]
PAIRS = random.Random(7).sample(list(combinations(LONE, 2)), 80)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_finds_one_of_two(record: str, pair: tuple[str, str]) -> None:
    # Functions first, as they read what they rewrite; dropped guards last, as others restore them.
    for tamper in sorted(
        (TAMPERS[name] for name in pair), key=lambda each: (each.freely, not callable(each.action))
    ):
        do(record, tamper)

    verdict = verify_url(record)

    assert verdict.exit_code in (3, 4)
    assert "".join(export(record, "csv"))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_no_forged_column_sends_a_change_twice(record: str) -> None:
    do(record, TAMPERS["a change opened again, its steps hidden"])

    with closing(Store(record)) as store:
        change = store.find(DONE)  # open by its columns
        assert change
        with pytest.raises(AlteredError, match="not as it was stored"):
            store.move(change, Outcome.ATTEMPTED, step(change, Outcome.ATTEMPTED))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", ["the head deleted", "a second head"])
def test_a_write_says_what_to_do_when_there_is_not_one_head(record: str, name: str) -> None:
    do(record, TAMPERS[name])

    with (
        closing(Store(record)) as store,
        pytest.raises(AlteredError, match="head is not as it was written") as raised,
    ):
        store.check()

    assert raised.value.advice == "Tell the bot's operator to run im-bot audit verify"


TABLES = {
    "entries": ("sequence", "content", "hash", "actor", "change"),
    "entry_accounts": ("app", "account", "sequence"),
    "changes": ("id", "content", "digest", "outcome", "moved_at"),
    "head": ("id", "sequence", "hash", "at"),
    "outbox": ("sequence",),
    "lease": ("id", "holder", "until", "covered", "covered_at"),
}
ANYTHING = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["[" * 100_000, "{}", "[]", "null", "proposed", '{"previous":"' + START + '"}']),
)


@st.composite
def damage(draw: st.DrawFn) -> tuple[str, tuple[object, ...]]:
    table = draw(st.sampled_from(sorted(TABLES)))
    column = draw(st.sampled_from(TABLES[table]))
    some = f"rowid % {draw(st.integers(1, 4))} = 0"
    actions: list[tuple[str, tuple[object, ...]]] = [
        (f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {some}", (draw(ANYTHING),)),
        (f"DELETE FROM {table} WHERE {some}", ()),
        (f"DROP TABLE {table}", ()),
        (f"ALTER TABLE {table} RENAME COLUMN {column} TO other", ()),
        (f"UPDATE OR REPLACE {table} SET {column} = substr({column}, 2) WHERE {some}", ()),
        (f"UPDATE OR REPLACE {table} SET {column} = CAST(x'80ff' AS TEXT) WHERE {some}", ()),
    ]
    return draw(st.sampled_from(actions))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(damage(), min_size=1, max_size=3))
def test_checks_and_exports_a_record_with_any_damage(
    filled_file: Path, tmp_path: Path, actions: Sequence[tuple[str, tuple[object, ...]]]
) -> None:
    file = tmp_path / "im-bot.db"
    shutil.copy(filled_file, file)
    with closing(sqlite3.connect(file)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for sql, values in actions:
            with suppress(sqlite3.Error):
                connection.execute(sql, values)
        for _, sql in triggers:
            with suppress(sqlite3.Error):
                connection.execute(sql)
        connection.commit()

    with suppress(AuditError):  # a readable line
        str(verify_url(f"sqlite:///{file}", "#3 · " + "0" * 32))
    for form in ("jsonl", "csv"):
        with suppress(AuditError):
            for line in export(f"sqlite:///{file}", form):
                line.encode()
    with suppress(AuditError), closing(Store(f"sqlite:///{file}")) as store:
        store.count_waiting()
        store.list_history("demo", "alice", None, 10)
        store.list_done(ALICE, 10)
        store.find(OPEN)
