import pytest

from bot.core.model import Actor
from bot.errors import AuditError
from bot.slack.listeners.review import OpenReviews
from tests.support.fakes import FakeRecord
from tests.support.interactions import make_interactions

ED = Actor("U01ED", "T01HOME")


@pytest.fixture
def reviews() -> tuple[OpenReviews, OpenReviews]:
    """The open modals as two processes know them."""
    record = FakeRecord()
    return OpenReviews(make_interactions(record)), OpenReviews(make_interactions(record))


def test_knows_the_latest_change_of_a_modal_in_every_process(
    reviews: tuple[OpenReviews, OpenReviews],
) -> None:
    here, there = reviews
    here.add(ED, "V1", "op_a")
    there.add(ED, "V1", "op_b")
    here.add(ED, "V2", "op_c")

    for each in reviews:
        assert [each.find(ED, view_id) for view_id in ("V1", "V2", "V3")] == ["op_b", "op_c", ""]


def test_gives_a_closed_or_confirmed_review_to_one_process(reviews: tuple[OpenReviews, OpenReviews]) -> None:
    here, there = reviews
    here.add(ED, "V1", "op_a")

    assert there.take("V1")
    assert not here.take("V1")
    assert (here.find(ED, "V1"), there.find(ED, "V1")) == ("", "")


def test_knows_in_its_own_process_what_could_not_be_saved() -> None:
    failing = {"save_now": [AuditError("the record cannot be written")]}
    reviews = OpenReviews(make_interactions(FakeRecord(failing=failing)))
    reviews.add(ED, "V1", "op_a")

    assert reviews.find(ED, "V1") == "op_a"
    assert reviews.take("V1")
    assert not reviews.take("V1")


def test_knows_in_its_own_process_what_cannot_be_read_now() -> None:
    failing = {"find_state": [AuditError("the record cannot be read")]}
    reviews = OpenReviews(make_interactions(FakeRecord(failing=failing)))
    reviews.add(ED, "V1", "op_a")

    assert reviews.find(ED, "V1") == "op_a"


def test_keeps_nothing_without_a_modal_or_a_change(reviews: tuple[OpenReviews, OpenReviews]) -> None:
    here, _ = reviews
    here.add(ED, "", "op_a")
    here.add(ED, "V1", "")

    assert (here.find(ED, ""), here.find(ED, "V1")) == ("", "")
