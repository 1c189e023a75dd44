"""What the vendor answers, decoded as tolerantly as its pages and its history demand.

Unknown keys are ignored, among them the texts beside the codes: only codes mean anything. Digits may come
as text. What may be missing may be null as well.
"""

from collections.abc import Iterable
from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import field

from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS, Kind
from bot.core.model import Value, Values
from bot.errors import IMError, InvalidResponseError
from bot.im.codes import error_for

T = TypeVar("T")

_Nullable: TypeAlias = str | int | tuple[str, ...] | None
_Nothing: TypeAlias = Annotated[tuple[str, ...], msgspec.Meta(max_length=0)]

_STANDARD = (*PROFILE_FIELDS, *FRIEND_FIELDS)
_NUMERIC = {Kind.NUMBER, Kind.DATE, Kind.MUTED, Kind.TIME}
_NUMBERS = frozenset(known.tag for known in _STANDARD if known.kind in _NUMERIC)
_NAMES = frozenset(known.tag for known in _STANDARD if known.kind is Kind.NAMES)
_TYPED = _NUMBERS | _NAMES
_UINT64_DIGITS = 20


class Item(msgspec.Struct, gc=False):
    """One field of an account."""

    tag: str = field(name="Tag")
    value: _Nullable = field(name="Value", default=None)


class Profile(msgspec.Struct):
    """One account in an answer of portrait_get; without items when it failed."""

    account: str = field(name="To_Account")
    code: int = field(name="ResultCode", default=0)
    items: list[Item] | None = field(name="ProfileItem", default=None)

    def result(self) -> Values | IMError:
        """Give its fields by tag, or why there are none."""
        return error_for(self.code, account=True) if self.code else _values(self.items)


class Friend(msgspec.Struct):
    """One account in an answer of friend_get_list; without items when it failed."""

    account: str = field(name="To_Account")
    code: int = field(name="ResultCode", default=0)
    items: list[Item] | None = field(name="SnsProfileItem", default=None)

    def result(self) -> Values | IMError:
        """Give its fields by tag, or why there are none."""
        return error_for(self.code, account=True) if self.code else _values(self.items)


class Attributes(msgspec.Struct):
    """One account in an answer of im_get_attr."""

    account: str = field(name="To_Account")
    # An empty object that went through PHP comes out as an empty array.
    values: dict[str, _Nullable] | _Nothing | None = field(name="Attrs", default=None)

    def result(self) -> Values:
        """Give its attributes by name."""
        given = self.values if isinstance(self.values, dict) else {}
        return {name: value for name, value in given.items() if value is not None}


class ImportStatus(msgspec.Struct):
    """One account in an answer of account_check."""

    account: str = field(name="UserID")
    code: int = field(name="ResultCode", default=0)
    status: str | None = field(name="AccountStatus", default=None)

    def result(self) -> bool | IMError:
        """Tell whether it is imported, or why that is not known."""
        if self.code:
            return error_for(self.code, account=True)
        if self.status not in ("Imported", "NotImported"):
            return InvalidResponseError("the vendor did not say whether it is imported", advice="Try again")
        return self.status == "Imported"


class Answer(msgspec.Struct):
    """What every answer holds; the whole answer of portrait_set."""

    code: int = field(name="ErrorCode")


A = TypeVar("A", bound=Answer)


class Listing(Answer, Generic[T]):
    """An answer about each account, in any order; without the list when the call failed."""

    accounts: list[T] | None = None

    def __post_init__(self) -> None:
        if self.accounts is None and not self.code:
            raise ValueError("a success without its list")


class ProfilesAnswer(Listing[Profile]):
    """The answer of portrait_get."""

    accounts: list[Profile] | None = field(name="UserProfileItem", default=None)


class FriendsAnswer(Listing[Friend]):
    """The answer of friend_get_list."""

    accounts: list[Friend] | None = field(name="InfoItem", default=None)


class AttributesAnswer(Listing[Attributes]):
    """The answer of im_get_attr."""

    accounts: list[Attributes] | None = field(name="UserAttrs", default=None)


class CheckAnswer(Listing[ImportStatus]):
    """The answer of account_check."""

    accounts: list[ImportStatus] | None = field(name="ResultItem", default=None)


def decode(kind: type[A], body: bytes | bytearray) -> A:
    """Decode an answer.

    Raises:
        InvalidResponseError: It is not JSON, or not of the documented shape.
    """
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except UnicodeDecodeError:
        # A nickname cut within a character must not hide 99 others.
        return decode(kind, body.decode(errors="replace").encode())
    except msgspec.ValidationError:
        words = "the vendor's answer is not of the documented shape"
    except msgspec.DecodeError:
        words = "the vendor's answer is not JSON"
    raise InvalidResponseError(words, advice="Try again; if it stays so, tell an operator")


def _values(items: Iterable[Item] | None) -> Values:
    values = {item.tag: value for item in items or () if (value := item.value) is not None}
    # Called for each of thousands of accounts, so only what is text is looked at again.
    for tag in _TYPED.intersection(values):
        if isinstance(value := values[tag], str):
            values[tag] = _typed(tag, value)
    return values


def _typed(tag: str, text: str) -> Value:
    if tag in _NAMES:
        return (text,) if text else ()
    # isdigit alone is true of digits in any script.
    is_number = text.isascii() and text.isdigit() and len(text) <= _UINT64_DIGITS
    return int(text) if is_number else text
