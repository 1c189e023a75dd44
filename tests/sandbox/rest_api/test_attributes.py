"""The attribute calls: names first, then values, and accounts without any."""

from typing import Any

import pytest

from bot.sandbox.behavior import Behavior
from tests.support.sandbox import APP_ID, Caller


@pytest.fixture(autouse=True)
def named(caller: Caller) -> None:
    caller.sandbox.apps[APP_ID].attribute_names.update({"0": "sex", "1": "city"})
    caller.sandbox.apps[APP_ID].accounts["ann"].attributes.update({"sex": "F"})


def get(caller: Caller, *accounts: Any) -> dict[str, Any]:
    return caller.call("im_get_attr", {"To_Account": list(accounts)})


def put(caller: Caller, account: Any, attributes: Any) -> int:
    return caller.code("im_set_attr", {"UserAttrs": [{"To_Account": account, "Attrs": attributes}]})


def test_an_account_without_attributes_or_not_imported_has_none(caller: Caller) -> None:
    assert get(caller, "zoe", "ann", "ben")["UserAttrs"] == [
        {"To_Account": "zoe", "Attrs": {}},
        {"To_Account": "ann", "Attrs": {"sex": "F"}},
        {"To_Account": "ben", "Attrs": {}},
    ]


def test_sets_only_the_named_attributes(caller: Caller) -> None:
    assert put(caller, "ann", {"city": "x" * 50}) == 0

    assert get(caller, "ann")["UserAttrs"][0]["Attrs"] == {"sex": "F", "city": "x" * 50}


def test_names_only_the_given_slots(caller: Caller) -> None:
    assert caller.code("im_set_attr_name", {"AttrNames": {"1": "town", "9": "plan"}}) == 0

    assert caller.call("im_get_attr_name", {})["AttrNames"] == {"0": "sex", "1": "town", "9": "plan"}


@pytest.mark.parametrize(
    ("accounts", "expected"), [([], 90001), ([7], 60015), (["x" * 33], 90001), (["ann"] * 101, 90018)]
)
def test_refuses_a_wrong_read_with_the_code_for_it(accounts: Any, expected: int, caller: Caller) -> None:
    assert get(caller, *accounts)["ErrorCode"] == expected
    assert caller.code("im_get_attr", {"To_Account": "ann"}) == 90001


@pytest.mark.parametrize(
    ("account", "attributes", "expected"),
    [
        ("ann", {"city": ""}, 90030),
        ("ann", {"city": "x" * 51}, 90030),
        ("ann", {"city": 7}, 90001),
        ("ann", ["city"], 90001),
        ("ann", {"plan": "free"}, 90033),
        ("zoe", {"city": "x"}, 90048),
        (7, {"city": "x"}, 60015),
    ],
)
def test_refuses_a_wrong_value_with_the_code_for_it(
    account: Any, attributes: Any, expected: int, caller: Caller
) -> None:
    assert put(caller, account, attributes) == expected


def test_refuses_a_batch_with_one_wrong_value_whole(caller: Caller) -> None:
    items = [
        {"To_Account": "ann", "Attrs": {"sex": "M"}},
        {"To_Account": "ben", "Attrs": {"sex": ""}},
    ]

    assert caller.code("im_set_attr", {"UserAttrs": items}) == 90030
    assert get(caller, "ann")["UserAttrs"][0]["Attrs"] == {"sex": "F"}
    assert caller.code("im_set_attr", {"UserAttrs": items[:1] * 101}) == 90018


@pytest.mark.parametrize(
    ("names", "expected"),
    [({"10": "x"}, 90001), (["x"], 90001), ({"0": 7}, 90001), ({"0": ""}, 90030), ({"0": "x" * 51}, 90030)],
)
def test_refuses_a_wrong_name_with_the_code_for_it(names: Any, expected: int, caller: Caller) -> None:
    assert caller.code("im_set_attr_name", {"AttrNames": names}) == expected


def test_setting_attr_unknown_omits_the_account_or_fails_the_call(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(attr_unknown="omitted")
    assert [user["To_Account"] for user in get(caller, "zoe", "ann")["UserAttrs"]] == ["ann"]

    caller.sandbox.behavior = Behavior(attr_unknown="whole call")
    assert get(caller, "zoe", "ann")["ErrorCode"] == 90048
    assert get(caller, "ben", "ann")["ErrorCode"] == 0


def test_setting_attr_enabled_switches_the_feature_off(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(attr_enabled=False)

    assert get(caller, "ann")["ErrorCode"] == 90045
    assert put(caller, "ann", {"sex": "M"}) == 90045
    assert caller.code("im_get_attr_name", {}) == 90045
    assert caller.code("im_set_attr_name", {"AttrNames": {}}) == 90045


def test_has_no_error_display(caller: Caller) -> None:
    assert "ErrorDisplay" not in get(caller, "ann")
    assert "ErrorDisplay" not in get(caller, 7)
