"""The sample requests on the vendor's pages, and the answers printed beside them."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.sandbox.server import Sandbox
from tests.support.sandbox import Caller, hosted, serving

NICK, ALLOW = "Tag_Profile_IM_Nick", "Tag_Profile_IM_AllowType"
SIGNATURE, CUSTOM = "Tag_Profile_IM_SelfSignature", "Tag_Profile_Custom_Test"
REMARK, GROUP, FRIEND_CUSTOM = "Tag_SNS_IM_Remark", "Tag_SNS_IM_Group", "Tag_SNS_Custom_Test"
FOUR_TAGS = [NICK, ALLOW, SIGNATURE, CUSTOM]
FRIEND_TAGS = [CUSTOM, "Tag_Profile_IM_Image", NICK, FRIEND_CUSTOM, REMARK, GROUP]

OK = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "ErrorDisplay": ""}
OK_PUSH = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
DONE = {"ResultCode": 0, "ResultInfo": ""}

PROFILES = {
    "id1": ["NickNameTest1", "AllowType_Type_NeedConfirm", "I'm Test1", "Custom Data1"],
    "id2": ["NickNameTest2", "AllowType_Type_DenyAny", "I'm Test2", "Custom Data2"],
    "id3": ["NickNameTest3", "AllowType_Type_AllowAny", "I'm Test3", "Custom Data3"],
    "id4": ["NickNameTest4", "AllowType_Type_AllowAny", "I'm Test4", "Custom Data4"],
}
FRIENDS: dict[str, dict[str, Any]] = {
    "UserID_2": {
        "Remark": "remark_2",
        "GroupName": ["group1", "group2"],
        "CustomItem": [{"Tag": FRIEND_CUSTOM, "Value": "custom_sns_2"}],
    },
    "UserID_3": {"Remark": "remark_3"},
}
ATTRIBUTES = {
    "Zhang Xiaohong": {"sex": "Female", "city": "New York"},
    "Chen Xiaoming": {"sex": "M", "city": "Shenzhen"},
}


def pairs(tags: list[str], values: list[Any]) -> list[dict[str, Any]]:
    return [{"Tag": tag, "Value": value} for tag, value in zip(tags, values, strict=True)]


def found(account: str, tags: list[str]) -> dict[str, Any]:
    values = PROFILES[account][: len(tags)]
    return {"To_Account": account, "ProfileItem": pairs(tags, values), **DONE}


def friend(number: int, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"To_Account": f"UserID_{number}", "SnsProfileItem": items, **DONE}


FRIEND_2 = friend(
    2,
    pairs(
        [REMARK, GROUP, NICK, FRIEND_CUSTOM, CUSTOM],
        ["remark_2", ["group1", "group2"], "nick_2", "custom_sns_2", "custom_profile_2"],
    ),
)
FRIEND_3 = friend(3, pairs([REMARK, NICK, CUSTOM], ["remark_3", "nick_3", "custom_profile_3"]))

SAMPLES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "one field of one account": (
        "portrait_get",
        {"To_Account": ["id1"], "TagList": [NICK]},
        {"UserProfileItem": [found("id1", [NICK])], **OK},
    ),
    "several fields of one account": (
        "portrait_get",
        {"To_Account": ["id1"], "TagList": FOUR_TAGS},
        {"UserProfileItem": [found("id1", FOUR_TAGS)], **OK},
    ),
    "one field of several accounts": (
        "portrait_get",
        {"To_Account": ["id1", "id2", "id3"], "TagList": [NICK]},
        {"UserProfileItem": [found(account, [NICK]) for account in ("id1", "id2", "id3")], **OK},
    ),
    "several fields of several accounts": (
        "portrait_get",
        {"To_Account": ["id1", "id2", "id3", "id4"], "TagList": FOUR_TAGS},
        {
            "UserProfileItem": [
                *(found(account, FOUR_TAGS) for account in ("id1", "id2", "id3")),
                {
                    "To_Account": "id4",
                    "ResultCode": 40006,
                    "ResultInfo": "Err_Profile_PortraitGet_Read_Custom_Data_Fail",
                },
            ],
            "Fail_Account": ["id4"],
            **OK,
        },
    ),
    "set a nickname": (
        "portrait_set",
        {"From_Account": "id", "ProfileItem": [{"Tag": NICK, "Value": "MyNickName"}]},
        OK,
    ),
    "one friend": (
        "friend_get_list",
        {"From_Account": "UserID_1", "To_Account": ["UserID_2"], "TagList": FRIEND_TAGS},
        {"InfoItem": [FRIEND_2], **OK},
    ),
    "several friends": (
        "friend_get_list",
        {
            "From_Account": "UserID_1",
            "To_Account": ["UserID_2", "UserID_3", "UserID_4"],
            "TagList": FRIEND_TAGS,
        },
        {
            "InfoItem": [
                FRIEND_2,
                FRIEND_3,
                {
                    "To_Account": "UserID_4",
                    "ResultCode": 30001,
                    "ResultInfo": "Err_SNS_FriendGetList_Friend_Not_Exist",
                },
            ],
            "Fail_Account": ["UserID_4"],
            **OK,
        },
    ),
}


@pytest.fixture(scope="module")
def seeded() -> Iterator[Caller]:
    sandbox = Sandbox(hosted())
    with serving(sandbox) as caller:
        seed(caller)
        sandbox.apps[next(iter(sandbox.apps))].accounts["id4"].fails = 40006
        yield caller


def seed(caller: Caller) -> None:
    accounts = {*PROFILES, "id", *(f"UserID_{number}" for number in range(1, 5)), *ATTRIBUTES, "abc"}
    calls: list[tuple[str, dict[str, Any]]] = [
        *(("account_import", {"UserID": account}) for account in accounts),
        *(
            ("portrait_set", {"From_Account": account, "ProfileItem": pairs(FOUR_TAGS, values)})
            for account, values in PROFILES.items()
        ),
        *(
            (
                "portrait_set",
                {
                    "From_Account": f"UserID_{number}",
                    "ProfileItem": pairs([NICK, CUSTOM], [f"nick_{number}", f"custom_profile_{number}"]),
                },
            )
            for number in (2, 3)
        ),
        (
            "friend_import",
            {
                "From_Account": "UserID_1",
                "AddFriendItem": [
                    {"To_Account": account, "AddSource": "AddSource_Type_Web", **entry}
                    for account, entry in FRIENDS.items()
                ],
            },
        ),
        ("im_set_attr_name", {"AttrNames": {"0": "sex", "1": "city"}}),
        (
            "im_set_attr",
            {"UserAttrs": [{"To_Account": who, "Attrs": attrs} for who, attrs in ATTRIBUTES.items()]},
        ),
    ]
    for command, body in calls:
        assert caller.code(command, body) == 0, (command, body)


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_a_sample_request_as_its_page_prints_it(seeded: Caller, sample: str) -> None:
    command, body, printed = SAMPLES[sample]

    answer = seeded.call(command, body)

    assert answer == printed


def test_answers_the_attribute_sample_as_its_page_prints_it(seeded: Caller) -> None:
    asked = ["Zhang Xiaohong", "Chen Xiaoming", "abc"]

    answer = seeded.call("im_get_attr", {"To_Account": asked})

    users = {user["To_Account"]: user["Attrs"] for user in answer.pop("UserAttrs")}
    assert users == {**ATTRIBUTES, "abc": {}}
    assert answer == OK_PUSH


def test_refuses_a_set_that_it_cannot_decode_in_the_words_of_the_page(seeded: Caller) -> None:
    answer = seeded.raw("portrait_set", b'{"From_Account": "id", "ProfileItem":')

    assert answer == {
        "ActionStatus": "FAIL",
        "ErrorCode": 40001,
        "ErrorInfo": "Err_Profile_Comm_Decode_Fail",
        "ErrorDisplay": "",
    }


def test_a_set_is_read_back(seeded: Caller) -> None:
    seeded.call("portrait_set", {"From_Account": "id", "ProfileItem": pairs([NICK], ["MyNickName"])})

    answer = seeded.call("portrait_get", {"To_Account": ["id"], "TagList": [NICK]})

    assert answer["UserProfileItem"][0]["ProfileItem"] == pairs([NICK], ["MyNickName"])


def test_answers_as_the_vendor_does_on_the_wire(seeded: Caller) -> None:
    response = seeded.send("im_get_attr_name")

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Content-Type" not in response.headers
    assert response.json() == {**OK_PUSH, "AttrNames": {"0": "sex", "1": "city"}}


def test_reads_the_body_of_any_content_type(seeded: Caller) -> None:
    response = seeded.session.post(
        f"{seeded.url}/v4/all_member_push/im_get_attr_name",
        params=seeded.query,
        data=b"{}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=30,
    )

    assert response.json()["ErrorCode"] == 0
