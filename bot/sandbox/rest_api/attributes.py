"""The attribute calls, part of the vendor's all-member push service."""

from typing import Any

from bot.sandbox.rest_api.codes import ApiError
from bot.sandbox.rest_api.request import Answer, Request

ATTRIBUTE_BYTES = 50
"""Longest attribute name and value, in UTF-8 bytes."""
SLOTS = frozenset("0123456789")
"""Keys of an app's attribute names."""

_BAD_LENGTH, _UNDEFINED, _OFF, _NO_ACCOUNT = 90030, 90033, 90045, 90048


def im_get_attr(request: Request) -> Answer:
    """Read the attributes of accounts (vendor's page: intl/37169)."""
    _check_enabled(request)
    accounts = request.accounts()
    held = request.app.accounts
    unknown = [account for account in accounts if account not in held]
    if unknown and request.behavior.attr_unknown == "whole call":
        raise ApiError(_NO_ACCOUNT)
    if request.behavior.attr_unknown == "omitted":
        accounts = [account for account in accounts if account in held]
    attributes = {account: held[account].attributes if account in held else {} for account in accounts}
    return {"UserAttrs": [{"To_Account": account, "Attrs": attributes[account]} for account in accounts]}


def im_get_attr_name(request: Request) -> Answer:
    """Read the app's attribute names."""
    _check_enabled(request)
    return {"AttrNames": request.app.attribute_names}


def im_set_attr_name(request: Request) -> Answer:
    """Set some of the app's attribute names; the other slots keep theirs."""
    _check_enabled(request)
    names = request.body.get("AttrNames")
    if not isinstance(names, dict) or not names.keys() <= SLOTS:
        raise ApiError(request.family.bad)
    _check_texts(request, names)
    request.app.attribute_names.update(names)
    return {}


def im_set_attr(request: Request) -> Answer:
    """Set some attributes of accounts; the others keep their values."""
    _check_enabled(request)
    items = request.read_list(dict, "UserAttrs")
    request.check_accounts(item.get("To_Account") for item in items)
    request.check_size(items)
    defined = set(request.app.attribute_names.values())
    for item in items:
        attributes = item.get("Attrs")
        if not isinstance(attributes, dict):
            raise ApiError(request.family.bad)
        if not attributes.keys() <= defined:
            raise ApiError(_UNDEFINED)
        _check_texts(request, attributes)
        if item["To_Account"] not in request.app.accounts:
            raise ApiError(_NO_ACCOUNT)
    for item in items:
        request.app.accounts[item["To_Account"]].attributes.update(item["Attrs"])
    return {}


def _check_enabled(request: Request) -> None:
    if not request.behavior.attr_enabled:
        raise ApiError(_OFF)


def _check_texts(request: Request, texts: dict[str, Any]) -> None:
    if not all(isinstance(text, str) for text in texts.values()):
        raise ApiError(request.family.bad)
    if not all(0 < len(text.encode()) <= ATTRIBUTE_BYTES for text in texts.values()):
        raise ApiError(_BAD_LENGTH)
