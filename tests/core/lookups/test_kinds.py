from string import Formatter

import pytest

from bot.core.commands import SPECS
from bot.core.fields import Domain, defaults
from bot.core.lookups.kinds import LOOKUP_KINDS, LookupKind

each_kind = pytest.mark.parametrize("kind", LOOKUP_KINDS.values(), ids=LOOKUP_KINDS)


def _names(template: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(template)} - {None}


def test_the_record_keeps_these_words() -> None:
    # Stored in entries for good; a new kind adds one.
    assert list(LOOKUP_KINDS)[:3] == ["profile", "friends", "attrs"]


@each_kind
def test_every_kind_is_a_command(kind: LookupKind) -> None:
    assert SPECS[kind.word].kind is kind


@pytest.mark.parametrize("attribute", ["word", "metric", "choice", "noun", "summary"])
def test_no_two_kinds_share_a_name(attribute: str) -> None:
    assert len({getattr(kind, attribute) for kind in LOOKUP_KINDS.values()}) == len(LOOKUP_KINDS)


@each_kind
def test_the_headline_counts_and_names_the_owner_where_there_is_one(kind: LookupKind) -> None:
    names = _names(kind.headline)

    assert {"found", "asked"} <= names <= {"found", "asked", "are", "owner"}
    assert ("owner" in names) == kind.has_owner
    assert bool(kind.title) != kind.has_owner
    # Only the part before the owner is filled in.
    assert _names(kind.headline.partition("{owner}")[2]) == set()


@each_kind
def test_the_fields_of_the_usage_line_are_fields_of_the_domain(kind: LookupKind) -> None:
    if kind.fields_example:
        assert kind.domain
        words = {field.word for field in defaults(kind.domain, ())}
        assert set(kind.fields_example.split(",")) <= words


@pytest.mark.parametrize("domain", Domain)
def test_every_domain_is_read_by_a_kind(domain: Domain) -> None:
    assert domain in {kind.domain for kind in LOOKUP_KINDS.values()}
