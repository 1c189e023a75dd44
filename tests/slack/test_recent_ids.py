from hypothesis import given
from hypothesis import strategies as st

from bot.slack.recent_ids import RecentIds


def test_knows_an_id_again() -> None:
    seen = RecentIds(2)

    assert [seen.add(id_) for id_ in "aab"] == [False, True, False]


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 5))
def test_keeps_no_more_than_it_has_room_for(ids: list[str], capacity: int) -> None:
    seen = RecentIds(capacity)
    for id_ in ids:
        seen.add(id_)

    assert len(seen._ids) <= capacity
    assert not ids or seen.add(ids[-1])
