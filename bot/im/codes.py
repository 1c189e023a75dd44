"""The vendor's codes: error class, plain words, advice, and retry of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import MappingProxyType

from bot.core.parsing.usage_errors import CHECK_ID
from bot.errors import (
    INTERNAL_ERROR,
    AuthenticationError,
    IMError,
    InvalidRequestError,
    NotAFriendError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    UnavailableError,
)


class Retry(Enum):
    """The retry after a failure."""

    BACK_OFF = "wait, longer each time"
    TRANSIENT = "ask again soon, a few times"
    SIGN = "make a new UserSig and ask once more"
    NEVER = "nothing"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """The error of one code; `wait` is the least number of seconds before a retry can help."""

    kind: type[IMError]
    words: str
    advice: str = ""
    retry: Retry = Retry.NEVER
    wait: float = 0


_AGAIN = "Try again in a minute"
_TELL = "Tell the bot's operator: the bot and Tencent Chat disagree about this call"
_ADMIN = "Tell the bot's operator to check that the bot's account is an admin of the app"
_KEY = "Tell the bot's operator to check the app's id and secret key"
_REGION = "Tell the bot's operator to check the app's region: it is in another data center"
_ADDRESS = "Tell the bot's operator to check the API's address"
_CONSOLE = "Tell the bot's operator to check the app in Tencent Chat's console"
_FIELDS = "Tell the bot's operator to check the app's fields in Tencent Chat's console"

_refused = partial(CodeInfo, InvalidRequestError)
_not_found = partial(CodeInfo, NotFoundError)
_operator = partial(CodeInfo, AuthenticationError)
_stopped = partial(CodeInfo, IMError)
_stale = partial(CodeInfo, AuthenticationError, advice=_KEY, retry=Retry.SIGN)
_inside = partial(CodeInfo, UnavailableError, advice=_AGAIN, retry=Retry.TRANSIENT)
_too_many = partial(CodeInfo, RateLimitedError, advice=_AGAIN, retry=Retry.BACK_OFF)

CODES: Mapping[int, CodeInfo] = MappingProxyType(
    {
        30001: _refused("Tencent Chat rejected this request for friends as invalid", _TELL),
        30002: _operator("the app id does not match the friend list", _KEY),
        30003: _not_found("no such account", CHECK_ID),
        30004: _operator("only an admin account of the app may make this call", _ADMIN),
        30005: _refused("the text contains words that Tencent Chat does not allow", "Choose other words"),
        30006: _inside(INTERNAL_ERROR),
        30007: _inside("Tencent Chat's internal network was too slow"),
        30008: CodeInfo(UnavailableError, "another write interfered", _AGAIN, Retry.BACK_OFF),
        30010: _refused("the account already has as many friends as Tencent Chat allows"),
        30011: _refused("the account already has as many friend groups as Tencent Chat allows"),
        40001: _refused("Tencent Chat rejected this request for profiles as invalid", _TELL),
        40002: _refused("the request names no account", _TELL),
        40003: _not_found("no such account", CHECK_ID),
        40004: _operator("only an admin account of the app may make this call", _ADMIN),
        40005: _refused("a value contains words that Tencent Chat does not allow", "Choose other words"),
        40006: _inside(INTERNAL_ERROR),
        40007: _refused("the app may not read one of these fields", f"Leave the field out. {_FIELDS}"),
        40008: _refused("the app may not write one of these fields", f"Leave the field out. {_FIELDS}"),
        40009: _not_found("the app has no such field", f"Check the field's name. {_FIELDS}"),
        40601: _refused(
            "a value is longer than 500 bytes",
            "Shorten it: a letter from a to z is 1 byte, most others are 2 to 4",
        ),
        40605: _refused("a standard field cannot hold this value", "Check the value"),
        40610: _refused(
            "a value is of the wrong type", "Use a number for a number field, text for the others"
        ),
        60002: _operator("Tencent Chat cannot parse the request's URL", _ADDRESS),
        60003: _refused("Tencent Chat cannot parse the request", _TELL),
        60004: _stale("Tencent Chat rejected the admin account or its signature"),
        60005: _stale("Tencent Chat rejected the admin account or its signature"),
        60006: _operator("Tencent Chat does not know this app id", _KEY),
        60007: _too_many("rate-limited by Tencent Chat"),
        60008: _inside("Tencent Chat took too long, or could not parse the request"),
        60009: _refused("Tencent Chat does not know this call", _TELL),
        60010: _operator("the bot's account is not an admin of the app", _ADMIN),
        60011: _too_many("rate-limited by Tencent Chat"),
        60012: _operator("the request lacks the app id", _KEY),
        60013: _inside("Tencent Chat could not parse its own answer"),
        60014: _inside("Tencent Chat took too long to look up the accounts"),
        60015: _refused("Tencent Chat cannot parse one of the ids", "Check the ids"),
        60016: _operator("Tencent Chat has disabled this app", _CONSOLE),
        60017: _stopped("Tencent Chat has disabled this call", _CONSOLE),
        60018: _too_many("rate-limited by Tencent Chat"),
        60019: _too_many("rate-limited by Tencent Chat"),
        60020: _stopped("the app's package has expired", _CONSOLE),
        60021: _operator("Tencent Chat does not accept calls from this machine's IP address", _CONSOLE),
        70001: _stale(
            "the signature has expired", advice="Tell the bot's operator to check the machine's clock"
        ),
        70002: _operator("the signature is empty", _KEY),
        70003: _operator("Tencent Chat cannot parse the signature", _KEY),
        70005: _operator("Tencent Chat cannot parse the signature", _KEY),
        70009: _operator("the signature was made with another app's key", _KEY),
        70013: _operator("the signature is for another admin account", _ADMIN),
        70014: _operator("the signature is for another app id", _KEY),
        70016: _operator("Tencent Chat has no key for this app in this region", _REGION),
        70020: _operator("Tencent Chat has no such app in this region", _REGION),
        70050: _operator(
            "Tencent Chat saw too many bad signatures", f"Wait a minute. {_KEY}", Retry.BACK_OFF, 60
        ),
        70051: _operator("Tencent Chat has blocked the app's admin account", _CONSOLE),
        70052: _stale("the signature has been revoked"),
        70107: _not_found("no such account", CHECK_ID),
        70114: _operator(
            "Tencent Chat has restricted the app's admin account for security reasons", _CONSOLE
        ),
        70169: _inside("Tencent Chat timed out internally"),
        70202: _inside("Tencent Chat timed out internally"),
        70206: _refused("the request names too many accounts", _TELL),
        70346: _operator("Tencent Chat rejected the signature", _KEY),
        70398: _stopped("the free plan is limited to 100 accounts", _CONSOLE),
        70402: _refused("Tencent Chat rejected this request for accounts as invalid", _TELL),
        70403: _operator("only an admin account of the app may make this call", _ADMIN),
        70500: _inside(INTERNAL_ERROR),
        71000: _stopped("the app's plan does not include this", _CONSOLE),
        80001: _refused("Tencent Chat's content filter blocked this text", "Choose other words"),
        90001: _refused("Tencent Chat cannot parse the request", _TELL),
        90003: _refused("Tencent Chat cannot parse one of the ids", "Check the ids"),
        90009: _operator("only an admin account of the app may make this call", _ADMIN),
        90012: _not_found("no such account", CHECK_ID),
        90018: _refused("the request names too many accounts", _TELL),
        90030: _refused("an attribute's value is empty or longer than 50 bytes", "Shorten it"),
        90033: _refused("the app has no such attribute", _CONSOLE),
        90045: _stopped("user attributes are not enabled for this app", _CONSOLE),
        90048: _not_found("no such account", CHECK_ID),
        90992: _inside(INTERNAL_ERROR),
        90994: _inside(INTERNAL_ERROR),
        90995: _inside(INTERNAL_ERROR),
        91000: _inside(INTERNAL_ERROR),
        93000: _refused("the request is too long", _TELL),
    }
)
"""Every code the vendor's pages list for our calls (vendor's page: Error Codes, intl/34348)."""

ACCOUNT_CODES: Mapping[int, CodeInfo] = MappingProxyType(
    {30001: CodeInfo(NotAFriendError, "the account is not in the owner's friend list")}
)
"""Codes that mean something else for one account than for a whole call."""

UNKNOWN = CodeInfo(IMError, "Tencent Chat refused with an undocumented code", _CONSOLE)
"""The error of a code in no table."""


def error_for(code: int, *, account: bool = False) -> IMError:
    """Make the error for a code, of a whole call or of one account in a response."""
    info = CODES.get(code, UNKNOWN)
    if account:
        info = ACCOUNT_CODES.get(code, info)
    return info.kind(info.words, code=code, advice=info.advice)


def retry_after(problem: IMError) -> tuple[Retry, float]:
    """Return the retry after a failed call, and the least seconds before it."""
    if isinstance(problem, OutcomeUnknownError):
        return Retry.NEVER, 0
    if problem.code is None:
        return (Retry.TRANSIENT if isinstance(problem, UnavailableError) else Retry.NEVER), 0
    info = CODES.get(problem.code, UNKNOWN)
    return info.retry, info.wait
