from bot.slack.listeners.review import MODALS, OpenReviews


def test_gives_the_latest_change_of_a_modal_once() -> None:
    reviews = OpenReviews()
    reviews.add("V1", "op_a")
    reviews.add("V1", "op_b")
    reviews.add("V2", "op_c")

    assert [reviews.pop(view_id) for view_id in ("V1", "V1", "V2", "V3")] == ["op_b", "", "op_c", ""]


def test_forgets_a_closed_review_but_not_the_one_that_followed() -> None:
    reviews = OpenReviews()
    reviews.add("V1", "op_a")
    reviews.forget("V1", "op_a")
    reviews.add("V2", "op_b")
    reviews.forget("V2", "op_a")
    reviews.forget("V3", "op_a")

    assert (reviews.pop("V1"), reviews.pop("V2")) == ("", "op_b")


def test_keeps_nothing_without_a_modal_or_a_change() -> None:
    reviews = OpenReviews()
    reviews.add("", "op_a")
    reviews.add("V1", "")

    assert (reviews.pop(""), reviews.pop("V1")) == ("", "")


def test_remembers_the_latest_modals_alone() -> None:
    reviews = OpenReviews()
    for number in range(MODALS + 1):
        reviews.add(f"V{number}", f"op_{number}")

    assert (reviews.pop("V0"), reviews.pop("V1"), reviews.pop(f"V{MODALS}")) == ("", "op_1", f"op_{MODALS}")
