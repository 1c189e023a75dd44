"""What the vendor leaves open and what can go wrong: the choices of a running sandbox."""

from dataclasses import dataclass, fields
from typing import Any, Literal

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An outage that strikes some calls.

    `502` and `code` strike before the call is carried out; `hang`, `reset` and `truncated` lose the answer
    to one that was.
    """

    kind: Literal["502", "hang", "reset", "truncated", "code"]
    calls: tuple[int, ...] = ()
    """Which calls, counted from 1 since the knobs were last set; empty for every call."""
    command: str = ""
    """The only command that is struck and counted, such as `portrait_get`; empty for all."""
    code: int = 60008
    """What `code` answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """How the sandbox answers; the defaults are what is documented, or else what is likely."""

    order: Literal["as requested", "shuffled"] = "as requested"
    """The order of accounts and fields in answers."""
    missing_user: Literal["per user", "whole call"] = "per user"
    """How portrait_get answers for an account that is not imported."""
    all_failed: Literal["OK", "FAIL"] = "OK"
    """The status of a call in which every account failed."""
    friend_not_imported: Literal[30001, 30003] = 30001
    """What friend_get_list says of an account that is not imported at all."""
    attr_unknown: Literal["empty", "omitted", "whole call"] = "empty"
    """How im_get_attr answers for an account that is not imported."""
    attr_enabled: bool = True
    """Whether the app has attributes at all."""
    unset_tag: Literal["absent", "default"] = "absent"
    """How a field that was never set is answered."""
    empty_profile: Literal["empty", "absent"] = "empty"
    """How the list of an account without any asked field set is answered."""
    bad_tag: Literal["whole call", "per user", "ignore"] = "whole call"
    """What a field that is unknown or not permitted spoils."""
    duplicates: Literal["per occurrence", "once"] = "per occurrence"
    """How often an account that was asked for twice is answered."""
    empty_list: Literal["refuse", "accept"] = "refuse"
    """What becomes of a call without TagList or ProfileItem."""
    max_users: int = 100
    """The most accounts in one call; 0 for no limit."""
    bad_json: Literal["service", "public"] = "service"
    """Whose code malformed JSON gets: the service's own, or 60003."""
    set_atomic: bool = True
    """Whether one bad item of portrait_set keeps the items before it from being written."""
    dup_tag: Literal["last wins", "refuse"] = "last wins"
    """What portrait_set does with a field that is named twice."""
    empty_string: Literal["store", "clear", "refuse"] = "store"
    """What portrait_set does with an empty text."""
    int_strings: bool = False
    """Whether portrait_set takes a number written as text."""
    answer_int_strings: bool = False
    """Whether numbers are answered as text."""
    words: tuple[str, ...] = ()
    """Sensitive words that no profile text may hold."""
    read_delay_ms: int = 0
    """How long a written profile still reads as before."""
    rate: bool = True
    """Whether the frequency limits hold."""
    throttle_code: int = 60007
    """What a call over the frequency gets."""
    strict_query: bool = False
    """Whether `random` and `contenttype=json` must be in the URL."""
    non_admin: Literal["public", "service"] = "public"
    """Whose code a caller who is no admin gets: 60010, or the service's own."""
    unknown_app: Literal[70020, 60006] = 70020
    """What an unknown SDKAppID gets."""
    sig_lockout: int = 0
    """Failed UserSig checks after which an app is locked for a minute; 0 for never."""
    envelope: Literal["documented", "extra keys", "no ErrorInfo"] = "documented"
    """Which keys stand around every answer."""
    userid_charset: Literal["any", "printable", "word"] = "any"
    """What an account may be made of: anything, printable ASCII, or `[A-Za-z0-9_-]`."""
    max_body: int = 2**20
    """The most bytes of a request body."""
    latency_ms: int = 0
    """How long every answer takes."""
    fault: Fault | None = None
    """An outage."""


_NAMES = frozenset(field.name for field in fields(Behavior))


def update_behavior(behavior: Behavior, wanted: bytes) -> Behavior:
    """Set the knobs that a JSON object names.

    Raises:
        ValueError: It is none, there is no such knob, or it cannot be set to that.
    """
    try:
        values = msgspec.json.decode(wanted, type=dict[str, Any])
        unknown = sorted(values.keys() - _NAMES)
        if not unknown:
            return msgspec.convert({**msgspec.to_builtins(behavior), **values}, Behavior)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"no such knob: {', '.join(unknown)}; there are {', '.join(sorted(_NAMES))}")
