"""The UserSig's checks in their order, and the frequency limits."""

import base64
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from bot.im import usersig
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import HostedApp
from bot.sandbox.rest_api.auth import Authenticator
from bot.sandbox.rest_api.calls import ENDPOINTS, command_name
from bot.sandbox.rest_api.codes import PROFILE, ApiError
from bot.sandbox.server import Sandbox
from tests.support.sandbox import APP_ID, KEY, PATHS, Caller

SIGNED_AT, EXPIRE = 1700000000, 86400
VECTORS = {
    "Python library": (
        "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuW"
        "ZOaChAzN0RQXZ6aDLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_"
    ),
    "Node library": (
        "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl5mcUlRYkl*UVQBcUp2YkFBZkpSlaGJgZQAJEpycxNVbIyNEcVTa0oyCxKVbKy"
        "MDOBCRVnpitZKVX6OKZql5uHh6aGlhYmhVlm6IdEmFuUGhnmh7hnamdaRhUYlhoHFORFmhnYKtUCAK0SM5I_"
    ),
}
MACS = {
    "administrator": "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60=",
    "xiaojun": "SNF4FmVCPucoXsBOpbVF3fFCf57JPm0ezZ1jeVILlVc=",
    "张三": "3LCkJvso1LbyiZu1fQ71MKW2nBH/fSAs4/BjQ6ejVVQ=",
}
ADMINS = list(MACS)


def packed(content: bytes, level: int = -1) -> str:
    text = base64.b64encode(zlib.compress(content, level)).decode()
    return text.translate(str.maketrans("+/=", "*-_"))


def sig_of(
    identifier: str = "administrator", claims: Mapping[str, Any] = MappingProxyType({}), level: int = -1
) -> str:
    said = {
        "TLS.ver": "2.0",
        "TLS.identifier": identifier,
        "TLS.sdkappid": APP_ID,
        "TLS.expire": EXPIRE,
        "TLS.time": SIGNED_AT,
        "TLS.sig": MACS.get(identifier, ""),
        **claims,
    }
    return packed(str(said).replace("'", '"').encode(), level)


def app(**kept: Any) -> HostedApp:
    return HostedApp(**{"app_id": APP_ID, "key": KEY, "admins": ADMINS, **kept})


def ask(query: dict[str, Any], *, hosted: HostedApp, behavior: Behavior, now: float) -> int:
    asked = {
        "sdkappid": str(APP_ID),
        "identifier": "administrator",
        "usersig": sig_of(),
        "random": "7",
        "contenttype": "json",
    }
    asked = {name: value for name, value in {**asked, **query}.items() if value is not None}
    return code_of(Authenticator({hosted.app_id: hosted}).authenticate, asked, PROFILE, behavior, now)


def code_of(check: Callable[..., Any], *arguments: Any) -> int:
    try:
        check(*arguments)
    except ApiError as error:
        return error.code
    return 0


def code(
    query: dict[str, Any], *, hosted: HostedApp | None = None, now: float = SIGNED_AT, **behavior: Any
) -> int:
    return ask(query, hosted=hosted or app(), behavior=Behavior(**behavior), now=now)


@pytest.mark.parametrize("library", VECTORS)
def test_admits_the_signatures_of_the_vendors_libraries(library: str) -> None:
    assert code({"usersig": VECTORS[library]}) == 0


@pytest.mark.parametrize("identifier", MACS)
def test_admits_a_known_signature_at_any_compression(identifier: str) -> None:
    for level in (0, 1, 9):
        assert code({"identifier": identifier, "usersig": sig_of(identifier, level=level)}) == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sdkappid": None}, 60012),
        ({"sdkappid": ""}, 60012),
        ({"sdkappid": "abc"}, 60006),
        ({"identifier": None}, 60004),
        ({"usersig": None}, 70002),
        ({"usersig": ""}, 70002),
        ({"usersig": "xxx"}, 70003),
        ({"usersig": VECTORS["Python library"][:-9]}, 70003),
        ({"usersig": packed(b"[]")}, 70003),
        ({"usersig": packed(b"{" * 1_000_000)}, 70003),
        ({"sdkappid": "1400000001"}, 70020),
        ({"usersig": sig_of(claims={"TLS.sdkappid": 1400000001})}, 70014),
        ({"identifier": "xiaojun"}, 70013),
        ({"usersig": sig_of(claims={"TLS.userbuf": "YQ=="})}, 70003),
        ({"usersig": sig_of(claims={"TLS.sig": MACS["xiaojun"]})}, 70009),
        ({"usersig": sig_of(claims={"TLS.sig": "é"})}, 70009),
        ({"usersig": sig_of(claims={"TLS.expire": EXPIRE + 1})}, 70009),
    ],
)
def test_refuses_a_wrong_query_with_the_code_for_it(query: dict[str, Any], expected: int) -> None:
    assert code(query) == expected


def test_checks_in_the_order_of_the_vendors_library() -> None:
    everything_wrong = {"TLS.sdkappid": 1, "TLS.identifier": "x", "TLS.userbuf": "YQ==", "TLS.sig": "x"}
    late = SIGNED_AT + EXPIRE + 1
    mended: dict[str, Any] = {}
    steps = [
        ("TLS.sdkappid", APP_ID, 70014),
        ("TLS.identifier", "administrator", 70013),
        ("TLS.userbuf", None, 70003),
    ]

    assert code({"usersig": sig_of(claims=everything_wrong)}, hosted=app(key=""), now=late) == 70016
    for claim, right, refused in steps[:2]:
        assert code({"usersig": sig_of(claims={**everything_wrong, **mended})}, now=late) == refused
        mended[claim] = right
    assert code({"usersig": sig_of(claims={**everything_wrong, **mended})}, now=late) == 70001
    assert code({"usersig": sig_of(claims={**everything_wrong, **mended})}) == 70003


def test_a_signature_is_valid_to_its_last_second() -> None:
    assert code({}, now=SIGNED_AT + EXPIRE) == 0
    assert code({}, now=SIGNED_AT + EXPIRE + 1) == 70001


def test_a_signature_from_the_future_is_valid() -> None:
    assert code({}, now=SIGNED_AT - 1000) == 0


def test_a_caller_who_is_no_admin_gets_the_public_code_or_the_services() -> None:
    hosted = app(admins=["somebody"])

    assert code({}, hosted=hosted) == 60010
    assert code({}, hosted=hosted, non_admin="service") == 40004


def test_an_unknown_app_gets_the_code_that_the_setting_says() -> None:
    assert code({"sdkappid": "1"}, unknown_app=60006) == 60006


@pytest.mark.parametrize("query", [{"random": None}, {"random": "4294967296"}, {"contenttype": None}])
def test_a_sloppy_query_passes_unless_the_setting_is_strict(query: dict[str, Any]) -> None:
    assert code(query) == 0
    assert code(query, strict_query=True) == 60002


def test_a_complete_query_passes_the_strict_setting() -> None:
    assert code({}, strict_query=True) == 0


def test_too_many_failed_checks_lock_the_app_for_a_minute() -> None:
    authenticator, behavior = Authenticator({APP_ID: app()}), Behavior(sig_lockout=2)
    right = {"sdkappid": str(APP_ID), "identifier": "administrator", "usersig": sig_of()}
    wrong = {**right, "identifier": "xiaojun"}

    asked = ((wrong, 0), (right, 0), (wrong, 0), (wrong, 1), (right, 2), (right, 60), (right, 61))
    codes = [code_of(authenticator.authenticate, query, PROFILE, behavior, now) for query, now in asked]

    assert codes == [70013, 0, 70013, 70013, 70050, 70050, 0]


def test_an_unknown_app_is_never_locked() -> None:
    authenticator, behavior = Authenticator({}), Behavior(sig_lockout=1)
    query = {"sdkappid": "1", "identifier": "administrator", "usersig": sig_of()}

    codes = [code_of(authenticator.authenticate, query, PROFILE, behavior, SIGNED_AT) for _ in range(3)]

    assert codes == [70020] * 3


def test_counts_calls_in_a_sliding_second() -> None:
    authenticator = Authenticator({})
    times = [0.0, 0.5, 0.999, 1.0, 1.4, 1.5]

    codes = [code_of(authenticator.check_rate, APP_ID, "portrait_get", 2, 60007, now) for now in times]

    assert codes == [0, 0, 60007, 0, 60007, 0]


def test_counts_each_call_of_each_app_by_itself() -> None:
    authenticator = Authenticator({})

    for app_id, command in ((1, "a"), (1, "b"), (2, "a")):
        authenticator.check_rate(app_id, command, 1, 60007, 0)


def test_every_call_has_the_frequency_limit_of_its_page() -> None:
    rates = {command_name(path): call.rate for path, call in ENDPOINTS.items()}

    assert rates == {
        "portrait_get": 200,
        "portrait_set": 200,
        "friend_get_list": 200,
        "account_import": 200,
        "friend_import": 100,
        "account_check": 100,
        "im_get_attr": 100,
        "im_set_attr": 100,
        "im_get_attr_name": 100,
        "im_set_attr_name": 100,
    }


def test_refuses_calls_over_the_frequency_and_no_others(caller: Caller) -> None:
    body = {"To_Account": ["ann"], "TagList": ["Tag_Profile_IM_Nick"]}

    assert [caller.code("portrait_get", body) for _ in range(201)] == [0] * 200 + [60007]
    assert caller.code("im_get_attr_name", {}) == 0


def test_the_frequency_limit_can_be_switched_off_and_have_another_code(caller: Caller) -> None:
    sandbox = caller.sandbox

    sandbox.behavior = Behavior(rate=False)
    assert {caller.code("im_get_attr_name", {}) for _ in range(150)} == {0}
    sandbox.behavior = Behavior(throttle_code=60011)
    assert {caller.code("im_get_attr_name", {}) for _ in range(101)} == {0, 60011}


def test_refuses_before_it_reads_the_body(caller: Caller) -> None:
    assert caller.raw("portrait_get", b"not JSON", usersig="")["ErrorCode"] == 70002


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", PATHS["portrait_get"], 60002),
        ("PUT", "/v4/nobody/knows", 60002),
        ("POST", "/v4/profile/portrait_get_all", 60009),
        ("POST", "/v4/sns/portrait_get", 60009),
        ("POST", "/profile/portrait_get", 60009),
        ("POST", "/", 60009),
    ],
)
def test_refuses_a_wrong_method_and_an_unknown_command_first(
    method: str, path: str, expected: int, sandbox: Sandbox
) -> None:
    answer = sandbox.answer(method, path, "", b"")

    assert answer["ErrorCode"] == expected
    assert answer["ActionStatus"] == "FAIL"


def test_a_signature_decodes_to_what_it_says() -> None:
    claims = usersig.decode(VECTORS["Node library"])

    assert (claims.identifier, claims.app_id, claims.time, claims.expire) == (
        "administrator",
        APP_ID,
        SIGNED_AT,
        EXPIRE,
    )
