"""Lookups of files in a database that several processes share."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, func, select, update

from bot.core.commands import make_lookup
from bot.core.file_lookups import OVER, SHOW_SECONDS, FileLookup, FileLookupState
from bot.core.lookups.kinds import FRIENDS, PROFILES
from bot.core.model import Actor, App, LookupStatus
from bot.encryption import Cipher
from bot.errors import AlteredError
from bot.store.database.engine import open_engine
from bot.store.database.schema import file_lookup_ids, file_lookup_rows, file_lookups
from bot.store.files.file_lookup_expiry import MAX_EXPIRED_PARTS
from bot.store.files.file_lookups import _PARTS, StoredFileLookups
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import denied
from tests.support.file_lookup_time import pass_time

APP = App("prod", "Singapore")
VERA = Actor("U01VERA", "T1")
IDS = [[f"user-{number}" for number in range(start, start + 10)] for start in range(0, 30, 10)]
FOUND = LookupStatus.FOUND
S = FileLookupState
LONG = 30.0
TABLES = (file_lookup_ids, file_lookup_rows, file_lookups)


def a_file_lookup(id_: str = "one", actor: Actor = VERA) -> FileLookup:
    return FileLookup(id_, actor, make_lookup(PROFILES, APP, ()), "ids.csv", "ab" * 32, 30, S.WAITING)


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def count_rows(url: str) -> list[int]:
    with transaction(url) as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


@pytest.fixture
def open_lookups(url: str, open_store: Callable[..., Store]) -> Callable[..., StoredFileLookups]:
    """Opens the file lookups as another process does."""

    def open_one(token: str = "xoxb-1", apps: Sequence[App] = (APP,)) -> StoredFileLookups:
        return open_store(url).open_file_lookups({app.name: app for app in apps}, Cipher(token))

    return open_one


@pytest.fixture
def lookups(open_lookups: Callable[..., StoredFileLookups]) -> StoredFileLookups:
    return open_lookups()


def test_finds_in_another_process_what_was_added(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups]
) -> None:
    asked = replace(
        a_file_lookup(), command=make_lookup(FRIENDS, APP, (), owner="alice"), message=("D1", "1.2")
    )
    lookups.add(asked, IDS)

    found = open_lookups().find("one")

    assert found
    assert found.expires_at
    assert replace(found, expires_at=None) == asked
    assert lookups.list_open(VERA) == [found]
    assert lookups.list_open(Actor("U02", "T1")) == []
    assert lookups.find("other") is None


@pytest.mark.parametrize("after", [0, 1, 10, 29, 30, 31])
def test_reads_the_ids_in_order_from_any_place(lookups: StoredFileLookups, after: int) -> None:
    lookups.add(a_file_lookup(), IDS)

    assert list(lookups.list_ids("one", after)) == [f"user-{number}" for number in range(after, 30)]
    assert list(lookups.list_ids("other", after)) == []


@pytest.mark.parametrize("after", [0, 31, 32, 33, 80])
def test_reads_the_ids_of_many_parts_in_order(lookups: StoredFileLookups, after: int) -> None:
    ids = [f"user-{number}" for number in range(80)]
    lookups.add(a_file_lookup(), [ids[place : place + 2] for place in range(0, 80, 2)])

    assert list(lookups.list_ids("one", after)) == ids[after:]


def test_reads_no_ids_behind_a_part_that_is_missing(url: str, lookups: StoredFileLookups) -> None:
    lookups.add(a_file_lookup(), IDS)
    with transaction(url) as connection:
        connection.execute(delete(file_lookup_ids).where(file_lookup_ids.c.place == 10))

    assert list(lookups.list_ids("one", 0)) == [f"user-{number}" for number in range(10)]


def test_leases_the_oldest_to_one_of_many_processes(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups]
) -> None:
    for name in ("one", "two", "three"):
        lookups.add(a_file_lookup(name), IDS)
    processes = [open_lookups() for _ in range(3)]

    first = lookups.lease_next("first", LONG)
    with ThreadPoolExecutor(9) as pool:
        leased = list(pool.map(lambda number: processes[number % 3].lease_next(str(number), LONG), range(9)))

    assert first
    assert (first.id, first.state, first.tries) == ("one", S.RUNNING, 1)
    assert Counter(each.id for each in leased if each) == {"two": 1, "three": 1}


def test_leases_nothing_whose_ids_are_not_all_kept(lookups: StoredFileLookups) -> None:
    def split() -> Iterator[Sequence[str]]:
        yield IDS[0]
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="gone"):
        lookups.add(a_file_lookup(), split())

    assert lookups.lease_next("holder", LONG) is None
    assert lookups.find("one") is None
    assert lookups.add(a_file_lookup("two"), IDS, 1)


def test_counts_one_whose_ids_are_being_kept_for_long(lookups: StoredFileLookups, url: str) -> None:
    def split() -> Iterator[Sequence[str]]:
        for _ in range(3):
            pass_time(url, 59)
            yield from (IDS[0] for _ in range(_PARTS))
            assert not lookups.add(a_file_lookup("two"), IDS, 1)

    assert lookups.add(a_file_lookup(), split())


def test_keeps_rows_with_their_counts_for_the_holder_alone(lookups: StoredFileLookups) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)

    assert lookups.append("one", "holder", b"a\nb\n", {FOUND: 2})
    assert lookups.append("one", "holder", b"c\n", {FOUND: 2, LookupStatus.FAILED: 1})
    assert lookups.append("one", "holder", b"c\n", {FOUND: 2, LookupStatus.FAILED: 1})
    assert not lookups.append("one", "another", b"d\n", {FOUND: 4})
    assert not lookups.append("other", "holder", b"d\n", {FOUND: 4})

    found = lookups.find("one")
    assert found
    assert found.counts == {FOUND: 2, LookupStatus.FAILED: 1}
    assert found.done == 3
    assert list(lookups.list_rows("one")) == [b"a\nb\n", b"c\n"]


def test_keeps_that_rows_are_not_recorded(lookups: StoredFileLookups) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)
    lookups.append("one", "holder", b"a\n", {FOUND: 1}, is_recorded=False)

    found = lookups.find("one")

    assert found
    assert not found.is_recorded


def test_takes_over_where_a_lease_has_run_out_and_fences_its_holder(
    lookups: StoredFileLookups, url: str
) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("lost", LONG)
    lookups.append("one", "lost", b"a\n", {FOUND: 1})
    assert lookups.renew("one", "lost", LONG)
    assert lookups.is_leased("one", "lost")
    assert lookups.lease_next("next", LONG) is None

    pass_time(url, LONG + 1)
    taken = lookups.lease_next("next", LONG)

    assert taken
    assert taken.counts == {FOUND: 1}
    assert not lookups.is_leased("one", "lost")
    assert not lookups.renew("one", "lost", LONG)
    assert not lookups.append("one", "lost", b"b\n", {FOUND: 2})
    assert not lookups.release("one", "lost", S.FAILED)
    assert lookups.append("one", "next", b"b\n", {FOUND: 2})
    assert list(lookups.list_rows("one")) == [b"a\n", b"b\n"]


def test_waits_after_a_problem_and_counts_the_tries(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    for tries in (1, 2):
        leased = lookups.lease_next("holder", LONG)
        assert leased
        assert leased.tries == tries
        assert lookups.release("one", "holder", S.WAITING, "it is down", timedelta(seconds=60))
        assert lookups.lease_next("holder", LONG) is None
        waiting = lookups.find("one")
        assert waiting
        assert (waiting.state, waiting.problem, waiting.tries) == (S.WAITING, "it is down", tries)
        assert waiting.retry_at
        pass_time(url, 61)

    lookups.lease_next("holder", LONG)
    lookups.append("one", "holder", b"a\n", {FOUND: 1})
    lookups.release("one", "holder", S.WAITING)

    leased = lookups.lease_next("holder", LONG)
    assert leased
    assert (leased.problem, leased.tries, leased.retry_at) == ("", 1, None)


def test_a_cancel_ends_the_lease_of_any_process(lookups: StoredFileLookups) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)
    lookups.append("one", "holder", b"a\n", {FOUND: 1})

    assert lookups.set_state("one", [S.WAITING, S.RUNNING], S.CANCELLED)
    assert not lookups.set_state("one", [S.WAITING, S.RUNNING], S.CANCELLED)
    assert not lookups.append("one", "holder", b"b\n", {FOUND: 2})
    assert not lookups.release("one", "holder", S.SENDING)
    assert lookups.lease_next("holder", LONG) is None

    assert lookups.set_state("one", [S.CANCELLED], S.WAITING)
    leased = lookups.lease_next("next", LONG)
    assert leased
    assert leased.done == 1


@pytest.mark.parametrize("end", sorted(OVER))
def test_hands_out_an_end_that_its_process_did_not_show(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups], url: str, end: S
) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("a", LONG)
    lookups.release("one", "a", end)
    other = open_lookups()
    early = other.take_unshown()
    pass_time(url, SHOW_SECONDS)
    taken = [other.take_unshown(), lookups.take_unshown()]
    pass_time(url, SHOW_SECONDS)
    again = lookups.take_unshown()
    lookups.set_shown("one", end)
    pass_time(url, SHOW_SECONDS)

    assert early is None
    assert [found and found.state for found in taken] == [end, None]
    assert again
    assert lookups.take_unshown() is None


def test_hands_out_no_end_that_its_process_still_tries_to_show(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.set_state("one", [S.WAITING], S.FAILED)
    lookups.hold_end("one", S.FAILED, 300)
    pass_time(url, SHOW_SECONDS)
    early = lookups.take_unshown()
    pass_time(url, 300)

    assert early is None
    assert lookups.take_unshown()


def test_leaves_an_end_to_processes_that_have_its_app(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups], url: str
) -> None:
    for id_ in ("one", "two"):
        lookups.add(a_file_lookup(id_), IDS)
        lookups.set_state(id_, [S.WAITING], S.CANCELLED)
    pass_time(url, SHOW_SECONDS)

    assert open_lookups(apps=()).take_unshown() is None
    assert {(lookups.take_unshown() or a_file_lookup()).id for _ in range(2)} == {"one", "two"}


def test_hands_out_no_end_of_what_was_resumed(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.set_state("one", [S.WAITING], S.CANCELLED)
    lookups.set_state("one", [S.CANCELLED], S.WAITING)
    lookups.set_shown("one", S.CANCELLED)
    pass_time(url, SHOW_SECONDS)

    assert lookups.take_unshown() is None
    assert (lookups.lease_next("a", LONG) or a_file_lookup()).losses == 0


def test_moves_none_whose_csv_is_being_sent(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)
    lookups.release("one", "holder", S.SENDING)
    lookups.lease_next("holder", LONG)
    assert not lookups.set_state("one", [S.SENDING], S.CANCELLED)

    lookups.release("one", "holder", S.SENDING, "Slack took no file", timedelta(seconds=60))
    assert lookups.set_state("one", [S.SENDING], S.CANCELLED)


def test_leases_one_to_be_sent_in_that_state(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)
    lookups.release("one", "holder", S.SENDING)

    for _ in range(2):
        leased = lookups.lease_next("sender", LONG)
        assert leased
        assert leased.state is S.SENDING
        pass_time(url, LONG + 1)


def test_lets_people_take_turns_and_sends_first(lookups: StoredFileLookups) -> None:
    for name in ("one", "two", "three"):
        lookups.add(a_file_lookup(name), IDS)
    lookups.add(a_file_lookup("hers", Actor("U02", "T1")), IDS)

    def lease() -> str:
        leased = lookups.lease_next("holder", LONG)
        assert leased
        return leased.id

    assert [lease(), lease(), lease()] == ["one", "hers", "two"]
    lookups.release("hers", "holder", S.SENDING)
    assert [lease(), lease()] == ["hers", "three"]


def test_lets_what_is_new_go_before_what_was_tried_in_vain(lookups: StoredFileLookups, url: str) -> None:
    for name in ("one", "two"):
        lookups.add(a_file_lookup(name), IDS)
    lookups.lease_next("holder", LONG)
    lookups.release("one", "holder", S.WAITING, "it is down", timedelta(seconds=60))
    pass_time(url, 61)

    leased = lookups.lease_next("holder", LONG)

    assert leased
    assert leased.id == "two"


def test_leases_one_of_many(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup("0"), IDS)
    with transaction(url) as connection:
        row = connection.execute(select(file_lookups)).one()._asdict()
        rows = [{**row, "id": str(number), "made": row["made"] + number} for number in range(1, 8000)]
        connection.execute(file_lookups.insert(), rows)

    leased = lookups.lease_next("holder", LONG)

    assert leased
    assert leased.id == "0"


def test_keeps_no_more_open_than_the_limit(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups]
) -> None:
    processes = [open_lookups() for _ in range(3)]
    with ThreadPoolExecutor(9) as pool:
        kept = list(pool.map(lambda n: processes[n % 3].add(a_file_lookup(str(n)), IDS, 2), range(9)))

    assert sorted(kept) == [False] * 7 + [True] * 2
    assert lookups.add(a_file_lookup("hers", Actor("U02", "T1")), IDS, 2)
    first, second = lookups.list_open(VERA)
    lookups.set_state(first.id, [S.WAITING], S.CANCELLED)
    assert lookups.add(a_file_lookup("more"), IDS, 2)
    assert not lookups.set_state(first.id, [S.CANCELLED], S.WAITING, most=2)
    lookups.set_state(second.id, [S.WAITING], S.CANCELLED)
    assert lookups.set_state(first.id, [S.CANCELLED], S.WAITING, most=2)


def test_holds_no_value_in_clear(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)
    lookups.append("one", "holder", b"user-0,found,Alice Liddell\n" * 100, {FOUND: 100})

    with transaction(url) as connection:
        content: bytes = connection.scalar(select(file_lookup_rows.c.content)) or b""
    assert content
    assert b"Liddell" not in content


def test_says_that_rows_of_another_token_cannot_be_read(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups]
) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.lease_next("holder", LONG)
    lookups.append("one", "holder", b"a\n", {FOUND: 1})

    with pytest.raises(AlteredError, match="token") as caught:
        list(open_lookups("xoxb-2").list_rows("one"))
    assert caught.value.advice


def test_leaves_one_to_processes_that_have_its_app(
    lookups: StoredFileLookups, open_lookups: Callable[..., StoredFileLookups]
) -> None:
    lookups.add(a_file_lookup(), IDS)
    other = App("other", "Tokyo")
    others = open_lookups(apps=[other])
    others.add(replace(a_file_lookup("two"), command=make_lookup(PROFILES, other, ())), IDS)

    assert others.find("one") is None
    assert others.list_open(VERA) == [others.find("two")]
    leased = others.lease_next("holder", LONG)
    assert leased
    assert leased.id == "two"
    assert others.lease_next("holder", LONG) is None
    leased = lookups.lease_next("holder", LONG)
    assert leased
    assert (leased.id, leased.tries) == ("one", 1)


def test_leaves_one_that_was_altered_and_leases_the_next(lookups: StoredFileLookups, url: str) -> None:
    lookups.add(a_file_lookup(), IDS)
    lookups.add(a_file_lookup("two"), IDS)
    with transaction(url) as connection:
        connection.execute(update(file_lookups).where(file_lookups.c.id == "one").values(counts="x"))

    assert lookups.find("one") is None
    leased = lookups.lease_next("holder", LONG)
    assert leased
    assert leased.id == "two"


def test_forgets_one_after_its_time_and_deletes_it_in_parts(
    store: Store, lookups: StoredFileLookups, url: str
) -> None:
    many = [[str(number)] for number in range(MAX_EXPIRED_PARTS + 1)]
    lookups.add(a_file_lookup(), many)
    lookups.lease_next("holder", LONG)
    lookups.append("one", "holder", b"a\n", {FOUND: 1})
    store.drop_expired()
    assert count_rows(url) == [MAX_EXPIRED_PARTS + 1, 1, 1]

    pass_time(url, 25 * 3600)
    lookups.add(a_file_lookup("two"), IDS)

    assert lookups.find("one") is None
    assert not lookups.append("one", "holder", b"b\n", {FOUND: 2})
    store.drop_expired()
    assert count_rows(url) == [len(IDS), 0, 1]
    assert lookups.find("two")


def test_leaves_the_record_sound(store: Store, lookups: StoredFileLookups, url: str) -> None:
    store.add(denied("set"))
    lookups.add(a_file_lookup(), IDS)
    lookups.set_message("one", "D1", "1.2")

    found = lookups.find("one")
    assert found
    assert found.message == ("D1", "1.2")
    assert verify_url(url).status is RecordStatus.SOUND
