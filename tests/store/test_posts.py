"""The messages of entries, and those that must say that a change was undone."""

from dataclasses import replace

import pytest

from bot.core.changes.journal import undo_reason
from bot.core.model import AuditEvent, Change, Outcome, Post
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import a_change, denied, step
from tests.support.tampering import run_freely


def apply(store: Store, change: Change, end: Outcome = Outcome.SUCCEEDED, problem: str = "") -> int:
    """Take a change through all its steps; return the number of its last entry."""
    word = "undo" if change.undoes else "set"

    def event(outcome: Outcome) -> AuditEvent:
        said = problem if outcome is end else ""
        return replace(step(change, outcome), command=word, problem=said)

    store.propose(change, event(Outcome.PROPOSED))
    for before, after in (
        (Outcome.PROPOSED, Outcome.ATTEMPTED),
        (Outcome.ATTEMPTED, end),
    ):
        entry = store.move(replace(change, outcome=before), after, event(after))
    assert entry
    return entry.sequence


def an_undo(of: str = "op_1", change_id: str = "op_2") -> Change:
    return replace(a_change(change_id), undoes=of, reason=undo_reason(of))


def deliver(store: Store, ts: str = "1.5") -> Post:
    """Post all that waits in one message."""
    numbers = tuple(entry.sequence for entry in store.lease_next("me", 10, 10))
    post = Post("C1", ts, "seal", numbers)
    store.mark_delivered("me", numbers[-1], [post])
    return post


def test_finds_the_message_of_an_undone_change_with_all_its_entries(store: Store, url: str) -> None:
    done = apply(store, a_change())
    refused = store.add(denied("set")).sequence
    post = deliver(store)
    undone = apply(store, an_undo())
    deliver(store, "2.5")

    outdated = store.lease_outdated("me", 10)

    assert outdated
    assert outdated.post == post
    assert [entry.sequence for entry in outdated.entries] == [done, refused]
    assert {change: undo.sequence for change, undo in outdated.undone.items()} == {"op_1": undone}
    assert verify_url(url).status is RecordStatus.SOUND


def test_takes_no_refusal_of_an_undo_for_the_message_of_its_change(store: Store) -> None:
    apply(store, a_change())
    post = deliver(store)
    store.add(replace(denied("undo"), change_id="op_1"))
    deliver(store, "2.5")
    apply(store, an_undo())
    deliver(store, "3.5")

    outdated = store.lease_outdated("me", 10)

    assert outdated
    assert outdated.post == post


def test_finds_the_message_of_a_refused_change_whose_saved_fields_were_undone(store: Store, url: str) -> None:
    apply(store, a_change(), Outcome.FAILED, "refused, but nick changed anyway (40005)")
    post = deliver(store)
    apply(store, an_undo())
    deliver(store, "2.5")

    outdated = store.lease_outdated("me", 10)

    assert outdated
    assert outdated.post == post
    assert verify_url(url).status is RecordStatus.SOUND


def test_records_an_undo_although_its_note_cannot_be_kept(
    store: Store, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    apply(store, a_change())
    run_freely(url, "ALTER TABLE undone RENAME TO away")
    apply(store, an_undo())

    assert "could not keep what a later press or an undo needs" in caplog.text
    assert [change.outcome for change in store.find_each(["op_2"])] == [Outcome.SUCCEEDED]


def test_waits_for_the_entries_before_it_updates_a_message(store: Store) -> None:
    apply(store, a_change())
    apply(store, an_undo())

    assert store.lease_outdated("me", 10) is None


def test_updates_a_message_once(store: Store) -> None:
    apply(store, a_change())
    apply(store, an_undo())
    deliver(store)
    outdated = store.lease_outdated("me", 10)
    assert outdated

    store.mark_shown(outdated)

    assert store.lease_outdated("me", 10) is None


def test_gives_an_outdated_message_to_one_holder(store: Store) -> None:
    apply(store, a_change())
    apply(store, an_undo())
    deliver(store)

    assert store.lease_outdated("me", 10)
    assert store.lease_outdated("other", 10) is None
    store.release("me")
    assert store.lease_outdated("other", 10)


def test_notes_a_later_undo_of_the_same_change(store: Store) -> None:
    apply(store, a_change())
    apply(store, an_undo())
    deliver(store)
    first = store.lease_outdated("me", 10)
    assert first
    later = apply(store, an_undo(change_id="op_3"))
    deliver(store)

    store.mark_shown(first)
    outdated = store.lease_outdated("me", 10)

    assert outdated
    assert outdated.undone["op_1"].sequence == later


def test_finds_no_message_of_a_change_that_was_never_posted(store: Store) -> None:
    apply(store, a_change())
    apply(store, an_undo())
    store.mark_delivered("me", 6)

    outdated = store.lease_outdated("me", 10)

    assert outdated
    assert outdated.post is None


def test_keeps_the_latest_message_of_an_entry_posted_twice(store: Store) -> None:
    apply(store, a_change())
    (entry,) = store.lease_next("me", 10, 10)
    for ts in ("1.5", "2.5"):
        store.mark_delivered("me", 1, [Post("C1", ts, "seal", (entry.sequence,))])
    apply(store, an_undo())
    store.mark_delivered("me", 6)

    outdated = store.lease_outdated("me", 10)

    assert outdated
    assert outdated.post
    assert outdated.post.ts == "2.5"
