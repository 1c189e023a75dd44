"""friend_get_list and friend_import: directed lists, the friend fields, and the limits."""

from typing import Any

import pytest

from bot.core.fields import FRIEND_FIELDS
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import CustomField
from bot.sandbox.rest_api.friends import MAX_FRIENDS
from tests.support.sandbox import APP_ID, Caller

NICK, REMARK, GROUP = "Tag_Profile_IM_Nick", "Tag_SNS_IM_Remark", "Tag_SNS_IM_Group"
SOURCE, SINCE, WORDING = "Tag_SNS_IM_AddSource", "Tag_SNS_IM_AddTime", "Tag_SNS_IM_AddWording"
CUSTOM = "Tag_SNS_Custom_Test"
WEB = "AddSource_Type_Web"


def befriend(caller: Caller, owner: str, account: Any, **item: Any) -> dict[str, Any]:
    friend = {"To_Account": account, "AddSource": WEB, **item}
    return caller.call("friend_import", {"From_Account": owner, "AddFriendItem": [friend]})


def result(answer: dict[str, Any]) -> int:
    assert answer["ErrorCode"] == 0
    code: int = answer["ResultItem"][0]["ResultCode"]
    return code


def get(caller: Caller, owner: Any, accounts: Any, tags: Any) -> dict[str, Any]:
    return caller.call("friend_get_list", {"From_Account": owner, "To_Account": accounts, "TagList": tags})


def values(item: dict[str, Any]) -> dict[str, Any]:
    return {pair["Tag"]: pair["Value"] for pair in item["SnsProfileItem"]}


def codes(answer: dict[str, Any]) -> list[int]:
    return [item["ResultCode"] for item in answer["InfoItem"]]


def test_being_a_friend_is_not_mutual(caller: Caller) -> None:
    befriend(caller, "ann", "cy")

    assert codes(get(caller, "ann", ["cy"], [NICK])) == [0]
    assert codes(get(caller, "cy", ["ann"], [NICK])) == [30001]


def test_reads_back_every_field_of_a_friend(caller: Caller) -> None:
    item = {
        "Remark": "r" * 96,
        "RemarkTime": 1420000001,
        "GroupName": ["Work", "字" * 10],
        "AddSource": "AddSource_Type_Android",
        "AddWording": "w" * 256,
        "AddTime": 1420000001,
        "CustomItem": [{"Tag": CUSTOM, "Value": "x" * 500}],
    }
    tags = [field.tag for field in FRIEND_FIELDS]

    assert result(befriend(caller, "ann", "cy", **item)) == 0

    answer = get(caller, "ann", ["cy"], [NICK, CUSTOM, *tags])
    assert values(answer["InfoItem"][0]) == {
        REMARK: "r" * 96,
        GROUP: ["Work", "字" * 10],
        SOURCE: "AddSource_Type_Android",
        WORDING: "w" * 256,
        SINCE: 1420000001,
        NICK: "Cy",
        CUSTOM: "x" * 500,
    }


def test_answers_friend_fields_first_and_the_apps_own_last(caller: Caller) -> None:
    custom = {"CustomItem": [{"Tag": CUSTOM, "Value": 0}]}
    befriend(caller, "cy", "ann", Remark="Annie", **custom)

    answer = get(caller, "cy", ["ann"], ["Tag_Profile_Custom_Test", CUSTOM, NICK, REMARK])

    assert list(values(answer["InfoItem"][0])) == [REMARK, NICK, CUSTOM, "Tag_Profile_Custom_Test"]
    assert values(answer["InfoItem"][0])[CUSTOM] == 0


def test_names_the_failed_ones_and_keeps_the_order_of_the_request(caller: Caller) -> None:
    befriend(caller, "ann", "cy")

    answer = get(caller, "ann", ["zoe", "cy", "ben"], [NICK])

    assert [item["To_Account"] for item in answer["InfoItem"]] == ["zoe", "cy", "ben"]
    assert codes(answer) == [30001, 0, 30001]
    assert answer["Fail_Account"] == ["zoe", "ben"]


@pytest.mark.parametrize(
    ("owner", "accounts", "tags", "expected"),
    [
        ("zoe", ["ann"], [NICK], 30003),
        (None, ["ann"], [NICK], 60015),
        ("ann", [], [NICK], 30001),
        ("ann", [7], [NICK], 60015),
        ("ann", ["cy"] * 101, [NICK], 30001),
        ("ann", ["cy"], [], 30001),
        ("ann", ["cy"], ["Tag_SNS_IM_RemarkTime"], 30001),
        ("ann", ["cy"], ["Tag_SNS_Custom_None"], 30001),
        ("ann", ["cy"], ["Tag_Profile_IM_Nickname"], 30001),
    ],
)
def test_refuses_a_wrong_read_with_the_code_for_it(
    owner: Any, accounts: Any, tags: Any, expected: int, caller: Caller
) -> None:
    assert get(caller, owner, accounts, tags)["ErrorCode"] == expected


def test_refuses_to_read_a_friend_field_without_permission(caller: Caller) -> None:
    caller.sandbox.apps[APP_ID].custom[CUSTOM] = CustomField(readable=False)

    assert get(caller, "ann", ["cy"], [CUSTOM])["ErrorCode"] == 30001


@pytest.mark.parametrize(
    "item",
    [
        {"AddSource": None},
        {"AddSource": "Web"},
        {"AddSource": "AddSource_Type_TooLongAWord"},
        {"Remark": "r" * 97},
        {"Remark": 7},
        {"AddWording": "w" * 257},
        {"GroupName": "Work"},
        {"GroupName": [""]},
        {"GroupName": ["g" * 31]},
        {"GroupName": [7]},
        {"AddSource": "AddSource_Type_Web\n"},
        {"AddTime": "now"},
        {"AddTime": 2**70},
        {"AddTime": True},
        {"CustomItem": {}},
        {"CustomItem": ["x"]},
        {"CustomItem": [{"Tag": "Tag_SNS_Custom_None", "Value": "x"}]},
        {"CustomItem": [{"Tag": "Tag_Profile_Custom_Test", "Value": "x"}]},
        {"CustomItem": [{"Tag": CUSTOM, "Value": "x" * 501}]},
        {"CustomItem": [{"Tag": CUSTOM}]},
        {"CustomItem": [{"Tag": CUSTOM, "Value": None}]},
    ],
)
def test_an_item_that_is_wrong_fails_alone(item: dict[str, Any], caller: Caller) -> None:
    good = {"To_Account": "ben", "AddSource": WEB}
    items = [{"To_Account": "cy", "AddSource": WEB, **item}, good]

    answer = caller.call("friend_import", {"From_Account": "ann", "AddFriendItem": items})

    assert [each["ResultCode"] for each in answer["ResultItem"]] == [30001, 0]
    assert answer["Fail_Account"] == ["cy"]
    assert list(caller.sandbox.apps[APP_ID].accounts["ann"].friends) == ["ben"]


def test_a_friend_must_be_imported_first(caller: Caller) -> None:
    assert result(befriend(caller, "ann", "zoe")) == 30003


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"From_Account": "zoe", "AddFriendItem": [{"To_Account": "cy", "AddSource": WEB}]}, 30003),
        ({"From_Account": "ann", "AddFriendItem": []}, 30001),
        ({"From_Account": "ann"}, 30001),
        ({"AddFriendItem": [{"To_Account": "cy"}]}, 30001),
        ({"From_Account": "ann", "AddFriendItem": [{}]}, 60015),
    ],
)
def test_refuses_a_wrong_import_with_the_code_for_it(body: Any, expected: int, caller: Caller) -> None:
    assert caller.code("friend_import", body) == expected


def test_a_friend_list_has_an_end(caller: Caller) -> None:
    friends = caller.sandbox.apps[APP_ID].accounts["ann"].friends
    friends.update({f"f{number}": {} for number in range(MAX_FRIENDS - 1)})

    assert result(befriend(caller, "ann", "cy")) == 0
    assert result(befriend(caller, "ann", "ben")) == 30010
    assert result(befriend(caller, "ann", "cy", Remark="again")) == 0


def test_an_account_has_a_limited_number_of_groups(caller: Caller) -> None:
    assert result(befriend(caller, "ann", "cy", GroupName=[f"g{number}" for number in range(32)])) == 0
    assert result(befriend(caller, "ann", "ben", GroupName=["g32"])) == 30011
    assert result(befriend(caller, "ann", "ben", GroupName=["g31"])) == 0


def test_a_friend_can_always_fail(caller: Caller) -> None:
    befriend(caller, "ann", "cy")
    caller.sandbox.apps[APP_ID].accounts["cy"].fails = 30006

    assert codes(get(caller, "ann", ["cy"], [NICK])) == [30006]


def test_setting_friend_not_imported_has_a_code_of_its_own(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(friend_not_imported=30003)

    assert codes(get(caller, "ann", ["zoe", "ben"], [NICK])) == [30003, 30001]


def test_setting_bad_tag_fails_each_friend(caller: Caller) -> None:
    befriend(caller, "ann", "cy")
    caller.sandbox.behavior = Behavior(bad_tag="per user")

    assert codes(get(caller, "ann", ["cy"], ["x"])) == [30001]


def test_setting_unset_tag_leaves_groups_out_all_the_same(caller: Caller) -> None:
    befriend(caller, "ann", "cy")
    caller.sandbox.behavior = Behavior(unset_tag="default")

    answered = values(get(caller, "ann", ["cy"], [REMARK, GROUP, WORDING])["InfoItem"][0])

    assert answered == {REMARK: "", WORDING: ""}
