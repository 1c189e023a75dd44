"""One accepted request, and how the services read it: accounts, lists, fields; each refusal with its code."""

import random
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.core.fields import Field
from bot.sandbox.behavior import Behavior
from bot.sandbox.codes import ApiError, Family, item_info
from bot.sandbox.data import HostedApp
from bot.sandbox.values import defaults

Answer: TypeAlias = dict[str, Any]
"""What a service answers besides the envelope."""

USERID_BYTES = 32
"""The vendor's limit for a UserID."""

_NOT_A_STRING = 60015
_CHARSETS = {
    "any": re.compile(r"(?s:.+)"),
    "printable": re.compile(r"[ -~]+"),
    "word": re.compile(r"[\w-]+", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Write:
    """What one portrait_set wrote, and when (monotonic seconds)."""

    time: float
    account: str
    items: dict[str, str | int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that passed the gate.

    Args:
        app: Whom it is about.
        body: Its JSON object.
        family: The codes of the service that it asks.
        knobs: How to answer.
        writes: Where profile writes are noted.
    """

    app: HostedApp
    body: dict[str, Any] = field(repr=False)
    family: Family
    behavior: Behavior
    writes: deque[Write] = field(repr=False)

    def account(self, key: str) -> str:
        """Read the one account under a key."""
        if key not in self.body:
            raise ApiError(self.family.bad)
        account: str = self.body[key]
        self.check_accounts([account])
        return account

    def accounts(self, key: str = "To_Account") -> list[str]:
        """Read the list of accounts under a key, repeated and ordered as the knobs say."""
        accounts = self.read_list(object, key)
        self.check_accounts(accounts)
        self.check_size(accounts)
        return self.arrange(accounts)

    def arrange(self, accounts: Iterable[str]) -> list[str]:
        """Bring accounts into the order in which they are answered."""
        arranged = list(dict.fromkeys(accounts) if self.behavior.duplicates == "once" else accounts)
        if self.behavior.order == "shuffled":
            random.shuffle(arranged)
        return arranged

    def read_list(self, kind: type, key: str) -> list[Any]:
        """Read the list under a key, empty when missing, with nothing but this kind in it."""
        values = self.body.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
            raise ApiError(self.family.bad)
        return values

    def check_accounts(self, accounts: Iterable[Any]) -> None:
        """Refuse what cannot be a UserID."""
        charset = _CHARSETS[self.behavior.userid_charset]
        for account in accounts:
            if not isinstance(account, str):
                raise ApiError(_NOT_A_STRING)
            if len(account.encode()) > USERID_BYTES or not charset.fullmatch(account):
                raise ApiError(self.family.bad)

    def check_size(self, accounts: Sequence[Any]) -> None:
        """Refuse an empty and a too long list of accounts."""
        if not accounts:
            raise ApiError(self.family.no_list)
        if 0 < self.behavior.max_users < len(accounts):
            raise ApiError(self.family.too_many)

    def tags(self) -> list[str]:
        """Read TagList, each tag once."""
        tags = self.read_list(str, "TagList")
        if not tags and self.behavior.empty_list == "refuse":
            raise ApiError(self.family.bad)
        return list(dict.fromkeys(tags))

    def fields(self, tags: Iterable[str], find: Callable[[str], Field | int]) -> tuple[list[Field], int]:
        """Find the fields of tags, and the code that bad ones put on every account, if they do."""
        found = [find(tag) for tag in tags]
        fields = [field for field in found if isinstance(field, Field)]
        bad = next((code for code in found if isinstance(code, int)), 0)
        if bad and self.behavior.bad_tag == "whole call":
            raise ApiError(bad)
        return fields, bad if self.behavior.bad_tag == "per user" else 0

    def items(self, values: Mapping[str, Any], fields: Iterable[Field]) -> list[Answer]:
        """Pair the fields that are set with their values, as the answer has them."""
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
        """Put the results of accounts together, with those that failed named once more."""
        failed = [result["To_Account"] for result in results if result["ResultCode"]]
        if not failed:
            return {key: results}
        answer: Answer = {key: results, "Fail_Account": failed}
        if self.behavior.all_failed == "FAIL" and len(failed) == len(results):
            raise ApiError(results[0]["ResultCode"], answer)
        return answer

    def result(self, account: str, key: str, items: list[Answer]) -> Answer:
        """Answer for an account that was found."""
        if not items and self.behavior.empty_profile == "absent":
            return {"To_Account": account, "ResultCode": 0, "ResultInfo": ""}
        return {"To_Account": account, key: items, "ResultCode": 0, "ResultInfo": ""}

    def failure_code(self, account: str) -> int:
        """Tell the code with which this service always fails for an account; 0 for none."""
        held = self.app.accounts.get(account)
        return held.fails if held and self.family.owns(held.fails) else 0


def failure(account: str, code: int) -> Answer:
    """Answer for an account that failed."""
    return {"To_Account": account, "ResultCode": code, "ResultInfo": item_info(code)}
