"""The friend service: friend_get_list and friend_import."""

import time
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import msgspec

from bot.core.fields import CUSTOM_FRIEND, FRIEND_FIELDS, MAX_UINT32, TEXT_BYTES, Field, custom_field
from bot.sandbox.data import Account, FriendEntry, HostedApp
from bot.sandbox.rest_api.codes import ApiError, info
from bot.sandbox.rest_api.profiles import STANDARD as STANDARD_PROFILE
from bot.sandbox.rest_api.profiles import readable
from bot.sandbox.rest_api.request import Answer, Request, failure

MAX_FRIENDS = 3000
"""Longest friend list of an account."""
MAX_GROUPS = 32
"""Most friend groups of an account."""

_STANDARD = {field.tag: field for field in FRIEND_FIELDS}
_BAD, _NO_ACCOUNT = 30001, 30003
_TOO_MANY_FRIENDS, _TOO_MANY_GROUPS = 30010, 30011
_NOT_A_FRIEND = 30001
_SOURCE, _REMARK, _WORDING = "Tag_SNS_IM_AddSource", "Tag_SNS_IM_Remark", "Tag_SNS_IM_AddWording"
_GROUPS, _SINCE = "Tag_SNS_IM_Group", "Tag_SNS_IM_AddTime"

_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_UINT32)]


class _Own(msgspec.Struct, rename="pascal"):
    """A custom field; numbers are accepted, as in the vendor's sample."""

    tag: str
    value: str | _Number


class _Friend(msgspec.Struct, rename="pascal"):
    """An item of friend_import."""

    add_source: Annotated[str, msgspec.Meta(pattern=r"^AddSource_Type_[A-Za-z]{1,8}\Z")]
    remark: str = ""
    add_wording: str = ""
    group_name: list[Annotated[str, msgspec.Meta(min_length=1)]] = []
    add_time: _Number = msgspec.field(default_factory=lambda: int(time.time()))
    custom_item: list[_Own] = []


def friend_get_list(request: Request) -> Answer:
    """Read friends from an account's list, with their profiles (vendor's page: cn/8609)."""
    owner = request.account("From_Account")
    accounts = request.accounts()
    fields, bad = request.fields(sorted(request.tags(), key=_place), _readable(request.app))
    held = request.app.accounts.get(owner)
    if held is None:
        raise ApiError(_NO_ACCOUNT)
    results = [_read(request, held, account, fields, bad) for account in accounts]
    return request.build_list("InfoItem", results)


def _place(tag: str) -> int:
    """Rank a tag as in the vendor's sample: friend fields, profile fields, then custom fields of each."""
    if tag in _STANDARD:
        return 0
    if tag in STANDARD_PROFILE:
        return 1
    return 2 if tag.startswith(CUSTOM_FRIEND) else 3


def _readable(app: HostedApp) -> Callable[[str], Field | int]:
    profile = readable(app)

    def find(tag: str) -> Field | int:
        if tag in _STANDARD:
            return _STANDARD[tag]
        if tag.startswith(CUSTOM_FRIEND):
            custom = app.custom.get(tag)
            found = custom is not None and custom.readable
            return custom_field(tag.removeprefix(CUSTOM_FRIEND), prefix=CUSTOM_FRIEND) if found else _BAD
        field = profile(tag)
        return field if isinstance(field, Field) else _BAD

    return find


def _read(request: Request, owner: Account, account: str, fields: list[Field], bad: int) -> Answer:
    entry, friend = owner.friends.get(account), request.app.accounts.get(account)
    if friend is None:
        return failure(account, request.behavior.friend_not_imported)
    if entry is None:
        return failure(account, _NOT_A_FRIEND)
    code = bad or request.failure_code(account)
    if code:
        return failure(account, code)
    return request.result(account, "SnsProfileItem", request.items({**friend.profile, **entry}, fields))


def friend_import(request: Request) -> Answer:
    """Add accounts to an account's friend list, but not the account to theirs."""
    owner = request.account("From_Account")
    items = request.read_list(dict, "AddFriendItem")
    request.check_accounts(item.get("To_Account") for item in items)
    request.check_size(items)
    held = request.app.accounts.get(owner)
    if held is None:
        raise ApiError(_NO_ACCOUNT)
    codes = [(item["To_Account"], _import(request.app, held, item)) for item in items]
    results = [
        {"To_Account": account, "ResultCode": code, "ResultInfo": info(code)} for account, code in codes
    ]
    return request.build_list("ResultItem", results)


def _import(app: HostedApp, owner: Account, item: dict[str, Any]) -> int:
    """Import a friend and return its result code, 0 for success."""
    account = item["To_Account"]
    if account not in app.accounts:
        return _NO_ACCOUNT
    entry = _entry(app, item)
    if entry is None:
        return _BAD
    friends = {**owner.friends, account: entry}
    if len(friends) > MAX_FRIENDS:
        return _TOO_MANY_FRIENDS
    if len({group for friend in friends.values() for group in groups_of(friend)}) > MAX_GROUPS:
        return _TOO_MANY_GROUPS
    owner.friends[account] = entry
    return 0


def groups_of(entry: FriendEntry) -> list[str]:
    """List the groups of a friend."""
    groups = entry.get(_GROUPS)
    return groups if isinstance(groups, list) else []


def _entry(app: HostedApp, item: dict[str, Any]) -> FriendEntry | None:
    """Parse a friend entry; None if it is invalid."""
    try:
        friend = msgspec.convert(item, _Friend)
    except msgspec.ValidationError:
        return None
    texts = {_SOURCE: friend.add_source, _REMARK: friend.remark, _WORDING: friend.add_wording}
    custom = {own.tag: own.value for own in friend.custom_item}
    fits = (
        all(_fits(text, _STANDARD[tag].max_bytes) for tag, text in texts.items())
        and all(_fits(group, _STANDARD[_GROUPS].max_bytes) for group in friend.group_name)
        and all(tag.startswith(CUSTOM_FRIEND) and tag in app.custom for tag in custom)
        and all(_fits(str(value), TEXT_BYTES) for value in custom.values())
    )
    if not fits:
        return None
    given: FriendEntry = {tag: text for tag, text in texts.items() if text}
    groups: FriendEntry = {_GROUPS: friend.group_name} if friend.group_name else {}
    return {**given, **groups, _SINCE: friend.add_time, **custom}


def _fits(text: str, max_bytes: int) -> bool:
    return len(text.encode()) <= max_bytes
