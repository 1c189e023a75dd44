import time
from collections.abc import Callable, Sequence

import pytest

from bot.core.model import AlteredEntry, AuditEvent, Entry, Head, Outcome
from bot.store.record import Store
from tests.support.entries import a_change, denied, looked_up, step

OPEN_STORE = Callable[[str], Store]


def fill(store: Store, count: int) -> None:
    for _ in range(count):
        store.add(denied("set"))


def numbers(entries: Sequence[Entry | AlteredEntry]) -> list[int]:
    return [entry.sequence for entry in entries]


def change_event(outcome: Outcome) -> AuditEvent:
    return step(a_change(), outcome)


@pytest.mark.parametrize(
    "event",
    [
        change_event(Outcome.SUCCEEDED),
        change_event(Outcome.FAILED),
        change_event(Outcome.UNKNOWN),
        denied("set"),
        denied("undo"),
    ],
    ids=lambda event: f"{event.command} {event.outcome}",
)
def test_hands_out_outcomes_and_denials_of_changes(store: Store, event: AuditEvent) -> None:
    entry = store.add(event)

    assert store.lease_next("me", 10, 10) == [entry]


@pytest.mark.parametrize(
    "event",
    [
        change_event(Outcome.PROPOSED),
        change_event(Outcome.ATTEMPTED),
        change_event(Outcome.CANCELLED),
        denied("profile"),
        looked_up(),
    ],
    ids=lambda event: f"{event.command} {event.outcome}",
)
def test_hands_out_nothing_else(store: Store, event: AuditEvent) -> None:
    store.add(event)

    assert store.lease_next("me", 10, 10) == ()


def test_announces_what_waits_once_it_is_committed(store: Store) -> None:
    announced: list[int] = []
    store.notify_waiting(lambda: announced.append(store.count_waiting()[0]))

    store.add(looked_up())
    store.add(denied("set"))
    store.add(denied("set"))

    assert announced == [1, 2]


def test_hands_entries_out_in_order_until_they_are_done(store: Store) -> None:
    fill(store, 5)

    assert numbers(store.lease_next("me", 10, 3)) == [1, 2, 3]
    store.mark_delivered("me", 2)
    assert numbers(store.lease_next("me", 10, 10)) == [3, 4, 5]
    store.mark_delivered("me", 5)
    assert store.lease_next("me", 10, 10) == ()


def test_only_one_holder_gets_entries(url: str, store: Store, open_store: OPEN_STORE) -> None:
    other = open_store(url)
    fill(store, 2)

    assert numbers(store.lease_next("me", 10, 1)) == [1]
    assert other.lease_next("another", 10, 1) == ()
    store.mark_delivered("me", 1)
    assert other.lease_next("another", 10, 1) == ()
    store.release("me")
    assert numbers(other.lease_next("another", 10, 1)) == [2]


def test_a_dead_holders_lease_expires(store: Store) -> None:
    fill(store, 1)

    assert numbers(store.lease_next("me", 0.2, 1)) == [1]
    assert store.lease_next("another", 10, 1) == ()
    time.sleep(0.25)
    assert numbers(store.lease_next("another", 10, 1)) == [1]
    assert store.lease_next("me", 10, 1) == ()


def test_releases_no_lease_of_another_holder(store: Store) -> None:
    fill(store, 1)
    store.lease_next("me", 10, 1)

    store.release("another")

    assert store.lease_next("another", 10, 1) == ()


def test_counts_what_waits_and_since_when(store: Store) -> None:
    assert store.count_waiting() == (0, None)

    first = store.add(denied("set"))
    fill(store, 1)
    store.add(looked_up())

    assert store.count_waiting() == (2, first.at)


def test_asks_for_a_checkpoint_when_the_channel_has_seen_nothing_that_covers_the_head(store: Store) -> None:
    assert store.lease_checkpoint("me", 10, 0) is None

    entry = store.add(looked_up())

    assert store.lease_checkpoint("me", 10, 3600) == Head(entry.sequence, entry.hash)
    store.mark_delivered("me", entry.sequence)
    assert store.lease_checkpoint("me", 10, 0) is None


def test_asks_for_no_checkpoint_so_soon_after_the_channel_saw_something(store: Store) -> None:
    store.mark_delivered("me", store.add(denied("set")).sequence)
    later = store.add(looked_up())

    assert store.lease_checkpoint("me", 10, 3600) is None
    assert store.lease_checkpoint("me", 10, 0) == Head(later.sequence, later.hash)


def test_asks_for_no_checkpoint_while_entries_wait_that_will_cover_the_head(store: Store) -> None:
    fill(store, 1)
    store.add(looked_up())

    assert store.lease_checkpoint("me", 10, 0) is None
    assert numbers(store.lease_next("me", 10, 10)) == [1]


def test_only_one_holder_makes_a_checkpoint(url: str, store: Store, open_store: OPEN_STORE) -> None:
    other = open_store(url)
    store.add(looked_up())

    assert store.lease_checkpoint("me", 10, 0)
    assert other.lease_checkpoint("another", 10, 0) is None
    assert other.lease_next("another", 10, 10) == ()
    store.release("me")
    assert other.lease_checkpoint("another", 10, 0)


def test_what_was_covered_stays_so_when_less_is_delivered_again(store: Store) -> None:
    store.add(looked_up())
    store.mark_delivered("me", store.add(looked_up()).sequence)

    store.mark_delivered("me", 1)

    assert store.lease_checkpoint("me", 10, 0) is None
