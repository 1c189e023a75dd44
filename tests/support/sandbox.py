"""A running sandbox, and a plain client of it."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import urlencode

import msgspec
import requests

from bot.core.fields import PROFILE_FIELDS
from bot.im import usersig
from bot.sandbox.data import ADMIN, Account, CustomField, HostedApp
from bot.sandbox.rest_api.calls import ENDPOINTS, command_name
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer

APP_ID = 1400000000
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
"""The sample key of the vendor's signing library."""
PATHS = {command_name(path): path for path in ENDPOINTS}


Query: TypeAlias = Mapping[str, Any]
Profiles: TypeAlias = Mapping[str, Mapping[str, str | int]]


def hosted(profiles: Profiles = MappingProxyType({}), app_id: int = APP_ID, key: str = KEY) -> HostedApp:
    """Make an app with the vendor's sample custom fields, and accounts with these profiles."""
    custom = {"Tag_Profile_Custom_Test": CustomField(), "Tag_SNS_Custom_Test": CustomField()}
    accounts = {account: Account(profile=dict(profile)) for account, profile in profiles.items()}
    return HostedApp(app_id, key, custom=custom, accounts=accounts)


class Caller:
    """Calls a sandbox as an admin of one app, without the bot's code except for the signature.

    Args:
        url: Its address; empty to call it within the process.
    """

    def __init__(self, sandbox: Sandbox, url: str = "", identifier: str = ADMIN) -> None:
        self.sandbox = sandbox
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        app = next(iter(sandbox.apps.values()))
        self.query: Query = {
            "sdkappid": app.app_id,
            "identifier": identifier,
            "usersig": usersig.sign(app.app_id, app.key, identifier, now=int(time.time()), lifetime=3600),
            "random": 1,
            "contenttype": "json",
        }

    def raw(self, command: str, data: bytes, **query: Any) -> dict[str, Any]:
        """Call with any body; `query` replaces values of the valid query, None leaves one out."""
        asked = {name: value for name, value in {**self.query, **query}.items() if value is not None}
        if self.url:
            return answer_of(self.send(command, data, asked).content)
        parts = "POST", PATHS[command], urlencode(asked), data
        return answer_of(msgspec.json.encode(self.sandbox.answer(*parts)))

    def send(self, command: str, data: bytes = b"{}", query: Query | None = None) -> requests.Response:
        """Call over HTTP; returns the response unread."""
        query = self.query if query is None else query
        return self.session.post(self.url + PATHS[command], params=query, data=data, timeout=30)

    def call(self, command: str, body: Any, **query: Any) -> dict[str, Any]:
        """Call with a JSON body."""
        return self.raw(command, json.dumps(body).encode(), **query)

    def code(self, command: str, body: Any, **query: Any) -> int:
        """Call; returns only the error code."""
        code: int = self.call(command, body, **query)["ErrorCode"]
        return code


def answer_of(content: bytes) -> dict[str, Any]:
    """Decode an answer."""
    answer: dict[str, Any] = json.loads(content)
    return answer


@contextmanager
def serving(sandbox: Sandbox) -> Iterator[Caller]:
    """Run a sandbox and call its first app over HTTP."""
    with BackgroundServer(WebApp(sandbox)) as server:
        caller = Caller(sandbox, server.url)
        with caller.session:
            yield caller


def crowd(size: int) -> HostedApp:
    """Make an app of accounts `u00000`, `u00001` … with eight fields each, 61 KB to the hundred."""
    profile: dict[str, str | int] = {
        "Tag_Profile_IM_Nick": "Nickname of somebody",
        "Tag_Profile_IM_Gender": "Gender_Type_Female",
        "Tag_Profile_IM_BirthDay": 19900419,
        "Tag_Profile_IM_Location": "Shenzhen",
        "Tag_Profile_IM_AllowType": "AllowType_Type_NeedConfirm",
        "Tag_Profile_IM_AdminForbidType": "AdminForbid_Type_None",
        "Tag_Profile_IM_Level": 7,
        "Tag_Profile_IM_SelfSignature": "on the road again, " * 6,
    }
    return hosted({f"u{number:05}": profile for number in range(size)})


CROWD_TAGS = tuple(
    field.tag for field in PROFILE_FIELDS if field.word not in {"role", "language", "messages", "avatar"}
)
"""The fields that every account of a crowd has."""
