"""Changes through the real client, to a server that behaves as the vendor's."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.changes.service import Changes
from bot.core.commands import SetFields
from bot.core.fields import PROFILE_FIELDS, Field, custom_field
from bot.core.model import App, Outcome, Value
from bot.core.parsing.command_line import Apps
from bot.core.parsing.values import equivalent
from bot.core.results import Preview, Settled, Unchanged
from bot.errors import InvalidRequestError, NotFoundError
from bot.im.client import IMClient
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.server import Sandbox
from tests.support.changes_fixture import ALICE, EDDA, LEVEL, NICK, RULES, SLACK
from tests.support.fakes import FakeRecord
from tests.support.field_values import held
from tests.support.sandbox import APP_ID, KEY, Caller, hosted, serving

TEST = custom_field("Test")
PROD = App("prod", "local", (TEST,))
BY_WORD = {known.word: known for known in (*PROFILE_FIELDS, TEST)}


@dataclass
class SandboxChangesFixture:
    """Changes over HTTP in a sandbox."""

    changes: Changes
    served: Caller

    @property
    def sandbox(self) -> Sandbox:
        return self.served.sandbox

    @property
    def profile(self) -> dict[str, str | int]:
        return self.sandbox.apps[APP_ID].accounts["alice"].profile

    def reset(self, behavior: Behavior = Behavior()) -> None:  # noqa: B008 - frozen
        self.sandbox.apps[APP_ID] = hosted({"alice": {NICK: "Alice", LEVEL: 7}})
        self.sandbox.behavior = behavior

    def propose(self, account: str = "alice", **values: Value) -> Preview:
        wanted = {BY_WORD[word]: value for word, value in values.items()}
        preview = self.changes.propose(EDDA, SetFields(PROD, account, wanted))
        assert isinstance(preview, Preview)
        return preview

    def confirm(self, preview: Preview) -> Settled:
        settled = self.changes.confirm(EDDA, preview.change.id)
        assert isinstance(settled, Settled)
        return settled


@pytest.fixture(scope="module")
def served() -> Iterator[SandboxChangesFixture]:
    with (
        serving(Sandbox(hosted())) as served,
        closing(
            IMClient(base_url=served.url, app_id=APP_ID, key=KEY, admin="administrator", workers=2)
        ) as im,
    ):
        waits = (0, 0.1, 0.2, 0.4)
        apps = Apps({"prod": PROD}, "prod")
        changes = Changes(apps, {"prod": im}, RULES, SLACK, FakeRecord(), audited=True, waits=waits)
        yield SandboxChangesFixture(changes, served)


@pytest.fixture
def fixture(served: SandboxChangesFixture) -> SandboxChangesFixture:
    served.reset()
    return served


def test_sets_confirms_and_undoes(fixture: SandboxChangesFixture) -> None:
    settled = fixture.confirm(fixture.propose(nick="Alicia 张三", gender="Gender_Type_Female", Test="gold"))

    assert (settled.change.outcome, settled.problem) == (Outcome.SUCCEEDED, None)
    assert fixture.profile == {**ALICE, **settled.change.after}
    undo = fixture.changes.undo(EDDA, settled.change.id)
    assert isinstance(undo, Preview)
    assert fixture.confirm(undo).change.outcome is Outcome.SUCCEEDED
    for word in ("nick", "gender", "Test"):
        tag = BY_WORD[word].tag
        assert equivalent(BY_WORD[word], fixture.profile.get(tag), ALICE.get(tag))


BEHAVIORS = (
    Behavior(unset_tag="default"),
    Behavior(empty_profile="absent"),
    Behavior(empty_string="clear"),
    Behavior(answer_int_strings=True),
    Behavior(read_delay_ms=150),
    Behavior(missing_user="whole call"),
)


@pytest.mark.parametrize("behavior", BEHAVIORS, ids=repr)
def test_changes_whichever_way_the_vendor_has_it(fixture: SandboxChangesFixture, behavior: Behavior) -> None:
    fixture.reset(behavior)

    settled = fixture.confirm(fixture.propose(nick="", level=0, birthday=19900419))
    assert settled.change.outcome is Outcome.SUCCEEDED
    undo = fixture.changes.undo(EDDA, settled.change.id)

    assert isinstance(undo, Preview)
    assert fixture.confirm(undo).change.outcome is Outcome.SUCCEEDED
    with pytest.raises(NotFoundError, match="no such account"):
        fixture.propose("nobody", nick="x")


def test_a_refused_value_is_a_failure_and_changes_nothing(fixture: SandboxChangesFixture) -> None:
    fixture.reset(Behavior(words=("spam",)))

    settled = fixture.confirm(fixture.propose(level=8, nick="spam"))

    assert settled.change.outcome is Outcome.FAILED
    assert isinstance(settled.problem, InvalidRequestError)
    assert settled.problem.code == 40005
    assert fixture.profile == ALICE


def test_undoes_what_a_vendor_that_is_not_atomic_saved_of_a_refused_change(
    fixture: SandboxChangesFixture,
) -> None:
    fixture.reset(Behavior(words=("spam",), set_atomic=False))

    settled = fixture.confirm(fixture.propose(level=8, nick="spam"))

    assert settled.change.outcome is Outcome.FAILED
    assert str(settled.problem).endswith(", but level changed anyway")
    assert settled.saved == (BY_WORD["level"],)
    undo = fixture.changes.undo(EDDA, settled.change.id)
    assert isinstance(undo, Preview)
    assert fixture.confirm(undo).change.outcome is Outcome.SUCCEEDED
    assert fixture.profile == ALICE


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("reset", Outcome.SUCCEEDED), ("truncated", Outcome.SUCCEEDED), ("502", Outcome.FAILED)],
)
def test_settles_an_unanswered_write_by_reading_back(
    fixture: SandboxChangesFixture, kind: str, outcome: Outcome
) -> None:
    preview = fixture.propose(nick="Alicia")
    fixture.sandbox.behavior = Behavior(fault=Fault(kind=kind, command="portrait_set"))  # type: ignore[arg-type]  # one of them

    settled = fixture.confirm(preview)

    assert settled.change.outcome is outcome
    assert fixture.profile[NICK] == ("Alicia" if outcome is Outcome.SUCCEEDED else "Alice")


@given(st.sampled_from(list(BY_WORD.values())).flatmap(lambda field: st.tuples(st.just(field), held(field))))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_shown_is_what_is_sent_and_what_is_read_back(
    served: SandboxChangesFixture, drawn: tuple[Field, Value]
) -> None:
    field, value = drawn
    served.reset()

    result = served.changes.propose(EDDA, SetFields(PROD, "alice", {field: value}))

    if isinstance(result, Unchanged):
        assert equivalent(field, served.profile.get(field.tag), value)
        return
    assert result.change.after == {field.tag: value}
    settled = served.confirm(result)
    assert settled.change.outcome is Outcome.SUCCEEDED
    assert served.profile[field.tag] == value
