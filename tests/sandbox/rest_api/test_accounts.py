"""account_check and account_import."""

from typing import Any

import pytest

from bot.sandbox.behavior import Behavior
from tests.support.sandbox import APP_ID, Caller


def check(caller: Caller, *accounts: Any) -> dict[str, Any]:
    return caller.call("account_check", {"CheckItem": [{"UserID": account} for account in accounts]})


def test_a_missing_account_is_a_success(caller: Caller) -> None:
    answer = check(caller, "ann", "zoe")

    assert answer["ResultItem"] == [
        {"UserID": "ann", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "Imported"},
        {"UserID": "zoe", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "NotImported"},
    ]
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("OK", 0)
    assert "ErrorDisplay" not in answer


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], 70402),
        ("ann", 70402),
        (["ann"], 70402),
        ([{}], 70402),
        ([{"UserID": 7}], 60015),
        ([{"UserID": ""}], 70402),
        ([{"UserID": "ann"}] * 101, 70402),
    ],
)
def test_refuses_a_wrong_check_with_the_code_for_it(items: Any, expected: int, caller: Caller) -> None:
    assert caller.code("account_check", {"CheckItem": items}) == expected


def test_imports_an_account_with_its_nickname_and_picture(caller: Caller) -> None:
    body = {"UserID": "zoe", "Nick": "Zoë", "FaceUrl": "http://img.example/z"}

    answer = caller.call("account_import", body)

    assert answer == {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
    assert caller.sandbox.apps[APP_ID].accounts["zoe"].profile == {
        "Tag_Profile_IM_Nick": "Zoë",
        "Tag_Profile_IM_Image": "http://img.example/z",
    }


def test_importing_again_keeps_what_there_is(caller: Caller) -> None:
    profile = dict(caller.sandbox.apps[APP_ID].accounts["ann"].profile)

    assert caller.code("account_import", {"UserID": "ann"}) == 0
    assert caller.sandbox.apps[APP_ID].accounts["ann"].profile == profile


def test_older_callers_name_the_account_otherwise(caller: Caller) -> None:
    assert caller.code("account_import", {"Identifier": "zoe"}) == 0
    assert check(caller, "zoe")["ResultItem"][0]["AccountStatus"] == "Imported"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, 70402),
        ({"UserID": ""}, 70402),
        ({"UserID": "x" * 33}, 70402),
        ({"UserID": 7}, 60015),
        ({"UserID": "zoe", "Nick": "n" * 501}, 40601),
        ({"UserID": "zoe", "Nick": 7}, 70402),
    ],
)
def test_refuses_a_wrong_import_with_the_code_for_it(body: Any, expected: int, caller: Caller) -> None:
    assert caller.code("account_import", body) == expected
    assert "zoe" not in caller.sandbox.apps[APP_ID].accounts


def test_the_service_has_its_own_code_for_a_caller_who_is_no_admin(caller: Caller) -> None:
    caller.sandbox.behavior = Behavior(non_admin="service")
    plain = Caller(caller.sandbox, identifier="ann")

    with plain.session:
        codes = [
            plain.code(command, {})
            for command in ("account_check", "portrait_set", "friend_get_list", "im_get_attr_name")
        ]

    assert codes == [70403, 40004, 30004, 90009]
