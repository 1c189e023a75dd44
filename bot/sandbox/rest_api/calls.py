"""The table of REST endpoints, and the envelope of their responses."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.behavior import Behavior
from bot.sandbox.rest_api.accounts import account_check, account_import
from bot.sandbox.rest_api.attributes import im_get_attr, im_get_attr_name, im_set_attr, im_set_attr_name
from bot.sandbox.rest_api.codes import ACCOUNTS, ATTRIBUTES, FRIENDS, PROFILE, Family, info
from bot.sandbox.rest_api.friends import friend_get_list, friend_import
from bot.sandbox.rest_api.profiles import portrait_get, portrait_set
from bot.sandbox.rest_api.request import Answer, Request


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of the REST API.

    Args:
        serve: The handler.
        rate: Calls per second at most, for each app.
        family: Codes of its service.
        writes: Whether it changes data.
    """

    serve: Callable[[Request], Answer]
    rate: int
    family: Family
    writes: bool = False


ENDPOINTS: Mapping[str, Endpoint] = {
    "/v4/profile/portrait_get": Endpoint(portrait_get, 200, PROFILE),
    "/v4/profile/portrait_set": Endpoint(portrait_set, 200, PROFILE, writes=True),
    "/v4/sns/friend_get_list": Endpoint(friend_get_list, 200, FRIENDS),
    "/v4/sns/friend_import": Endpoint(friend_import, 100, FRIENDS, writes=True),
    "/v4/all_member_push/im_get_attr": Endpoint(im_get_attr, 100, ATTRIBUTES),
    "/v4/all_member_push/im_set_attr": Endpoint(im_set_attr, 100, ATTRIBUTES, writes=True),
    "/v4/all_member_push/im_get_attr_name": Endpoint(im_get_attr_name, 100, ATTRIBUTES),
    "/v4/all_member_push/im_set_attr_name": Endpoint(im_set_attr_name, 100, ATTRIBUTES, writes=True),
    "/v4/im_open_login_svc/account_check": Endpoint(account_check, 100, ACCOUNTS),
    "/v4/im_open_login_svc/account_import": Endpoint(account_import, 200, ACCOUNTS, writes=True),
}
"""Endpoints by path."""


def command_name(path: str) -> str:
    """Return the command at the end of a path."""
    return path.rpartition("/")[2]


def envelope(code: int, answer: Mapping[str, Any], family: Family, behavior: Behavior) -> Answer:
    """Wrap a response in the envelope of its service."""
    around = {
        "ActionStatus": "FAIL" if code else "OK",
        "ErrorCode": code,
        "ErrorInfo": info(code),
        "ErrorDisplay": "",
    }
    if not family.display:
        del around["ErrorDisplay"]
    if behavior.envelope == "no ErrorInfo":
        del around["ErrorInfo"]
    if behavior.envelope == "extra keys":
        answer = {"Fail_Account": [], "Invalid_Account": [], "RequestId": str(uuid.uuid4()), **answer}
    return {**answer, **around}
