import pytest

from bot.errors import (
    AuthenticationError,
    IMError,
    InvalidRequestError,
    InvalidResponseError,
    NotAFriendError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    UnavailableError,
)
from bot.im.codes import CODES, Retry, error_for, retry_after

# The codes of the vendor's pages, by remedy.
TRANSIENT = {
    *(30006, 30007, 40006, 60008, 60013, 60014),
    *(70169, 70202, 70500, 90992, 90994, 90995, 91000),
}
BACK_OFF = {30008, 60007, 60011, 60018, 60019, 70050}
SIGN = {60004, 60005, 70001, 70052}
NEVER = {
    *(30001, 30002, 30003, 30004, 30005, 30010, 30011),
    *(40001, 40002, 40003, 40004, 40005, 40007, 40008, 40009, 40601, 40605, 40610),
    *(60002, 60003, 60006, 60009, 60010, 60012, 60015, 60016, 60017, 60020, 60021),
    *(70002, 70003, 70005, 70009, 70013, 70014, 70016, 70020, 70051, 70107, 70114),
    *(70206, 70346, 70398, 70402, 70403, 71000, 80001, 93000),
    *(90001, 90003, 90009, 90012, 90018, 90030, 90033, 90045, 90048),
}
BY_CLASS = {
    Retry.TRANSIENT: TRANSIENT,
    Retry.BACK_OFF: BACK_OFF,
    Retry.SIGN: SIGN,
    Retry.NEVER: NEVER,
}


def test_knows_every_code_of_the_vendors_pages_and_no_other() -> None:
    assert CODES.keys() == TRANSIENT | BACK_OFF | SIGN | NEVER


@pytest.mark.parametrize("retry", Retry)
def test_knows_what_helps_for_each(retry: Retry) -> None:
    assert {code for code in CODES if retry_after(error_for(code))[0] is retry} == BY_CLASS[retry]


@pytest.mark.parametrize("code", CODES)
def test_each_says_in_plain_words_what_happened_and_what_to_do(code: int) -> None:
    error = error_for(code)

    assert error.code == code
    words = str(error)
    assert words.removeprefix("Tencent Chat ").removeprefix("Tencent Chat's ")[0].islower()
    assert not words.endswith(".")
    assert not error.advice.endswith(".")
    assert error.advice[:1].isupper() or code in {30010, 30011}
    assert "usersig" not in words.lower()


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (NotFoundError, {30003, 40003, 40009, 70107, 90012, 90048}),
        (RateLimitedError, {60007, 60011, 60018, 60019}),
        (UnavailableError, TRANSIENT | {30008}),
        (IMError, {60017, 60020, 70398, 71000, 90045}),
        (
            AuthenticationError,
            SIGN
            | {30002, 30004, 40004, 60002, 60006, 60010, 60012, 60016, 60021, 70002, 70003, 70005, 70009}
            | {70013, 70014, 70016, 70020, 70050, 70051, 70114, 70346, 70403, 90009},
        ),
    ],
)
def test_each_has_its_place_in_the_tree(kind: type[IMError], codes: set[int]) -> None:
    assert {code for code in CODES if type(error_for(code)) is kind} == codes


def test_all_others_blame_the_request() -> None:
    rest = {type(error_for(code)) for code in CODES} - {
        NotFoundError,
        RateLimitedError,
        UnavailableError,
        IMError,
        AuthenticationError,
    }

    assert rest == {InvalidRequestError}


@pytest.mark.parametrize("code", [70016, 70020])
def test_an_app_that_is_not_there_points_at_the_region(code: int) -> None:
    assert "check the app's region" in error_for(code).advice


def test_a_code_in_no_table_is_a_failure_of_unknown_kind() -> None:
    error = error_for(60022)

    assert type(error) is IMError
    assert error.code == 60022
    assert retry_after(error) == (Retry.NEVER, 0)


def test_one_account_that_is_no_friend_is_not_a_bad_request() -> None:
    assert isinstance(error_for(30001, account=True), NotAFriendError)
    assert isinstance(error_for(30001), InvalidRequestError)
    assert type(error_for(40006, account=True)) is type(error_for(40006))
    assert type(error_for(60022, account=True)) is IMError


def test_too_many_bad_signatures_need_a_minute() -> None:
    assert retry_after(error_for(70050)) == (Retry.BACK_OFF, 60)


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (UnavailableError("x"), Retry.TRANSIENT),
        (OutcomeUnknownError("x", code=60008), Retry.NEVER),
        (OutcomeUnknownError("x"), Retry.NEVER),
        (InvalidResponseError("x"), Retry.NEVER),
    ],
)
def test_knows_what_helps_when_no_code_came(error: IMError, retry: Retry) -> None:
    assert retry_after(error)[0] is retry
