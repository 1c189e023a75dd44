from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.fields import PROFILE_FIELDS, Field, custom_field
from bot.core.model import App, Value, Values
from bot.core.parsing.values import equivalent, is_settable, parse_value
from bot.core.results import Form
from bot.playground.blockkit.checker import check_view
from bot.playground.interactions.input_values import find_errors, read_state
from bot.slack.modals.profile import REASON, SET_MODAL, TITLE, form_view, loading_view, read_form
from tests.support.sample_results import ALICE, BOB, FORM, PROD, VIP

NICK, GENDER, BIRTHDAY, LEVEL, SIGNATURE = (
    "Tag_Profile_IM_Nick",
    "Tag_Profile_IM_Gender",
    "Tag_Profile_IM_BirthDay",
    "Tag_Profile_IM_Level",
    "Tag_Profile_IM_SelfSignature",
)
NOTHING_SET = Form(PROD, "carol", {})
FIELDS = [field for field in (*PROFILE_FIELDS, VIP) if is_settable(field) and field.default]


def inputs(view: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def element(form: Form, tag: str) -> dict[str, Any]:
    found: dict[str, Any] = inputs(form_view(form, "key"))[tag]["element"]
    return found


def send(form: Form, **given: Mapping[str, Any]) -> dict[str, Any]:
    """Submit a form with these inputs changed, and the others left."""
    view = form_view(form, "key")
    state = read_state(view["blocks"], {tag: {"value": held} for tag, held in given.items()})
    assert find_errors(view["blocks"], state) == {}
    return {"values": state}


def holding(values: Values) -> Form:
    return Form(PROD, "alice", values)


@pytest.mark.parametrize(
    "view",
    [
        loading_view(TITLE),
        form_view(FORM, "key"),
        form_view(NOTHING_SET, "key"),
        form_view(holding(BOB), "key"),
    ],
)
def test_makes_views_that_slack_takes(view: dict[str, Any]) -> None:
    assert check_view(view) == []
    assert view["callback_id"] == SET_MODAL


def test_asks_for_every_field_that_can_be_set_and_the_reason() -> None:
    view = form_view(FORM, "an opaque key")

    assert list(inputs(view)) == [*(field.tag for field in FIELDS), REASON]
    assert all(block["optional"] for block in inputs(view).values())
    assert view["private_metadata"] == "an opaque key"


def test_begins_with_what_the_profile_holds() -> None:
    assert element(FORM, NICK)["initial_value"] == "Alice Zhang"
    assert element(FORM, GENDER)["initial_option"]["text"]["text"] == "Female"
    assert element(FORM, BIRTHDAY)["initial_date"] == "1990-04-19"
    assert element(FORM, LEVEL)["initial_value"] == "7"
    assert element(FORM, VIP.tag)["initial_value"] == "gold"


def test_says_what_an_input_takes() -> None:
    asked = inputs(form_view(FORM, "key"))

    assert asked["Tag_Profile_IM_Location"]["hint"]["text"].startswith("Up to 16 bytes")
    assert asked["Tag_Profile_IM_Location"]["element"]["max_length"] == 16
    assert asked[LEVEL]["element"]["max_value"] == str(2**32 - 1)
    assert "birthday=" in asked[BIRTHDAY]["hint"]["text"]


def test_reads_nothing_where_nothing_was_altered() -> None:
    for form in (FORM, NOTHING_SET, holding(BOB)):
        assert read_form(send(form), form) == ({}, "")


def test_reads_only_what_was_altered() -> None:
    option = next(each for each in element(FORM, GENDER)["options"] if each["text"]["text"] == "Male")

    altered, reason = read_form(
        send(
            FORM,
            **{
                NICK: {"value": "Ali"},
                GENDER: {"selected_option": option},
                BIRTHDAY: {"selected_date": "1991-01-02"},
                SIGNATURE: {"value": None},
                REASON: {"value": "she asked"},
            },
        ),
        FORM,
    )

    assert altered == {NICK: "Ali", GENDER: "Gender_Type_Male", BIRTHDAY: "1991-01-02", SIGNATURE: ""}
    assert reason == "she asked"
    assert {tag: parse_value(field(tag), text) for tag, text in altered.items()} == {
        NICK: "Ali",
        GENDER: "Gender_Type_Male",
        BIRTHDAY: 19910102,
        SIGNATURE: "",
    }


def field(tag: str) -> Field:
    return next(each for each in FIELDS if each.tag == tag)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (NICK, "Bob \N{GRINNING FACE}"),
        (NICK, "Bo\u200bb"),
        (NICK, "\ud800"),
        (NICK, "x" * 3001),
        (GENDER, "Gender_Type_Other"),
        (BIRTHDAY, 19901332),
        (BIRTHDAY, "soon"),
        (LEVEL, 2**32),
        (LEVEL, "high"),
    ],
)
def test_leaves_alone_what_a_form_cannot_hold(tag: str, value: Value) -> None:
    form = holding({tag: value})
    block = inputs(form_view(form, "key"))[tag]

    assert check_view(form_view(form, "key")) == []
    assert not any(key.startswith("initial") for key in block["element"])
    assert "The current value can't be shown here" in block["hint"]["text"]
    assert read_form(send(form), form) == ({}, "")


def test_keeps_the_lines_of_a_text() -> None:
    form = holding({SIGNATURE: "one\r\ntwo"})

    assert element(form, SIGNATURE)["multiline"] is True
    assert read_form(send(form), form) == ({}, "")


def test_takes_a_view_without_some_inputs() -> None:
    assert read_form({"values": {}}, FORM) == ({}, "")


any_text = st.text(st.characters(exclude_categories=[]), max_size=600)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS).map(lambda each: each.tag), any_text | st.integers()),
    any_text,
    any_text.filter(len),
)
def test_takes_any_profile(values: dict[str, Value], label: str, account: str) -> None:
    app = App("prod", "Singapore", (custom_field("Vip", label),))
    form = Form(app, account, values)

    assert check_view(form_view(form, "key")) == []
    assert read_form(send(form), form) == ({}, "")


@given(st.sampled_from(list(ALICE)))
def test_shows_what_would_be_typed(tag: str) -> None:
    shown = element(FORM, tag)
    text = shown.get("initial_value") or shown.get("initial_date") or shown["initial_option"]["value"]

    assert equivalent(field(tag), parse_value(field(tag), text), ALICE[tag])
