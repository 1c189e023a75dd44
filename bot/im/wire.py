"""Decoding of the vendor's responses, as tolerant as its pages and its history demand.

Unknown keys are ignored, among them the texts beside the codes: only codes count. Numbers may come as
text. An optional value may be null as well.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Generic, TypeAlias, TypeVar, get_args

import msgspec
from msgspec import field

from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS, Kind
from bot.core.model import Value, Values
from bot.errors import IMError, InvalidResponseError
from bot.im.codes import error_for

T = TypeVar("T")

_Nullable: TypeAlias = str | int | tuple[str, ...] | None
_EmptyArray: TypeAlias = Annotated[tuple[str, ...], msgspec.Meta(max_length=0)]

_STANDARD = (*PROFILE_FIELDS, *FRIEND_FIELDS)
_NUMERIC = {Kind.NUMBER, Kind.DATE, Kind.MUTED, Kind.TIME}
_NUMBERS = frozenset(known.tag for known in _STANDARD if known.kind in _NUMERIC)
_NAMES = frozenset(known.tag for known in _STANDARD if known.kind is Kind.NAMES)
_TYPED = _NUMBERS | _NAMES
_UINT64_DIGITS = 20

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"{_HIGH}{_LOW}|({_HIGH}|{_LOW})|\\.")
"""One escape of JSON's text; the group is half of a character without its other half."""
_THE_ANSWER = "Tencent Chat's answer"
_WRONG_SHAPE = "not in the documented format"


class Item(msgspec.Struct, gc=False):
    """One field of an account."""

    tag: str = field(name="Tag")
    value: _Nullable = field(name="Value", default=None)


class Profile(msgspec.Struct, gc=False):
    """One account in a response of portrait_get; without items when it failed."""

    account: str = field(name="To_Account")
    code: int = field(name="ResultCode", default=0)
    items: list[Item] | None = field(name="ProfileItem", default=None)

    def result(self) -> Values | IMError:
        """Return its fields by tag, or its error."""
        return error_for(self.code, account=True) if self.code else _values(self.items)


class Friend(msgspec.Struct, gc=False):
    """One account in a response of friend_get_list; without items when it failed."""

    account: str = field(name="To_Account")
    code: int = field(name="ResultCode", default=0)
    items: list[Item] | None = field(name="SnsProfileItem", default=None)

    def result(self) -> Values | IMError:
        """Return its fields by tag, or its error."""
        return error_for(self.code, account=True) if self.code else _values(self.items)


class Attributes(msgspec.Struct, gc=False):
    """One account in a response of im_get_attr."""

    account: str = field(name="To_Account")
    # PHP turns an empty object into an empty array.
    values: dict[str, _Nullable] | _EmptyArray | None = field(name="Attrs", default=None)

    def result(self) -> Values:
        """Return its attributes by name."""
        given = self.values if isinstance(self.values, dict) else {}
        return {name: value for name, value in given.items() if value is not None}


class ImportStatus(msgspec.Struct, gc=False):
    """One account in a response of account_check."""

    account: str = field(name="UserID")
    code: int = field(name="ResultCode", default=0)
    status: str | None = field(name="AccountStatus", default=None)

    def result(self) -> bool | IMError:
        """Return whether it is imported, or its error."""
        if self.code:
            return error_for(self.code, account=True)
        if self.status not in ("Imported", "NotImported"):
            return InvalidResponseError("Tencent Chat did not say whether it is imported", advice="Try again")
        return self.status == "Imported"


class Response(msgspec.Struct):
    """The fields of every response; the whole response of portrait_set."""

    code: int = field(name="ErrorCode")


R = TypeVar("R", bound=Response)


class AccountsResponse(Response, Generic[T]):
    """A response with a list of accounts, in any order; without the list when the call failed."""

    accounts: list[T] | None = None

    def __post_init__(self) -> None:
        if self.accounts is None and not self.code:
            raise ValueError("a success without its list")


class ProfilesResponse(AccountsResponse[Profile]):
    """The response of portrait_get."""

    accounts: list[Profile] | None = field(name="UserProfileItem", default=None)


class FriendsResponse(AccountsResponse[Friend]):
    """The response of friend_get_list."""

    accounts: list[Friend] | None = field(name="InfoItem", default=None)


class AttributesResponse(AccountsResponse[Attributes]):
    """The response of im_get_attr."""

    accounts: list[Attributes] | None = field(name="UserAttrs", default=None)


class CheckResponse(AccountsResponse[ImportStatus]):
    """The response of account_check."""

    accounts: list[ImportStatus] | None = field(name="ResultItem", default=None)


# Made while loading: two threads that decode a type for the first time at once can crash the process.
for _kind in (Response, *AccountsResponse.__subclasses__()):
    msgspec.json.Decoder(_kind, strict=False)


class Unreadable(msgspec.Struct):
    """One account in a response, of which only the name can be read."""

    account: str

    def result(self) -> IMError:
        """Return the error that its values are not readable."""
        return _unreadable(f"{_THE_ANSWER} about this account is {_WRONG_SHAPE}")


def decode(kind: type[R], body: bytes | bytearray) -> R:
    """Decode a response; an unreadable account costs only itself.

    Raises:
        InvalidResponseError: It is not JSON, or not of the documented shape.
    """
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # Outside the handler: a library's error, whose text holds values, must not be the context of ours.
    try:
        return _decode_apart(kind, _repair(body))
    except (msgspec.ValidationError, RecursionError):
        words = f"{_THE_ANSWER} is {_WRONG_SHAPE}"
    except msgspec.DecodeError:
        words = f"{_THE_ANSWER} is not JSON"
    raise _unreadable(words)


def _unreadable(words: str) -> InvalidResponseError:
    return InvalidResponseError(words, advice="Try again; if that fails, tell the bot's operator")


def _repair(body: bytes | bytearray) -> str:
    """Replace cut characters by U+FFFD: within their bytes, or between two escapes."""
    return _ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], body.decode(errors="replace"))


def _decode_apart(kind: type[R], text: str) -> R:
    """Decode account by account.

    Raises:
        msgspec.DecodeError: Not even one account can be read.
    """
    try:
        return msgspec.json.decode(text, type=kind, strict=False)
    except msgspec.ValidationError as error:
        listed = next((field for field in msgspec.structs.fields(kind) if field.name == "accounts"), None)
        parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if listed is None or listed.encode_name not in parts:
            raise
        code = msgspec.json.decode(parts.get("ErrorCode", b"null"), type=int, strict=False)
        (each, *_), *_ = map(get_args, get_args(listed.type))
        accounts = [
            account
            for raw in msgspec.json.decode(parts[listed.encode_name], type=list[msgspec.Raw])
            if (account := _read_account(each, raw)) is not None
        ]
        if all(isinstance(account, Unreadable) for account in accounts):
            raise error from None
        return kind(code=code, accounts=accounts)  # type: ignore[call-arg]  # a listing, as it has accounts


def _read_account(kind: type[msgspec.Struct], raw: msgspec.Raw) -> msgspec.Struct | None:
    """Read one account; None when even its name is unreadable."""
    with suppress(msgspec.ValidationError):
        return msgspec.json.decode(raw, type=kind, strict=False)
    name = next(field.encode_name for field in msgspec.structs.fields(kind) if field.name == "account")
    with suppress(msgspec.ValidationError, KeyError):
        account = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])[name]
        return Unreadable(msgspec.json.decode(account, type=str))
    return None


def _values(items: Iterable[Item] | None) -> Values:
    values = {item.tag: value for item in items or () if (value := item.value) is not None}
    # Called for each of thousands of accounts, so only texts are converted.
    for tag in _TYPED.intersection(values):
        if isinstance(value := values[tag], str):
            values[tag] = _to_typed(tag, value)
    return values


def _to_typed(tag: str, text: str) -> Value:
    if tag in _NAMES:
        return (text,) if text else ()
    # isdigit alone accepts digits of any script.
    is_number = text.isascii() and text.isdigit() and len(text) <= _UINT64_DIGITS
    return int(text) if is_number else text
