import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bot.core.model import Deadline
from bot.errors import (
    AuthenticationError,
    IMError,
    InvalidResponseError,
    NotAFriendError,
    NotFoundError,
    OutcomeUnknownError,
    UnavailableError,
)
from bot.im.client import IMClient
from bot.im.usersig import decode, mac
from tests.support.scripted_im import (
    APP_ID,
    KEY,
    OK,
    failed_call,
    make_im_client,
    scripted_im,
    short_deadline,
)
from tests.support.scripted_server import answer

if TYPE_CHECKING:
    from bot.core.ports import IM

LATER = 5.0
NICK = "Tag_Profile_IM_Nick"
LEVEL = "Tag_Profile_IM_Level"
GROUP = "Tag_SNS_IM_Group"

Ask = Callable[[IMClient, Deadline], object]

CALLS: dict[str, tuple[Ask, Any, Any]] = {
    "profile/portrait_get": (
        lambda im, deadline: im.get_profiles(["id1", "id2"], [NICK, LEVEL], deadline),
        {"To_Account": ["id1", "id2"], "TagList": [NICK, LEVEL]},
        OK | {"UserProfileItem": []},
    ),
    "sns/friend_get_list": (
        lambda im, deadline: im.get_friends("id1", ["id2", "id3"], [NICK, GROUP], deadline),
        {"From_Account": "id1", "To_Account": ["id2", "id3"], "TagList": [NICK, GROUP]},
        OK | {"InfoItem": []},
    ),
    "all_member_push/im_get_attr": (
        lambda im, deadline: im.get_attributes(["Zhang Xiaohong", "张三"], deadline),
        {"To_Account": ["Zhang Xiaohong", "张三"]},
        OK | {"UserAttrs": []},
    ),
    "im_open_login_svc/account_check": (
        lambda im, deadline: im.check_accounts(["id1", "id2"], deadline),
        {"CheckItem": [{"UserID": "id1"}, {"UserID": "id2"}]},
        OK | {"ResultItem": []},
    ),
    "profile/portrait_set": (
        lambda im, deadline: im.set_profile("id1", {NICK: "Alice", LEVEL: 7}, deadline),
        {
            "From_Account": "id1",
            "ProfileItem": [{"Tag": NICK, "Value": "Alice"}, {"Tag": LEVEL, "Value": 7}],
        },
        OK,
    ),
}


def profiles(*users: Mapping[str, object]) -> dict[str, object]:
    return OK | {"UserProfileItem": list(users)}


def got(body: object, *accounts: str) -> Mapping[str, Any]:
    with scripted_im(answer(body)) as (im, _):
        return im.get_profiles(accounts, [NICK], Deadline.after(LATER))


def friends(body: object, *accounts: str) -> Mapping[str, Any]:
    with scripted_im(answer(body)) as (im, _):
        return im.get_friends("owner", accounts, [NICK], Deadline.after(LATER))


def attributes(body: object, *accounts: str) -> Mapping[str, Any]:
    with scripted_im(answer(body)) as (im, _):
        return im.get_attributes(accounts, Deadline.after(LATER))


def test_is_what_the_core_asks_for() -> None:
    im: IM = make_im_client("http://localhost:1")

    assert isinstance(im, IMClient)


@pytest.mark.parametrize("command", CALLS)
def test_asks_as_the_vendors_page_says(command: str) -> None:
    ask, body, answered = CALLS[command]
    with scripted_im(answer(answered)) as (im, scripted_server):
        ask(im, Deadline.after(LATER))

    (request,) = scripted_server.requests
    assert request.method == "POST"
    assert request.path == f"/v4/{command}"
    assert request.json == body
    assert request.headers["content-type"] == "application/json"
    assert "cookie" not in request.headers
    assert request.headers.keys() & {"authorization", "cookie"} == set()
    assert request.query.keys() == {"sdkappid", "identifier", "usersig", "random", "contenttype"}
    assert request.query["sdkappid"] == str(APP_ID)
    assert request.query["identifier"] == "administrator"
    assert request.query["contenttype"] == "json"
    assert 0 <= int(request.query["random"]) < 2**32


def test_signs_each_call() -> None:
    with scripted_im(answer(profiles())) as (im, scripted_server):
        im.get_profiles(["a"], [NICK], Deadline.after(LATER))

    claims = decode(scripted_server.requests[0].query["usersig"])
    assert claims.sig == mac(APP_ID, KEY, "administrator", time=claims.time, expire=claims.expire)


def test_draws_a_new_random_for_each_request_on_one_connection() -> None:
    with scripted_im(answer(profiles())) as (im, scripted_server):
        for _ in range(5):
            im.get_profiles(["a"], [NICK], Deadline.after(LATER))

    assert len({request.query["random"] for request in scripted_server.requests}) == 5
    assert scripted_server.connections == 1


def test_reads_the_sample_of_portrait_get() -> None:
    found = got(
        profiles(
            {
                "To_Account": "id1",
                "ProfileItem": [{"Tag": NICK, "Value": "NickNameTest1"}, {"Tag": LEVEL, "Value": 7}],
                "ResultCode": 0,
                "ResultInfo": "",
            },
            {
                "To_Account": "id4",
                "ResultCode": 40006,
                "ResultInfo": "Err_Profile_PortraitGet_Read_Custom_Data_Fail",
            },
        )
        | {"Fail_Account": ["id4"], "ErrorDisplay": ""},
        "id1",
        "id4",
    )

    assert found["id1"] == {NICK: "NickNameTest1", LEVEL: 7}
    assert isinstance(found["id4"], UnavailableError)
    assert found["id4"].code == 40006


def test_reads_the_sample_of_friend_get_list() -> None:
    found = friends(
        OK
        | {
            "InfoItem": [
                {
                    "To_Account": "UserID_2",
                    "SnsProfileItem": [
                        {"Tag": "Tag_SNS_IM_Remark", "Value": "remark_2"},
                        {"Tag": GROUP, "Value": ["group1", "group2"]},
                    ],
                    "ResultCode": 0,
                    "ResultInfo": "",
                },
                {
                    "To_Account": "UserID_4",
                    "ResultCode": 30001,
                    "ResultInfo": "Err_SNS_FriendGetList_Friend_Not_Exist",
                },
            ],
            "Fail_Account": ["UserID_4"],
        },
        "UserID_2",
        "UserID_4",
    )

    assert found["UserID_2"] == {"Tag_SNS_IM_Remark": "remark_2", GROUP: ("group1", "group2")}
    assert isinstance(found["UserID_4"], NotAFriendError)


def test_reads_the_sample_of_im_get_attr_in_its_own_order() -> None:
    found = attributes(
        OK
        | {
            "UserAttrs": [
                {"To_Account": "Zhang Xiaohong", "Attrs": {"sex": "Female", "city": "New York"}},
                {"To_Account": "abc", "Attrs": {}},
                {"To_Account": "Chen Xiaoming", "Attrs": {"sex": "M", "city": "Shenzhen"}},
            ]
        },
        "Zhang Xiaohong",
        "Chen Xiaoming",
        "abc",
    )

    assert found == {
        "Zhang Xiaohong": {"sex": "Female", "city": "New York"},
        "Chen Xiaoming": {"sex": "M", "city": "Shenzhen"},
        "abc": {},
    }


def test_reads_which_accounts_are_imported() -> None:
    body = OK | {
        "ResultItem": [
            {"UserID": "a", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "Imported"},
            {"UserID": "b", "ResultCode": 0, "ResultInfo": "", "AccountStatus": "NotImported"},
            {"UserID": "c", "ResultCode": 70402, "ResultInfo": "x"},
            {"UserID": "d", "ResultCode": 0, "AccountStatus": "Perhaps"},
            {"UserID": "e", "ResultCode": "0", "AccountStatus": None},
        ]
    }
    with scripted_im(answer(body)) as (im, _):
        found = im.check_accounts(list("abcdef"), Deadline.after(LATER))

    assert found["a"] is True
    assert found["b"] is False
    assert isinstance(found["c"], IMError)
    assert found["c"].code == 70402
    assert isinstance(found["d"], InvalidResponseError)
    assert isinstance(found["e"], InvalidResponseError)
    assert "f" not in found


def test_a_write_answers_nothing() -> None:
    with scripted_im(answer(OK)) as (im, _):
        im.set_profile("a", {NICK: "Alice"}, Deadline.after(LATER))


@pytest.mark.parametrize(
    "items", [{}, {"ProfileItem": None}, {"ProfileItem": []}, {"ProfileItem": [{"Tag": NICK, "Value": None}]}]
)
def test_no_field_set_is_an_empty_profile(items: dict[str, object]) -> None:
    assert got(profiles({"To_Account": "a", "ResultCode": 0, "ResultInfo": None} | items), "a") == {"a": {}}


@pytest.mark.parametrize(
    "attrs", [{}, {"Attrs": None}, {"Attrs": []}, {"Attrs": {}}, {"Attrs": {"sex": None}}]
)
def test_no_attribute_set_is_an_empty_set(attrs: dict[str, object]) -> None:
    assert attributes(OK | {"UserAttrs": [{"To_Account": "a"} | attrs]}, "a") == {"a": {}}


@pytest.mark.parametrize(
    ("tag", "sent", "read"),
    [
        (LEVEL, "7", 7),
        (LEVEL, 7, 7),
        (LEVEL, 7.0, 7),
        (LEVEL, "", ""),
        (LEVEL, "\u0667", "\u0667"),
        (LEVEL, "9" * 5000, "9" * 5000),
        ("Tag_Profile_IM_BirthDay", "20190419", 20190419),
        (NICK, "7", "7"),
        (NICK, 7, 7),
        (NICK, "", ""),
        ("Tag_Profile_Custom_Vip", 0, 0),
        ("Tag_Profile_Custom_Vip", "0", "0"),
        (GROUP, "group1", ("group1",)),
        (GROUP, "", ()),
        (GROUP, [], ()),
        (GROUP, ["group1", "group2"], ("group1", "group2")),
        ("Tag_SNS_IM_AddTime", "1700000000", 1700000000),
        ("Tag_Not_Known_Yet", "x", "x"),
    ],
)
def test_reads_a_value_in_every_form_the_vendor_sends(tag: str, sent: object, read: object) -> None:
    user = {"To_Account": "a", "SnsProfileItem": [{"Tag": tag, "Value": sent}], "ResultCode": 0}

    assert friends(OK | {"InfoItem": [user]}, "a") == {"a": {tag: read}}


def test_reads_codes_sent_as_text() -> None:
    user = {"To_Account": "a", "ResultCode": "40003"}

    (problem,) = got({"ErrorCode": "0", "UserProfileItem": [user]}, "a").values()
    assert isinstance(problem, NotFoundError)
    assert problem.code == 40003


def test_ignores_fields_and_accounts_that_were_not_requested() -> None:
    user = {
        "To_Account": "a",
        "ProfileItem": [{"Tag": NICK, "Value": "A", "New": 1}],
        "Udc": {},
        "ResultCode": 0,
    }
    stranger = {"To_Account": "x", "ProfileItem": [], "ResultCode": 0}
    extra: dict[str, object] = {
        "RequestId": "r",
        "Invalid_Account": [],
        "Fail_Account": [],
        "ErrorInfo": None,
        "ErrorDisplay": 3,
    }

    assert got(profiles(stranger, user) | extra, "a") == {"a": {NICK: "A"}}


def test_an_account_left_out_has_no_entry() -> None:
    assert got(profiles({"To_Account": "a", "ProfileItem": []}), "a", "b") == {"a": {}}


def test_an_account_answered_twice_counts_once() -> None:
    user = {"To_Account": "a", "ProfileItem": [{"Tag": NICK, "Value": "A"}]}

    assert got(profiles(user, user), "a") == {"a": {NICK: "A"}}


def test_a_name_cut_within_a_character_hides_no_account() -> None:
    body = (
        b'{"ErrorCode":0,"UserProfileItem":[{"To_Account":"a","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick",'
        b'"Value":"caf\xc3"}]}]}'
    )

    assert got(body, "a") == {"a": {NICK: "caf\ufffd"}}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"\ud83d", "\ufffd"),
        (r"\uDE00x", "\ufffdx"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\ufffd"),
        (r"\ud83d\\ude00", "\ufffd\\ude00"),
        (r"\ud83d\"", '\ufffd"'),
    ],
)
def test_half_of_a_character_hides_neither_its_name_nor_others(sent: str, read: str) -> None:
    user = r'{"To_Account":"%s","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"%s"}]}'
    users = ",".join(user % pair for pair in (("a", sent), ("b", r"\u00e9")))

    body = '{"ErrorCode":0,"UserProfileItem":[' + users + "]}"
    assert got(body.encode(), "a", "b") == {"a": {NICK: read}, "b": {NICK: "é"}}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        1.5,
        True,
        ["a", 1],
        [[]],
        msgspec.Raw(b"1e999"),
        msgspec.Raw(b"9" * 5000),
    ],
    ids=["object", "fraction", "boolean", "mixed list", "nested list", "infinite", "5,000 digits"],
)
def test_an_account_of_another_shape_costs_only_itself(odd: object) -> None:
    users = [
        {"To_Account": name, "ProfileItem": [{"Tag": NICK, "Value": value}]}
        for name, value in (("a", "A"), ("odd", odd), ("c", "C"))
    ]

    found = got(
        msgspec.json.encode(OK | {"UserProfileItem": [*users, {"ProfileItem": 1}, None]}), "a", "odd", "c"
    )

    assert isinstance(found["odd"], InvalidResponseError)
    assert found["odd"].advice
    assert {**found, "odd": None} == {"a": {NICK: "A"}, "odd": None, "c": {NICK: "C"}}


def test_an_account_of_another_shape_costs_only_itself_in_every_call() -> None:
    sound, odd = {"To_Account": "a"}, {"To_Account": "b", "ResultCode": "x", "Attrs": 5}
    assert isinstance(friends(OK | {"InfoItem": [sound, odd]}, "a", "b")["b"], InvalidResponseError)
    assert isinstance(attributes(OK | {"UserAttrs": [sound, odd]}, "a", "b")["b"], InvalidResponseError)


def test_the_last_of_two_equal_keys_counts() -> None:
    body = b'{"ErrorCode":9,"ErrorCode":0,"UserProfileItem":[],"UserProfileItem":[{"To_Account":"a"}]}'

    assert got(body, "a") == {"a": {}}


def test_a_name_of_ten_megabytes_is_read() -> None:
    user = {"To_Account": "a", "ProfileItem": [{"Tag": NICK, "Value": "x" * 10_000_000}]}

    assert got(profiles(user), "a") == {"a": {NICK: "x" * 10_000_000}}


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_an_answer_too_deep_to_read_is_refused(deep: bytes) -> None:
    for body in (deep, b'{"ErrorCode":0,"Unknown":' + deep):
        with pytest.raises(InvalidResponseError, match="documented format"):
            got(body, "a")
        with scripted_im(answer(body)) as (im, scripted_server):
            with pytest.raises(OutcomeUnknownError, match="documented format"):
                im.set_profile("a", {NICK: "A"}, short_deadline())
            assert len(scripted_server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"ErrorCode":NaN,"UserProfileItem":[]}',
        b"<html>Bad gateway</html>",
        b'{"ErrorCode":0,"UserProfileItem":[',
        b"\xff\xfe{",
        b"null",
        b"[]",
        b"0",
        {},
        {"ErrorCode": None},
        {"ErrorCode": "none"},
        {"ErrorCode": 0},
        {"ErrorCode": 0, "UserProfileItem": None},
        {"ErrorCode": 0, "UserProfileItem": {}},
        {"ErrorCode": 0, "UserProfileItem": ["a"]},
        {"ErrorCode": 0, "UserProfileItem": [{"ProfileItem": []}]},
        {"ErrorCode": 0, "UserProfileItem": [{"To_Account": "a", "ProfileItem": {}}]},
        {
            "ErrorCode": 0,
            "UserProfileItem": [{"To_Account": "a", "ProfileItem": [{"Tag": NICK, "Value": {}}]}],
        },
        {
            "ErrorCode": 0,
            "UserProfileItem": [{"To_Account": "a", "ProfileItem": [{"Tag": NICK, "Value": 1.5}]}],
        },
    ],
)
def test_an_answer_of_another_shape_is_refused(body: object) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        got(body, "a")

    assert caught.value.advice


def test_attributes_that_are_a_list_of_something_are_refused() -> None:
    with pytest.raises(InvalidResponseError):
        attributes(OK | {"UserAttrs": [{"To_Account": "a", "Attrs": ["sex"]}]}, "a")


def test_a_call_that_failed_as_a_whole_is_raised() -> None:
    with pytest.raises(NotFoundError) as caught:
        friends(failed_call(30003), "a")

    assert caught.value.code == 30003


def test_remembers_when_the_vendor_last_answered() -> None:
    with scripted_im(answer(failed_call(60010))) as (im, _):
        assert im.answered_at is None

        with pytest.raises(AuthenticationError):
            im.get_attributes(["a"], Deadline.after(LATER))

        assert im.answered_at is not None


def test_many_threads_share_the_connections() -> None:
    together = threading.Barrier(4)

    def ask(number: int) -> Mapping[str, object]:
        together.wait()
        return im.get_profiles([f"id{number}"], [NICK], Deadline.after(LATER))

    with scripted_im(answer(profiles())) as (im, scripted_server), ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
        list(pool.map(ask, range(4)))

    assert scripted_server.connections <= 4
    assert len(scripted_server.requests) == 8
