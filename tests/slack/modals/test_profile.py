from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.fields import PROFILE_FIELDS, Field, custom_field
from bot.core.model import App, Value, Values
from bot.core.parsing.command_line import Apps
from bot.core.parsing.values import equivalent, is_settable, parse_value
from bot.core.results import Form
from bot.playground.blockkit.checker import check_view
from bot.playground.interactions.input_values import find_errors, read_state
from bot.slack.modals.errors import FormError
from bot.slack.modals.inputs import INPUT
from bot.slack.modals.profile import (
    ACCOUNT,
    PRESET,
    REASON,
    SET_MODAL,
    TITLE,
    WHAT,
    Filled,
    account_view,
    form_fields,
    form_view,
    loading_view,
    read_app,
    read_filled,
    read_form,
)
from tests.support.sample_results import ALICE, BOB, FORM, PROD, VIP, WITH_PRESETS

NICK, GENDER, BIRTHDAY, LEVEL, SIGNATURE, MESSAGES = (
    "Tag_Profile_IM_Nick",
    "Tag_Profile_IM_Gender",
    "Tag_Profile_IM_BirthDay",
    "Tag_Profile_IM_Level",
    "Tag_Profile_IM_SelfSignature",
    "Tag_Profile_IM_MsgSettings",
)
NOTHING_SET = Form(PROD, "carol", {})
FIELDS = [field for field in (*PROFILE_FIELDS, VIP) if is_settable(field)]


def inputs(view: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def whole(form: Form) -> dict[str, Any]:
    """Make the form with every field chosen."""
    return form_view(form, "key", Filled(form_fields(form)))


def element(form: Form, tag: str) -> dict[str, Any]:
    found: dict[str, Any] = inputs(whole(form))[tag]["element"]
    return found


def send(form: Form, **given: Mapping[str, Any]) -> dict[str, Any]:
    """Submit a form with these inputs changed, and the others left."""
    view = whole(form)
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
        *(form_view(form, "key", Filled(form_fields(form))) for form in (FORM, NOTHING_SET, holding(BOB))),
    ],
)
def test_makes_views_that_slack_takes(view: dict[str, Any]) -> None:
    assert check_view(view) == []
    assert view["callback_id"] == SET_MODAL


def test_asks_for_an_app_however_long_its_data_centers_name_is() -> None:
    host = "internal-im-proxy-production-1234567890.ap-southeast-1.elb.amazonaws.com"
    apps = Apps({"demo": App("demo", "local"), "prod": App("prod", host)}, "demo")

    assert check_view(account_view(apps)) == []


def test_says_at_its_first_input_that_the_apps_have_changed() -> None:
    apps = Apps({"demo": App("demo", "local"), "prod": App("prod", "Singapore")}, None)
    view = {**account_view(Apps({"demo": App("demo", "local")}, "demo")), "state": {"values": {}}}

    with pytest.raises(FormError) as caught:
        read_app(view, apps)

    (said,) = caught.value.mistakes.items()
    assert said == (
        ACCOUNT,
        "the apps here have changed since this form was opened; close it, and open it again.",
    )


def test_asks_first_what_to_change_and_offers_every_field_that_can_be_set() -> None:
    view = form_view(FORM, "an opaque key")
    what = inputs(view)[WHAT]

    assert list(inputs(view)) == [WHAT, REASON]
    assert what["dispatch_action"] is True
    assert [option["value"] for option in what["element"]["options"]] == [field.tag for field in FIELDS]
    assert "initial_options" not in what["element"]
    assert view["private_metadata"] == "an opaque key"


def test_asks_then_for_the_chosen_fields_alone() -> None:
    asked = inputs(form_view(FORM, "key", Filled((field(NICK), field(LEVEL)))))

    assert list(asked) == [WHAT, NICK, LEVEL, REASON]
    assert [each["value"] for each in asked[WHAT]["element"]["initial_options"]] == [NICK, LEVEL]
    assert asked[NICK]["optional"]
    assert asked[LEVEL]["optional"]


def test_keeps_what_was_filled_in_when_another_field_is_chosen() -> None:
    first = form_view(FORM, "key", Filled((field(NICK), field(BIRTHDAY))))
    ticked = {"selected_options": inputs(first)[f"clear:{BIRTHDAY}"]["element"]["options"]}
    state = read_state(
        first["blocks"],
        {
            WHAT: {
                INPUT: {
                    "selected_options": [
                        each
                        for each in inputs(first)[WHAT]["element"]["options"]
                        if each["value"] in (NICK, BIRTHDAY, LEVEL)
                    ]
                }
            },
            NICK: {INPUT: {"value": "Ali"}},
            f"clear:{BIRTHDAY}": {INPUT: ticked},
            REASON: {INPUT: {"value": "she asked"}},
        },
    )

    again = inputs(form_view(FORM, "key", read_filled({"state": {"values": state}}, FORM)))

    assert list(again) == [WHAT, NICK, BIRTHDAY, f"clear:{BIRTHDAY}", LEVEL, REASON]
    assert again[NICK]["element"]["initial_value"] == "Ali"
    assert again[f"clear:{BIRTHDAY}"]["element"]["initial_options"] == ticked["selected_options"]
    assert again[LEVEL]["element"]["initial_value"] == "7"
    assert again[REASON]["element"]["initial_value"] == "she asked"


def test_begins_with_what_the_profile_holds() -> None:
    assert element(FORM, NICK)["initial_value"] == "Alice Zhang"
    assert element(FORM, GENDER)["initial_option"]["text"]["text"] == "Female"
    assert element(FORM, BIRTHDAY)["initial_date"] == "1990-04-19"
    assert element(FORM, LEVEL)["initial_value"] == "7"
    assert element(FORM, VIP.tag)["initial_value"] == "gold"


def test_says_what_an_input_takes() -> None:
    view = whole(FORM)
    asked = inputs(view)

    assert asked["Tag_Profile_IM_Location"]["hint"]["text"] == "At most 16 bytes."
    assert "max_length" not in asked["Tag_Profile_IM_Location"]["element"]
    assert asked[LEVEL]["element"]["max_value"] == str(2**32 - 1)
    assert asked[f"clear:{BIRTHDAY}"]["label"]["text"] == "Tick to clear the birthday"
    assert "You'll review the changes before saving" in view["blocks"][-1]["elements"][0]["text"]


def test_clears_what_an_input_cannot() -> None:
    form = holding({NICK: "Bob \N{GRINNING FACE}", BIRTHDAY: 19900419, SIGNATURE: "hi"})
    boxes = {
        f"clear:{tag}": {"selected_options": inputs(whole(form))[f"clear:{tag}"]["element"]["options"]}
        for tag in (NICK, BIRTHDAY)
    }

    altered, _ = read_form(send(form, **boxes), form)

    assert altered == {NICK: "", BIRTHDAY: ""}
    assert f"clear:{SIGNATURE}" not in inputs(whole(form))
    assert f"clear:{BIRTHDAY}" not in inputs(whole(NOTHING_SET))


def test_fills_in_a_preset_beside_what_was_typed() -> None:
    form = replace(FORM, app=WITH_PRESETS)
    filled = Filled((field(NICK), field(LEVEL)), {NICK: "Ali", LEVEL: "8"}).fill(
        form, WITH_PRESETS.presets[0]
    )
    view = form_view(form, "key", filled)

    assert [each.tag for each in filled.fields][:3] == [NICK, BIRTHDAY, LEVEL]
    altered, _ = read_form({"values": read_state(view["blocks"], {})}, form)
    assert {NICK: "", BIRTHDAY: "", LEVEL: "8"}.items() <= altered.items()
    assert inputs(view)[PRESET]["element"]["initial_option"]["value"] == "reset-nick"
    assert filled.fill(form, WITH_PRESETS.presets[1]).version == "-2"


def test_offers_no_preset_that_its_inputs_cannot_hold() -> None:
    offered = inputs(form_view(replace(FORM, app=WITH_PRESETS), "key"))[PRESET]["element"]["options"]

    assert [option["value"] for option in offered] == ["reset-nick", "unmute"]
    assert PRESET not in inputs(form_view(FORM, "key"))


def test_offers_messages_without_their_current_value() -> None:
    messages = element(FORM, MESSAGES)

    assert [each["value"] for each in messages["options"]] == ["received", "not-received"]
    assert "initial_option" not in messages
    altered, _ = read_form(send(FORM, **{MESSAGES: {"selected_option": messages["options"][1]}}), FORM)
    assert {tag: parse_value(field(tag), text) for tag, text in altered.items()} == {MESSAGES: 1}


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
    block = inputs(whole(form))[tag]

    assert check_view(whole(form)) == []
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

    assert check_view(whole(form)) == []
    assert read_form(send(form), form) == ({}, "")


@given(st.sampled_from(list(ALICE)))
def test_shows_what_would_be_typed(tag: str) -> None:
    shown = element(FORM, tag)
    text = shown.get("initial_value") or shown.get("initial_date") or shown["initial_option"]["value"]

    assert equivalent(field(tag), parse_value(field(tag), text), ALICE[tag])
