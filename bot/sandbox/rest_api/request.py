"""An authenticated request, and the parsing and building that services share."""

import random
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.core.fields import Field
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import HostedApp
from bot.sandbox.rest_api.codes import ApiError, Family, item_info
from bot.sandbox.rest_api.values import defaults

Answer: TypeAlias = dict[str, Any]
"""A response, with or without its envelope."""

USERID_BYTES = 32
"""Longest UserID, in UTF-8 bytes."""

_NOT_A_STRING = 60015
_CHARSETS = {
    "any": re.compile(r"(?s:.+)"),
    "printable": re.compile(r"[ -~]+"),
    "word": re.compile(r"[\w-]+", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Write:
    """A write of portrait_set; `time` is in monotonic seconds."""

    time: float
    account: str
    items: dict[str, str | int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """An authenticated request.

    Args:
        app: The app it is for.
        body: The JSON object.
        family: Codes of the service.
        behavior: Behavior of the sandbox.
        writes: Log of profile writes.
    """

    app: HostedApp
    body: dict[str, Any] = field(repr=False)
    family: Family
    behavior: Behavior
    writes: deque[Write] = field(repr=False)

    def account(self, key: str) -> str:
        """Read the account under a key."""
        if key not in self.body:
            raise ApiError(self.family.bad)
        account: str = self.body[key]
        self.check_accounts([account])
        return account

    def accounts(self, key: str = "To_Account") -> list[str]:
        """Read the account list under a key, in response order."""
        accounts = self.read_list(object, key)
        self.check_accounts(accounts)
        self.check_size(accounts)
        return self.arrange(accounts)

    def arrange(self, accounts: Iterable[str]) -> list[str]:
        """Put accounts in response order, without duplicates if so configured."""
        arranged = list(dict.fromkeys(accounts) if self.behavior.duplicates == "once" else accounts)
        if self.behavior.order == "shuffled":
            random.shuffle(arranged)
        return arranged

    def read_list(self, kind: type, key: str) -> list[Any]:
        """Read the list of `kind` under a key; empty when missing."""
        values = self.body.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
            raise ApiError(self.family.bad)
        return values

    def check_accounts(self, accounts: Iterable[Any]) -> None:
        """Reject invalid UserIDs."""
        charset = _CHARSETS[self.behavior.userid_charset]
        for account in accounts:
            if not isinstance(account, str):
                raise ApiError(_NOT_A_STRING)
            if len(account.encode()) > USERID_BYTES or not charset.fullmatch(account):
                raise ApiError(self.family.bad)

    def check_size(self, accounts: Sequence[Any]) -> None:
        """Reject an empty or too long account list."""
        if not accounts:
            raise ApiError(self.family.no_list)
        if 0 < self.behavior.max_users < len(accounts):
            raise ApiError(self.family.too_many)

    def tags(self) -> list[str]:
        """Read TagList without duplicates."""
        tags = self.read_list(str, "TagList")
        if not tags and self.behavior.empty_list == "refuse":
            raise ApiError(self.family.bad)
        return list(dict.fromkeys(tags))

    def fields(self, tags: Iterable[str], find: Callable[[str], Field | int]) -> tuple[list[Field], int]:
        """Find the fields of tags, and the error code of each account if a tag is invalid, else 0."""
        found = [find(tag) for tag in tags]
        fields = [field for field in found if isinstance(field, Field)]
        bad = next((code for code in found if isinstance(code, int)), 0)
        if bad and self.behavior.bad_tag == "whole call":
            raise ApiError(bad)
        return fields, bad if self.behavior.bad_tag == "per user" else 0

    def items(self, values: Mapping[str, Any], fields: Iterable[Field]) -> list[Answer]:
        """Build Tag and Value items for the fields that are set."""
        behavior = self.behavior
        if behavior.unset_tag == "default":
            values = {**defaults(fields), **values}
        items = [{"Tag": field.tag, "Value": values[field.tag]} for field in fields if field.tag in values]
        if behavior.answer_int_strings:
            items = [
                {**item, "Value": str(item["Value"])} if isinstance(item["Value"], int) else item
                for item in items
            ]
        if behavior.order == "shuffled":
            random.shuffle(items)
        return items

    def build_list(self, key: str, results: Sequence[Answer]) -> Answer:
        """Build a response of account results, with the failed accounts in Fail_Account."""
        failed = [result["To_Account"] for result in results if result["ResultCode"]]
        if not failed:
            return {key: results}
        answer: Answer = {key: results, "Fail_Account": failed}
        if self.behavior.all_failed == "FAIL" and len(failed) == len(results):
            raise ApiError(results[0]["ResultCode"], answer)
        return answer

    def result(self, account: str, key: str, items: list[Answer]) -> Answer:
        """Build the result of an account."""
        if not items and self.behavior.empty_profile == "absent":
            return {"To_Account": account, "ResultCode": 0, "ResultInfo": ""}
        return {"To_Account": account, key: items, "ResultCode": 0, "ResultInfo": ""}

    def failure_code(self, account: str) -> int:
        """Return the code with which this service always fails for an account; 0 for none."""
        held = self.app.accounts.get(account)
        return held.fails if held and self.family.owns(held.fails) else 0


def failure(account: str, code: int) -> Answer:
    """Build the result of a failed account."""
    return {"To_Account": account, "ResultCode": code, "ResultInfo": item_info(code)}
