"""The profile service: portrait_get and portrait_set."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from bot.core.fields import CUSTOM_PROFILE, PROFILE_FIELDS, Field, custom_field
from bot.sandbox.data import HostedApp
from bot.sandbox.rest_api.codes import ApiError
from bot.sandbox.rest_api.request import Answer, Request, Write, failure
from bot.sandbox.rest_api.values import validate

STANDARD = {field.tag: field for field in PROFILE_FIELDS}
"""The standard profile fields by tag."""

_NO_ACCOUNT = 40003
_NO_READ, _NO_WRITE, _NO_TAG = 40007, 40008, 40009


def readable(app: HostedApp) -> Callable[[str], Field | int]:
    """Make a function that maps a tag to a readable profile field, or to an error code."""
    return lambda tag: _find(app, tag, _NO_READ)


def _find(app: HostedApp, tag: str, forbidden: int) -> Field | int:
    if tag in STANDARD:
        return STANDARD[tag]
    custom = app.custom.get(tag)
    if custom is None or not tag.startswith(CUSTOM_PROFILE):
        return _NO_TAG
    allowed = custom.readable if forbidden == _NO_READ else custom.writable
    return custom_field(tag.removeprefix(CUSTOM_PROFILE)) if allowed else forbidden


def portrait_get(request: Request) -> Answer:
    """Read profile fields of accounts (vendor's page: intl/34917)."""
    accounts = request.accounts()
    fields, bad = request.fields(request.tags(), readable(request.app))
    results = [_read(request, account, fields, bad) for account in accounts]
    return request.build_list("UserProfileItem", results)


def _read(request: Request, account: str, fields: list[Field], bad: int) -> Answer:
    held = request.app.accounts.get(account)
    if held is None:
        if request.behavior.missing_user == "whole call":
            raise ApiError(_NO_ACCOUNT)
        return failure(account, _NO_ACCOUNT)
    code = bad or request.failure_code(account)
    if code:
        return failure(account, code)
    return request.result(account, "ProfileItem", request.items(held.profile, fields))


def portrait_set(request: Request) -> Answer:
    """Write profile fields of an account (vendor's page: intl/34916)."""
    account = request.account("From_Account")
    items = _items(request)
    known = {tag: _find(request.app, tag, _NO_WRITE) for tag, _ in items}
    request.fields(known, known.__getitem__)
    held = request.app.accounts.get(account)
    code = _NO_ACCOUNT if held is None else request.failure_code(account)
    if code:
        raise ApiError(code)
    values: dict[str, str | int] = {}
    try:
        for tag, value in items:
            field = known[tag]
            if isinstance(field, Field):
                values[tag] = validate(field, value, request.behavior)
    except ApiError:
        if request.behavior.set_atomic:
            raise
        _write(request, account, values)
        raise
    _write(request, account, values)
    return {}


def _items(request: Request) -> list[tuple[str, Any]]:
    given = request.read_list(dict, "ProfileItem")
    if not given and request.behavior.empty_list == "refuse":
        raise ApiError(request.family.bad)
    if any(not isinstance(item.get("Tag"), str) or "Value" not in item for item in given):
        raise ApiError(request.family.bad)
    items = [(item["Tag"], item["Value"]) for item in given]
    if request.behavior.dup_tag == "refuse" and len(dict(items)) < len(items):
        raise ApiError(request.family.bad)
    return items


def _write(request: Request, account: str, values: dict[str, str | int]) -> None:
    if not values:
        return
    request.writes.append(Write(time.monotonic(), account, values))
    profile = request.app.accounts[account].profile

    def apply() -> None:
        profile.update(values)
        if request.behavior.empty_string == "clear":
            for tag in [tag for tag, value in values.items() if value == ""]:
                del profile[tag]

    if request.behavior.read_delay_ms:
        asyncio.get_running_loop().call_later(request.behavior.read_delay_ms / 1000, apply)
    else:
        apply()
