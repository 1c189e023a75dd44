"""Settings of a running sandbox: undocumented vendor behavior, and faults."""

from dataclasses import dataclass, fields
from typing import Any, Literal

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault in some calls.

    `502` and `code` fail a call before it is executed; `hang`, `reset` and `truncated` lose the response of
    one that was.
    """

    kind: Literal["502", "hang", "reset", "truncated", "code"]
    calls: tuple[int, ...] = ()
    """Affected calls, counted from 1 since the behavior was last set; empty for all."""
    command: str = ""
    """The affected and counted command, such as `portrait_get`; empty for all."""
    code: int = 60008
    """ErrorCode of the kind `code`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """Behavior of the sandbox; each default is as documented, or else the likeliest."""

    order: Literal["as requested", "shuffled"] = "as requested"
    """Order of accounts and fields in responses."""
    missing_user: Literal["per user", "whole call"] = "per user"
    """Response of portrait_get for an account that is not imported."""
    all_failed: Literal["OK", "FAIL"] = "OK"
    """ActionStatus of a call in which every account failed."""
    friend_not_imported: Literal[30001, 30003] = 30001
    """Code of friend_get_list for an account that is not imported."""
    attr_unknown: Literal["empty", "omitted", "whole call"] = "empty"
    """Response of im_get_attr for an account that is not imported."""
    attr_enabled: bool = True
    """Whether the attribute feature is enabled."""
    unset_tag: Literal["absent", "default"] = "absent"
    """Value of a field that was never set."""
    empty_profile: Literal["empty", "absent"] = "empty"
    """Field list of an account with none of the requested fields set."""
    bad_tag: Literal["whole call", "per user", "ignore"] = "whole call"
    """Scope of the error for an unknown or forbidden field."""
    duplicates: Literal["per occurrence", "once"] = "per occurrence"
    """Results for an account that is requested twice."""
    empty_list: Literal["refuse", "accept"] = "refuse"
    """Treatment of a call without TagList or ProfileItem."""
    max_users: int = 100
    """Accounts per call at most; 0 for no limit."""
    bad_json: Literal["service", "public"] = "service"
    """Code for malformed JSON: the service's own, or 60003."""
    set_atomic: bool = True
    """Whether a bad item of portrait_set discards the items before it."""
    dup_tag: Literal["last wins", "refuse"] = "last wins"
    """Treatment of a field that occurs twice in portrait_set."""
    empty_string: Literal["store", "clear", "refuse"] = "store"
    """Treatment of an empty string in portrait_set."""
    int_strings: bool = False
    """Whether portrait_set accepts a number in a string."""
    answer_int_strings: bool = False
    """Whether responses hold numbers in strings."""
    words: tuple[str, ...] = ()
    """Sensitive words, forbidden in profile texts."""
    read_delay_ms: int = 0
    """Milliseconds until a written profile can be read."""
    rate: bool = True
    """Whether rate limits are enforced."""
    throttle_code: int = 60007
    """Code for a call over the rate limit."""
    strict_query: bool = False
    """Whether `random` and `contenttype=json` are required in the URL."""
    non_admin: Literal["public", "service"] = "public"
    """Code for a caller who is not an admin: 60010, or the service's own."""
    unknown_app: Literal[70020, 60006] = 70020
    """Code for an unknown SDKAppID."""
    sig_lockout: int = 0
    """Failed UserSig checks before an app is locked for a minute; 0 for never."""
    envelope: Literal["documented", "extra keys", "no ErrorInfo"] = "documented"
    """Keys of the response envelope."""
    userid_charset: Literal["any", "printable", "word"] = "any"
    """Characters allowed in a UserID: any, printable ASCII, or `[A-Za-z0-9_-]`."""
    max_body: int = 2**20
    """Bytes of a request body at most."""
    latency_ms: int = 0
    """Milliseconds added to every response."""
    fault: Fault | None = None
    """The current fault."""


_NAMES = frozenset(field.name for field in fields(Behavior))


def update_behavior(behavior: Behavior, wanted: bytes) -> Behavior:
    """Apply the settings of a JSON object.

    Raises:
        ValueError: It is not an object, or a setting or its value is invalid.
    """
    try:
        values = msgspec.json.decode(wanted, type=dict[str, Any])
        unknown = sorted(values.keys() - _NAMES)
        if not unknown:
            return msgspec.convert({**msgspec.to_builtins(behavior), **values}, Behavior)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"unknown setting: {', '.join(unknown)}; known: {', '.join(sorted(_NAMES))}")
