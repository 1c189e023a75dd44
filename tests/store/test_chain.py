import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.core.model import Actor, AuditEvent, Change, Outcome, Surface
from bot.store import chain
from bot.store.export import export
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import ALICE, looked_up

OPEN_STORE = Callable[[str], Store]

_numbers = count()

ANY_TEXT = st.text(st.characters(exclude_categories=()))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(texts, st.one_of(texts, st.integers(), st.lists(texts).map(tuple)), max_size=4)


def drafts(texts: st.SearchStrategy[str]) -> st.SearchStrategy[AuditEvent]:
    return st.builds(
        AuditEvent,
        actor=st.builds(Actor, texts, texts),
        surface=st.sampled_from(Surface),
        app=texts,
        command=texts,
        accounts=st.lists(texts, max_size=4).map(tuple),
        outcome=st.sampled_from(Outcome),
        reason=texts,
        problem=texts,
        before=values(texts),
        after=values(texts),
        change_id=texts,
    )


@given(drafts(TEXT), st.datetimes(timezones=st.just(UTC)), st.integers(1))
def test_every_entry_reads_back_as_it_was_written(event: AuditEvent, at: datetime, sequence: int) -> None:
    entry, content = chain.link(sequence, at, event, chain.START)

    assert chain.read(content, entry.hash) == entry
    assert entry.event == event


@given(drafts(ANY_TEXT))
def test_others_can_check_any_entry(event: AuditEvent) -> None:
    entry, content = chain.link(1, datetime.now(UTC), event, chain.START)

    again = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again == content
    assert sha256(content.encode()).hexdigest() == entry.hash


def test_writes_an_entry_exactly_so() -> None:
    event = AuditEvent(
        ALICE, Surface.FORM, "demo", "set", ("zoë",), Outcome.PROPOSED, after={"b": ("x",), "a": 1}
    )
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    _, content = chain.link(7, at, event, "f" * 64)

    assert content == (
        '{"accounts":["zoë"],"after":{"a":1,"b":["x"]},"app":"demo","at":"2026-03-01T12:00:00.000000+00:00",'
        '"before":{},"change":"","command":"set","outcome":"proposed",'
        f'"previous":"{"f" * 64}","problem":"","reason":"","sequence":7,'
        '"surface":"form","team":"T1","user":"U1"}'
    )


def test_names_the_channel_of_an_entry_that_has_one() -> None:
    shared = replace(looked_up(), outcome=Outcome.SHARED, channel="C1")

    entry, content = chain.link(1, datetime(2026, 3, 1, 12, tzinfo=UTC), shared, chain.START)

    assert '"change":"","channel":"C1","command"' in content
    assert chain.read(content, entry.hash).event == shared


LOOKED_UP = looked_up()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(event=drafts(ANY_TEXT))
@example(event=replace(LOOKED_UP, actor=Actor("\0", "\ud800"), before={"\ud800": 1, "\0": 2}))
def test_any_entry_and_change_can_be_recorded(url: str, store: Store, event: AuditEvent) -> None:
    change = Change(
        f"{next(_numbers)} {event.change_id}",
        event.actor,
        event.app,
        event.reason,
        event.before,
        event.after,
        event.reason,
        datetime.now(UTC),
    )

    event = replace(
        event, change_id=change.id, accounts=(change.account,), problem="", outcome=Outcome.PROPOSED
    )
    entry = store.propose(change, event)

    assert store.find(change.id) == change
    for account in event.accounts:
        assert store.list_history(event.app, account, None, 1) == [entry]
    store.list_history(event.app, event.reason, None, 1)


def test_what_was_recorded_of_hostile_text_is_sound(url: str, store: Store, tmp_path: Path) -> None:
    hostile = "".join(map(chr, [*range(0x500), *range(0xD7F0, 0xE010), *range(0xFFF0, 0x10010), 0x10FFFF]))
    for each in (hostile, hostile[::-1], hostile * 50):
        store.add(AuditEvent(ALICE, Surface.COMMAND, each, each, (each,), Outcome.ANSWERED, each, each))

    assert verify_url(url).status is RecordStatus.SOUND
    (tmp_path / "export").write_text("".join(export(url, "csv")), encoding="utf-8")
