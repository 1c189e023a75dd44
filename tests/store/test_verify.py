import json
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import text

from bot.core.model import Outcome
from bot.errors import AuditError, UsageError
from bot.store import chain
from bot.store.change_codec import encode_change
from bot.store.export import export
from bot.store.record import Store
from bot.store.verify import RecordStatus, VerifyReport, verify_url
from tests.support.entries import a_change, denied, looked_up, step
from tests.support.migrated import copied_schema, migrated_file, migrated_schema
from tests.support.tampering import point_head_to_last, tampering

COUNT = 20
OPEN_STORE = Callable[[str], Store]


def fill(url: str) -> str:
    """Fill a record with some entries."""
    with closing(Store(url)) as store:
        for number in range(COUNT):
            store.add(looked_up(f"ärger {number}") if number % 2 else denied("set"))
    return url


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("filled") / "im-bot.db"
    fill(migrated_file(file))
    return file


@pytest.fixture(scope="module")
def filled_schema(server: str) -> str:
    return fill(migrated_schema(server))


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, file: Path) -> str:
    """The address of a record of some entries."""
    if request.param == "postgresql":
        return copied_schema(request.getfixturevalue("server"), request.getfixturevalue("filled_schema"))
    shutil.copy(request.getfixturevalue("filled_file"), file)
    return f"sqlite:///{file}"


def judged(url: str, head: str | None = None) -> tuple[RecordStatus, int | None]:
    report = verify_url(url, head)
    return report.status, report.sequence


def head_of(url: str) -> str:
    return verify_url(url).head


def test_is_sound_with_a_change_of_which_a_part_needed_none(store: Store, url: str) -> None:
    change = replace(a_change(), kept={"Tag_A": "\0\ud800", "Tag_B": 7})
    store.propose(change, step(change, Outcome.PROPOSED))

    assert store.find("op_1") == change
    assert verify_url(url).status is RecordStatus.SOUND


def test_finds_a_record_sound(filled: str) -> None:
    report = verify_url(filled)

    assert (report.status, report.count, report.exit_code) == (RecordStatus.SOUND, COUNT, 0)


@pytest.mark.parametrize("digits", [32, 64])
def test_finds_a_head_by_its_number_and_hash(filled: str, digits: int) -> None:
    head = head_of(filled)[:digits]

    for words in (f"#{COUNT} · {head}", f"#{COUNT} {head}", f" #{COUNT} ·{head.upper()} ", head):
        report = verify_url(filled, words)
        assert (report.status, report.found) == (RecordStatus.SOUND, COUNT)
        assert str(report).endswith(f"the given head is entry {COUNT}")


@pytest.mark.parametrize("digits", [8, 12, 31])
def test_says_that_a_short_head_proves_less(filled: str, digits: int) -> None:
    report = verify_url(filled, f"#{COUNT} · {head_of(filled)[:digits]}")

    assert (report.status, report.found, report.exit_code) == (RecordStatus.SOUND, COUNT, 0)
    assert f"an old, short head: {digits} digits prove less than 32" in str(report)


def test_a_head_is_not_found_at_another_number(filled: str) -> None:
    head = head_of(filled)

    for number in (COUNT - 1, COUNT + 1, 0, 10**18):
        report = verify_url(filled, f"#{number} · {head[:32]}")
        assert (report.status, report.exit_code) == (RecordStatus.HEAD_NOT_FOUND, 5)
    assert judged(filled, f"#{COUNT} · {'f' * 32}") == (RecordStatus.HEAD_NOT_FOUND, None)


def test_finds_an_empty_record_sound(url: str) -> None:
    report = verify_url(url)

    assert (report.status, report.count, report.head) == (RecordStatus.SOUND, 0, chain.START)


@pytest.mark.parametrize(
    "head",
    ["", "abc", "no hash at all", "f" * 65, "#1 · abc", "#x · ffffffff", "#12ffffffff", "#\u0661 · ffffffff"],
)
def test_refuses_a_head_that_could_be_none(filled: str, head: str) -> None:
    with pytest.raises(UsageError, match="hexadecimal"):
        verify_url(filled, head)


@pytest.mark.parametrize("status", RecordStatus)
def test_says_what_it_found(status: RecordStatus) -> None:
    assert str(VerifyReport(status, 3, chain.START, 4)).startswith(
        f"{status.name.lower().replace('_', ' ')}: "
    )


def test_is_silent_about_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="there is no record at"):
        verify_url(f"sqlite:///{tmp_path}/none.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [1, 7, COUNT])
@pytest.mark.parametrize(
    "action",
    [
        "UPDATE entries SET content = replace(content, 'demo', 'dema') WHERE sequence = :place",
        "UPDATE entries SET content = '' WHERE sequence = :place",
        "UPDATE entries SET content = '[]' WHERE sequence = :place",
        "UPDATE entries SET hash = '' WHERE sequence = :place",
        "UPDATE entries SET hash = upper(hash) || 'x' WHERE sequence = :place",
    ],
)
def test_finds_an_entry_that_was_altered(filled: str, action: str, place: int) -> None:
    with tampering(filled) as connection:
        connection.execute(text(action), {"place": place})

    assert judged(filled) == (RecordStatus.ALTERED, place)


@pytest.mark.parametrize("place", [1, 7, COUNT])
def test_finds_an_entry_that_was_altered_with_its_hash(filled: str, place: int) -> None:
    with tampering(filled) as connection:
        here = {"place": place}
        content = connection.scalar(text("SELECT content FROM entries WHERE sequence = :place"), here)
        forged = content.replace("demo", "dema")
        digest = sha256(forged.encode()).hexdigest()
        connection.execute(
            text("UPDATE entries SET content = :content, hash = :digest WHERE sequence = :place"),
            {"content": forged, "digest": digest, **here},
        )

    # The next entry, or the head row, still has the old hash.
    assert judged(filled) == (RecordStatus.ALTERED, min(place + 1, COUNT))


@pytest.mark.parametrize("place", [1, 7, COUNT - 1])
def test_finds_an_entry_that_was_deleted(filled: str, place: int) -> None:
    with tampering(filled) as connection:
        connection.execute(text("DELETE FROM entries WHERE sequence = :place"), {"place": place})

    assert judged(filled) == (RecordStatus.MISSING, place)


@pytest.mark.parametrize("place", [1, 7])
def test_finds_an_entry_replaced_by_the_next_one(filled: str, place: int) -> None:
    with tampering(filled) as connection:
        connection.execute(text("DELETE FROM entries WHERE sequence = :place"), {"place": place})
        connection.execute(
            text("UPDATE entries SET sequence = sequence - 1000 WHERE sequence > :place"), {"place": place}
        )
        connection.execute(text("UPDATE entries SET sequence = sequence + 999 WHERE sequence < 0"))

    assert judged(filled) == (RecordStatus.ALTERED, place)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (5, 15), (3, COUNT)])
def test_finds_entries_that_were_swapped(filled: str, one: int, other: int) -> None:
    with tampering(filled) as connection:
        for old, new in ((one, -1), (other, one), (-1, other)):
            connection.execute(
                text("UPDATE entries SET sequence = :new WHERE sequence = :old"), {"old": old, "new": new}
            )

    assert judged(filled) == (RecordStatus.ALTERED, one)


@pytest.mark.parametrize("place", [0, 8, COUNT + 1])
def test_finds_an_entry_that_was_inserted(filled: str, place: int) -> None:
    with tampering(filled) as connection:
        connection.execute(
            text("UPDATE entries SET sequence = sequence + 1000 WHERE sequence >= :place"),
            {"place": max(place, 1)} if place else {"place": COUNT + 1},
        )
        copied = text(
            "INSERT INTO entries SELECT :place, content, hash, actor, change FROM entries WHERE sequence = 1"
        )
        connection.execute(copied, {"place": place})
        connection.execute(text("UPDATE entries SET sequence = sequence - 999 WHERE sequence > 500"))

    assert judged(filled) == (RecordStatus.ALTERED, place)


def test_finds_an_entry_that_was_chained_on_by_another_hand(filled: str) -> None:
    with tampering(filled) as connection:
        last = connection.scalar(text("SELECT hash FROM entries ORDER BY sequence DESC LIMIT 1"))
        content = f'{{"previous":"{last}","sequence":{COUNT + 1}}}'
        connection.execute(
            text("INSERT INTO entries VALUES (:sequence, :content, :digest, :digest, '')"),
            {"sequence": COUNT + 1, "content": content, "digest": sha256(content.encode()).hexdigest()},
        )

    assert judged(filled) == (RecordStatus.ALTERED, COUNT + 1)


def cut(url: str, kept: int, *, head_too: bool) -> None:
    with tampering(url) as connection:
        connection.execute(text("DELETE FROM entries WHERE sequence > :kept"), {"kept": kept})
        if head_too:
            point_head_to_last(connection)
            for table in ("entry_accounts", "outbox"):
                connection.execute(text(f"DELETE FROM {table} WHERE sequence > :kept"), {"kept": kept})


def test_finds_a_tail_that_was_cut_off(filled: str) -> None:
    head = head_of(filled)
    cut(filled, COUNT - 3, head_too=False)

    assert judged(filled) == (RecordStatus.MISSING, COUNT - 2)
    assert judged(filled, head) == (RecordStatus.HEAD_NOT_FOUND, None)


def test_finds_a_tail_that_was_cut_off_with_care_by_a_head_that_was_printed(filled: str) -> None:
    head = head_of(filled)
    cut(filled, COUNT - 3, head_too=True)

    assert judged(filled) == (RecordStatus.SOUND, None)
    assert judged(filled, head[:12]) == (RecordStatus.HEAD_NOT_FOUND, None)


def test_finds_a_head_row_that_is_gone(filled: str) -> None:
    with tampering(filled) as connection:
        connection.execute(text("DELETE FROM head"))

    assert judged(filled) == (RecordStatus.MISSING, COUNT + 1)


def test_finds_bytes_that_are_no_text(file: Path, open_store: OPEN_STORE) -> None:
    url = f"sqlite:///{file}"
    store = open_store(url)
    for _ in range(3):
        store.add(looked_up())
    with tampering(url) as connection:
        connection.execute(text("UPDATE entries SET content = CAST(x'7bff' AS TEXT) WHERE sequence = 2"))

    assert judged(url) == (RecordStatus.ALTERED, 2)
    assert len(list(export(url, "csv"))) == 4
    assert len(list(export(url, "jsonl"))) == 3


def test_finds_every_flipped_bit_of_an_entry_in_the_file(file: Path, open_store: OPEN_STORE) -> None:
    url = f"sqlite:///{file}"
    store = open_store(url)
    for _ in range(3):
        store.add(looked_up("needle"))
    store.close()
    whole = file.read_bytes()
    place = whole.index(b'{"accounts":["needle"]')
    end = whole.index(b"}", whole.index(b'"user"', place)) + 1 + 64

    for offset in range(place, end, 7):
        flipped = bytearray(whole)
        flipped[offset] ^= 1 << (offset % 8)
        file.write_bytes(flipped)

        assert verify_url(url).status is RecordStatus.ALTERED


def test_names_a_damaged_file(file: Path, open_store: OPEN_STORE) -> None:
    url = f"sqlite:///{file}"
    store = open_store(url)
    for _ in range(200):
        store.add(looked_up())
    store.close()
    whole = bytearray(file.read_bytes())
    page = whole.index(b'{"accounts"') // 4096 * 4096
    whole[page : page + 16] = b"\xff" * 16
    file.write_bytes(whole)

    assert verify_url(url).status is RecordStatus.ALTERED


def test_anybody_can_check_an_export_in_ten_lines(filled: str) -> None:
    exported = "".join(export(filled, "jsonl"))

    previous = "0" * 64
    for number, line in enumerate(exported.splitlines(), 1):
        entry = json.loads(line)
        claimed = entry.pop("hash")
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert entry["sequence"] == number
        assert entry["previous"] == previous
        assert sha256(canonical.encode()).hexdigest() == claimed
        previous = claimed
    assert previous == head_of(filled)


@pytest.mark.parametrize("hours", [-3, 3])
def test_holds_the_lease_against_the_clock_of_the_server(
    server_url: str, open_store: OPEN_STORE, hours: int
) -> None:
    store = open_store(server_url)
    store.add(denied("set"))
    assert store.lease_next("me", 60, 1)

    with freeze_time(datetime.now(UTC) + timedelta(hours=hours)):
        assert verify_url(server_url).status is RecordStatus.SOUND

    with tampering(server_url) as connection:
        connection.execute(text("UPDATE lease SET until = until + 7200"))
    with freeze_time(datetime.now(UTC) + timedelta(hours=hours)):
        assert "lease" in verify_url(server_url).problem


@pytest.fixture
def changed(url: str, store: Store) -> str:
    """The address of a record of three changes, one applied, and a denied press."""
    for number in range(3):
        change = replace(a_change(f"op_{number}"), reason="\0\ud800")
        store.propose(change, step(change, Outcome.PROPOSED))
        if number == 1:
            for outcome in (Outcome.ATTEMPTED, Outcome.SUCCEEDED):
                store.move(change, outcome, replace(step(change, outcome), reason=change.reason))
                change = replace(change, outcome=outcome)
        store.add(replace(denied("undo"), accounts=(change.account,), change_id=change.id))
    store.close()
    return url


def test_finds_changes_sound(changed: str) -> None:
    assert verify_url(changed).status is RecordStatus.SOUND


@pytest.mark.parametrize(
    "action",
    [
        "UPDATE changes SET content = replace(content, 'Bob K', 'Mallory') WHERE id = 'op_1'",
        "UPDATE changes SET content = 'no JSON' WHERE id = 'op_1'",
        "UPDATE changes SET outcome = 'proposed' WHERE id = 'op_1'",
        "UPDATE changes SET id = 'op_1x' WHERE id = 'op_1'",
        "DELETE FROM changes WHERE id = 'op_1'",
    ],
)
def test_finds_a_change_that_was_altered(changed: str, action: str) -> None:
    with tampering(changed) as connection:
        connection.execute(text(action))

    report = verify_url(changed)

    assert (report.status, report.change[:4]) == (RecordStatus.ALTERED, "op_1")
    assert str(report).startswith("altered: change op_1")


@pytest.mark.parametrize("part", ["before", "after", "reason", "account"])
def test_finds_a_change_that_was_altered_with_its_digest(changed: str, part: str) -> None:
    forged: dict[str, Any] = {
        "before": {"Tag_Profile_IM_Nick": "Mallory"},
        "after": {"Tag_Profile_IM_Level": 99},
        "reason": "none",
        "account": "mallory",
    }
    change = replace(a_change("op_1"), outcome=Outcome.SUCCEEDED, **{part: forged[part]})
    with tampering(changed) as connection:
        row = encode_change(change, "")
        action = "UPDATE changes SET content = :content, digest = :digest WHERE id = :id"
        connection.execute(text(action), row)

    assert verify_url(changed).change == "op_1"


def test_an_emptied_database_is_a_record_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "im-bot.db"
    file.touch()

    report = verify_url(f"sqlite:///{file}")

    assert report.exit_code == 4
    assert "restore a backup" in str(report)
