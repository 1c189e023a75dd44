"""portrait_get and portrait_set: the field table, and each case that the vendor leaves open."""

import asyncio
from typing import Any

import pytest

from bot.core.fields import PROFILE_FIELDS, Kind
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import Account, CustomField, HostedApp
from tests.sandbox.conftest import ANN
from tests.support.sandbox import APP_ID, Caller

NICK, LEVEL, CUSTOM = "Tag_Profile_IM_Nick", "Tag_Profile_IM_Level", "Tag_Profile_Custom_Test"
LOCATION, GENDER = "Tag_Profile_IM_Location", "Tag_Profile_IM_Gender"
HIDDEN = "Tag_Profile_Custom_Hidden"


def get(caller: Caller, accounts: Any, tags: Any) -> dict[str, Any]:
    return caller.call("portrait_get", {"To_Account": accounts, "TagList": tags})


def put(caller: Caller, *items: tuple[str, Any], account: Any = "ann") -> int:
    pairs = [{"Tag": tag, "Value": value} for tag, value in items]
    return caller.code("portrait_set", {"From_Account": account, "ProfileItem": pairs})


def app_of(caller: Caller) -> HostedApp:
    return caller.sandbox.apps[APP_ID]


def profile(caller: Caller, account: str = "ann") -> dict[str, str | int]:
    return app_of(caller).accounts[account].profile


def values(result: dict[str, Any]) -> dict[str, Any]:
    return {item["Tag"]: item["Value"] for item in result["ProfileItem"]}


def test_leaves_out_fields_that_were_never_set(caller: Caller) -> None:
    ann, ben = get(caller, ["ann", "ben"], [LOCATION, NICK])["UserProfileItem"]

    assert ann["ProfileItem"] == [{"Tag": NICK, "Value": "Ann"}]
    assert ben["ProfileItem"] == []


def test_an_account_that_is_not_imported_fails_alone(caller: Caller) -> None:
    answer = get(caller, ["ann", "zoe"], [NICK])

    assert answer["ActionStatus"] == "OK"
    assert answer["Fail_Account"] == ["zoe"]
    assert [item["ResultCode"] for item in answer["UserProfileItem"]] == [0, 40003]
    assert "ProfileItem" not in answer["UserProfileItem"][1]


def test_answers_each_occurrence_of_an_account_and_each_field_once(caller: Caller) -> None:
    answer = get(caller, ["cy", "ann", "cy"], [NICK, NICK])

    assert [item["To_Account"] for item in answer["UserProfileItem"]] == ["cy", "ann", "cy"]
    assert [len(item["ProfileItem"]) for item in answer["UserProfileItem"]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("accounts", "tags", "expected"),
    [
        ([], [NICK], 40002),
        (["ann"], [], 40001),
        ("ann", [NICK], 40001),
        (["ann"], NICK, 40001),
        (["ann"], [7], 40001),
        ([7], [NICK], 60015),
        ([None], [], 60015),
        ([""], [NICK], 40001),
        (["é" * 17], [NICK], 40001),
        (["ann"] * 101, [NICK], 40001),
        (["ann"], ["Tag_Profile_IM_Nickname"], 40009),
        (["ann"], ["tag_profile_im_nick"], 40009),
        (["ann"], ["Tag_Profile_Custom_None"], 40009),
        (["ann"], ["Tag_SNS_IM_Remark"], 40009),
        (["ann"], ["Tag_SNS_Custom_Test"], 40009),
        (["zoe"], ["Tag_Profile_IM_Nickname"], 40009),
    ],
)
def test_refuses_a_wrong_read_with_the_code_for_it(
    accounts: Any, tags: Any, expected: int, caller: Caller
) -> None:
    assert get(caller, accounts, tags)["ErrorCode"] == expected


@pytest.mark.parametrize(("body", "expected"), [({}, 40002), ({"To_Account": ["ann"]}, 40001), ([], 40001)])
def test_refuses_a_read_without_its_parts(body: Any, expected: int, caller: Caller) -> None:
    assert caller.code("portrait_get", body) == expected


def test_reads_a_hundred_accounts_at_once(caller: Caller) -> None:
    assert len(get(caller, ["ann"] * 100, [NICK])["UserProfileItem"]) == 100


def test_a_custom_field_has_its_own_permissions(caller: Caller) -> None:
    app_of(caller).custom[HIDDEN] = CustomField(readable=False, writable=False)

    assert get(caller, ["ann"], [NICK, HIDDEN])["ErrorCode"] == 40007
    assert put(caller, (HIDDEN, "x")) == 40008


GOOD: list[tuple[str, Any]] = [
    (NICK, "张" * 166),
    (NICK, "x" * 500),
    (NICK, ""),
    (GENDER, "Gender_Type_Unknown"),
    (GENDER, "Gender_Type_Male"),
    ("Tag_Profile_IM_BirthDay", 20190419),
    ("Tag_Profile_IM_BirthDay", 99999999),
    (LOCATION, "x" * 16),
    ("Tag_Profile_IM_AllowType", "AllowType_Type_DenyAny"),
    ("Tag_Profile_IM_AdminForbidType", "AdminForbid_Type_SendOut"),
    ("Tag_Profile_IM_Language", 0),
    ("Tag_Profile_IM_Image", "no address at all"),
    ("Tag_Profile_IM_MsgSettings", 1),
    (LEVEL, 2**32 - 1),
    ("Tag_Profile_IM_Role", 255),
    (CUSTOM, "x" * 500),
]
BAD: list[tuple[str, Any, int]] = [
    (NICK, "张" * 167, 40601),
    (CUSTOM, "x" * 501, 40601),
    (LOCATION, "x" * 17, 40605),
    (LOCATION, "深圳深圳深圳", 40605),
    (GENDER, "Female", 40605),
    (GENDER, "", 40605),
    (GENDER, 1, 40610),
    (LEVEL, "7", 40610),
    (LEVEL, 7.0, 40610),
    (LEVEL, True, 40610),
    (LEVEL, None, 40610),
    (LEVEL, [7], 40610),
    (LEVEL, 2**32, 40605),
    (LEVEL, 2**70, 40605),
    (LEVEL, -1, 40605),
    (NICK, 7, 40610),
    (NICK, None, 40610),
    (CUSTOM, 0, 40610),
    ("Tag_Profile_IM_Nickname", "x", 40009),
    ("Tag_Profile_Custom_toolongkey", "x", 40009),
    ("Tag_SNS_IM_Remark", "x", 40009),
]


def test_the_good_values_cover_the_whole_field_table() -> None:
    assert {field.tag for field in PROFILE_FIELDS} | {CUSTOM} == {tag for tag, _ in GOOD} | {
        "Tag_Profile_IM_SelfSignature"
    }


@pytest.mark.parametrize(("tag", "value"), GOOD)
def test_stores_what_a_field_may_hold(tag: str, value: Any, caller: Caller) -> None:
    assert put(caller, (tag, value)) == 0

    assert values(get(caller, ["ann"], [tag])["UserProfileItem"][0]) == {tag: value}


@pytest.mark.parametrize(("tag", "value", "expected"), BAD)
def test_refuses_what_a_field_cannot_hold(tag: str, value: Any, expected: int, caller: Caller) -> None:
    assert put(caller, (tag, value)) == expected
    assert profile(caller) == ANN


@pytest.mark.parametrize("field", [field for field in PROFILE_FIELDS if field.kind is Kind.CHOICE])
def test_every_choice_of_a_field_can_be_set(field: Any, caller: Caller) -> None:
    assert [put(caller, (field.tag, choice)) for choice in field.choices] == [0] * len(field.choices)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"ProfileItem": [{"Tag": NICK, "Value": "x"}]}, 40001),
        ({"From_Account": "ann"}, 40001),
        ({"From_Account": "ann", "ProfileItem": []}, 40001),
        ({"From_Account": "ann", "ProfileItem": {}}, 40001),
        ({"From_Account": "ann", "ProfileItem": ["x"]}, 40001),
        ({"From_Account": "ann", "ProfileItem": [{"Tag": NICK}]}, 40001),
        ({"From_Account": "ann", "ProfileItem": [{"Value": "x"}]}, 40001),
        ({"From_Account": ["ann"], "ProfileItem": [{"Tag": NICK, "Value": "x"}]}, 60015),
        ({"From_Account": "zoe", "ProfileItem": [{"Tag": NICK, "Value": 7}]}, 40003),
        ({"From_Account": "zoe", "ProfileItem": [{"Tag": "x", "Value": "x"}]}, 40009),
    ],
)
def test_refuses_a_wrong_write_with_the_code_for_it(body: Any, expected: int, caller: Caller) -> None:
    assert caller.code("portrait_set", body) == expected


def test_writes_only_the_named_fields_and_notes_them(caller: Caller) -> None:
    assert put(caller, (NICK, "Anna"), (LEVEL, 8)) == 0

    assert profile(caller) == {**ANN, NICK: "Anna", LEVEL: 8}
    assert [(write.account, write.items) for write in caller.sandbox.writes] == [
        ("ann", {NICK: "Anna", LEVEL: 8})
    ]


def test_one_bad_item_keeps_everything_from_being_written(caller: Caller) -> None:
    assert put(caller, (NICK, "Anna"), (LEVEL, "x")) == 40610

    assert profile(caller) == ANN
    assert not caller.sandbox.writes


def test_the_items_before_a_bad_one_are_written_if_the_setting_says_so(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(set_atomic=False)

    assert put(caller, (NICK, "Anna"), (LEVEL, "x"), (CUSTOM, "red")) == 40610
    assert profile(caller) == {**ANN, NICK: "Anna"}
    assert put(caller, (LEVEL, "x"), (CUSTOM, "red")) == 40610
    assert len(caller.sandbox.writes) == 1


def test_the_last_of_two_values_wins_or_both_are_refused(caller: Caller) -> None:
    assert put(caller, (NICK, "A"), (NICK, "B")) == 0
    assert profile(caller)[NICK] == "B"
    caller.sandbox.behavior = Behavior(dup_tag="refuse")
    assert put(caller, (NICK, "A"), (NICK, "B")) == 40001
    assert put(caller, (NICK, "C")) == 0


def test_an_account_can_always_fail(caller: Caller) -> None:
    app_of(caller).accounts["ben"].fails = 40006

    answer = get(caller, ["ann", "ben"], [NICK])

    assert answer["UserProfileItem"][1] == {
        "To_Account": "ben",
        "ResultCode": 40006,
        "ResultInfo": "Err_Profile_PortraitGet_Read_Custom_Data_Fail",
    }
    assert put(caller, (NICK, "x"), account="ben") == 40006


def test_an_account_fails_only_in_the_service_of_its_code(caller: Caller) -> None:
    app_of(caller).accounts["ben"].fails = 30006

    assert "Fail_Account" not in get(caller, ["ben"], [NICK])


# One claim for each setting.


def test_setting_order_shuffles_accounts_and_fields(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(order="shuffled", rate=False)
    accounts = ["ann", "ben", "cy"]

    answers = [get(caller, accounts, [NICK, LEVEL, CUSTOM])["UserProfileItem"] for _ in range(50)]

    orders = {tuple(item["To_Account"] for item in answer) for answer in answers}
    of_ann = {tuple(values(item)) for answer in answers for item in answer if item["To_Account"] == "ann"}
    assert {frozenset(order) for order in orders} == {frozenset(accounts)}
    assert len(orders) > 1
    assert len(of_ann) > 1


def test_setting_missing_user_fails_the_whole_call(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(missing_user="whole call")

    answer = get(caller, ["ann", "zoe"], [NICK])

    assert answer["ErrorCode"] == 40003
    assert "UserProfileItem" not in answer


def test_setting_all_failed_fails_the_call_with_the_first_code(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(all_failed="FAIL")

    answer = get(caller, ["yan", "zoe"], [NICK])

    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", 40003)
    assert answer["Fail_Account"] == ["yan", "zoe"]
    assert get(caller, ["ann", "zoe"], [NICK])["ErrorCode"] == 0


def test_setting_unset_tag_answers_defaults(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(unset_tag="default")
    tags = [field.tag for field in PROFILE_FIELDS]

    answered = values(get(caller, ["ben"], tags)["UserProfileItem"][0])

    assert list(answered) == tags
    assert answered[NICK] == ""
    assert answered[LEVEL] == 0
    assert answered[GENDER] == "Gender_Type_Unknown"
    assert answered["Tag_Profile_IM_AllowType"] == "AllowType_Type_AllowAny"
    assert answered["Tag_Profile_IM_AdminForbidType"] == "AdminForbid_Type_None"


def test_setting_empty_profile_leaves_the_key_out(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(empty_profile="absent")

    assert get(caller, ["ben"], [NICK])["UserProfileItem"] == [
        {"To_Account": "ben", "ResultCode": 0, "ResultInfo": ""}
    ]


def test_setting_bad_tag_fails_every_account_or_none(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(bad_tag="per user")
    answer = get(caller, ["ann", "zoe"], [NICK, "x"])
    assert [item["ResultCode"] for item in answer["UserProfileItem"]] == [40009, 40003]

    caller.sandbox.behavior = Behavior(bad_tag="ignore")
    assert values(get(caller, ["ann"], [NICK, "x"])["UserProfileItem"][0]) == {NICK: "Ann"}
    assert put(caller, ("x", "y"), (NICK, "Anna")) == 0
    assert profile(caller) == {**ANN, NICK: "Anna"}


def test_setting_duplicates_answers_an_account_once(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(duplicates="once")

    answer = get(caller, ["cy", "ann", "cy"], [NICK])

    assert [item["To_Account"] for item in answer["UserProfileItem"]] == ["cy", "ann"]


def test_setting_empty_list_accepts_calls_without_fields(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(empty_list="accept")

    assert get(caller, ["ann"], [])["UserProfileItem"][0]["ProfileItem"] == []
    assert put(caller) == 0
    assert not caller.sandbox.writes


@pytest.mark.parametrize(("limit", "asked", "expected"), [(2, 3, 40001), (2, 2, 0), (0, 500, 0)])
def test_setting_max_users_moves_the_limit(limit: int, asked: int, expected: int, caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(max_users=limit)

    assert get(caller, ["ann"] * asked, [NICK])["ErrorCode"] == expected


def test_setting_empty_string_clears_or_refuses(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(empty_string="clear")
    assert put(caller, (NICK, ""), (LEVEL, 9)) == 0
    assert profile(caller) == {LEVEL: 9, CUSTOM: "blue"}

    caller.sandbox.behavior = Behavior(empty_string="refuse")
    assert put(caller, (CUSTOM, "")) == 40605


def test_setting_int_strings_takes_digits(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(int_strings=True)

    assert put(caller, (LEVEL, "12")) == 0
    assert profile(caller)[LEVEL] == 12
    assert [put(caller, (LEVEL, text)) for text in ("1½", "", "9" * 5000)] == [40610] * 3
    assert put(caller, (LEVEL, "4294967296")) == 40605


def test_setting_answer_int_strings_answers_digits(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(answer_int_strings=True)

    assert values(get(caller, ["ann"], [NICK, LEVEL])["UserProfileItem"][0]) == {NICK: "Ann", LEVEL: "7"}


def test_setting_words_refuses_sensitive_texts(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(words=("coins",))

    assert put(caller, (NICK, "free_coins_4u")) == 40005
    assert caller.code("account_import", {"UserID": "new", "Nick": "coins!"}) == 40005
    assert put(caller, (NICK, "Bob")) == 0


def test_setting_read_delay_shows_a_write_later(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(read_delay_ms=20)

    async def write_and_wait() -> list[str | int]:
        assert put(caller, (NICK, "Anna")) == 0
        before = profile(caller)[NICK]
        await asyncio.sleep(0.03)
        return [before, profile(caller)[NICK]]

    assert asyncio.run(write_and_wait()) == ["Ann", "Anna"]


@pytest.mark.parametrize(
    ("charset", "account", "expected"),
    [("any", "张 三", 0), ("printable", "张三", 40001), ("printable", "A b", 0), ("word", "A b", 40001)],
)
def test_setting_userid_charset_refuses_accounts(
    charset: Any, account: str, expected: int, caller: Caller
) -> None:
    caller.sandbox.behavior = Behavior(userid_charset=charset)
    app_of(caller).accounts[account] = Account()

    assert get(caller, [account], [NICK])["ErrorCode"] == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [("portrait_get", 40001), ("friend_get_list", 30001), ("im_get_attr", 90001), ("account_check", 70402)],
)
def test_malformed_json_gets_the_services_code_or_the_public_one(
    command: str, expected: int, caller: Caller
) -> None:
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000, rb'{"A": "\ud800"}'):
        assert caller.raw(command, body)["ErrorCode"] == expected
    caller.sandbox.behavior = Behavior(bad_json="public")
    assert caller.raw(command, b"{")["ErrorCode"] == 60003
