from bot.core.changes import journal
from bot.core.changes.saved import add_saved
from bot.core.commands import make_lookup
from bot.core.lookups.drift import find_drift
from bot.core.lookups.kinds import PROFILES
from bot.core.model import AccountResult, LookupStatus, Outcome, Surface, Values
from tests.support.changes_fixture import BY_WORD, LEVEL, NICK, PROD, ChangesFixture

FIELDS = (BY_WORD["nick"], BY_WORD["level"])


def drifted(fixture: ChangesFixture, now: Values) -> list[str]:
    command = make_lookup(PROFILES, PROD, ("alice",), FIELDS)
    rows = [AccountResult("alice", LookupStatus.FOUND, now)]
    return [drift.field.word for drift in find_drift(fixture.record, command, rows)]


def test_a_field_has_drifted_from_what_the_vendor_saved_of_a_refused_change() -> None:
    fixture = ChangesFixture()
    fixture.done("nick=Alicia level=8")
    change = fixture.preview("nick=Ally level=9")
    problem = add_saved("refused", FIELDS[:1])
    attempted, _ = journal.move(fixture.record, change, Outcome.ATTEMPTED, Surface.BUTTON)
    journal.move(fixture.record, attempted, Outcome.FAILED, Surface.BUTTON, problem)

    assert drifted(fixture, {NICK: "Ally", LEVEL: 8}) == []
    assert drifted(fixture, {NICK: "Alicia", LEVEL: 9}) == ["nick", "level"]
