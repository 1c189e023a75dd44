"""The profile and friend fields: names, labels, vendor's tags, kinds and limits."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.core.parsing.usage_errors import ErrorCollector, nearest, quote
from bot.errors import UsageError

TEXT_BYTES = 500
"""The vendor's limit for a text or custom field, in bytes of UTF-8."""
CUSTOM_PROFILE = "Tag_Profile_Custom_"
"""The prefix of the tag of an app's own profile field."""
CUSTOM_FRIEND = "Tag_SNS_Custom_"
"""The prefix of the tag of an app's own friend field."""
MAX_UINT32 = 2**32 - 1
"""The largest value of a number field."""

_CUSTOM = re.compile(rf"({CUSTOM_PROFILE}|{CUSTOM_FRIEND})[A-Za-z]{{1,8}}")


class Kind(StrEnum):
    """The kind of a field's value."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    MUTED = "muted"
    TIME = "time"
    NAMES = "names"


class Domain(StrEnum):
    """The subject of a field: an account, or one account in another's friend list."""

    PROFILE = "profile"
    FRIEND = "friend"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a profile or of a friend entry.

    Args:
        word: The name that people type.
        label: The name that people read.
        tag: The vendor's name; case-sensitive.
        kind: The kind of its value.
        domain: The subject that it describes.
        max_bytes: The vendor's limit for text, in bytes of UTF-8.
        choices: For a choice: the vendor's value to our word, the empty meaning first.
        unset: The text for an empty value; empty if the vendor documents none.
        prefix: The vendor's prefix of each value, which is not shown.
        default: Whether a command without --fields reads it.
        brief: Whether a table of many accounts shows it.
        notable: The vendor's value that restricts the account, and so stands out; empty if none does.
    """

    word: str
    label: str
    tag: str
    kind: Kind = Kind.TEXT
    domain: Domain = Domain.PROFILE
    max_bytes: int = TEXT_BYTES
    choices: Mapping[str, str] = field(default_factory=dict, hash=False)
    unset: str = ""
    prefix: str = ""
    default: bool = True
    brief: bool = False
    notable: str = ""


_GENDERS = {"Gender_Type_Unknown": "not set", "Gender_Type_Female": "Female", "Gender_Type_Male": "Male"}
_ADD_RULES = {
    "AllowType_Type_NeedConfirm": "Needs confirmation",
    "AllowType_Type_AllowAny": "Anyone may add",
    "AllowType_Type_DenyAny": "Nobody may add",
}
_REQUESTS = {"AdminForbid_Type_None": "Allowed", "AdminForbid_Type_SendOut": "Blocked by admin"}

NICK = Field("nick", "Nickname", "Tag_Profile_IM_Nick", brief=True)
"""The nickname, by which people recognize an account."""

PROFILE_FIELDS: tuple[Field, ...] = (
    NICK,
    Field("gender", "Gender", "Tag_Profile_IM_Gender", Kind.CHOICE, choices=_GENDERS, unset="not set"),
    Field("birthday", "Birthday", "Tag_Profile_IM_BirthDay", Kind.DATE, unset="not set"),
    Field("location", "Location", "Tag_Profile_IM_Location", max_bytes=16),
    Field("allow", "Add-friend rule", "Tag_Profile_IM_AllowType", Kind.CHOICE, choices=_ADD_RULES),
    Field(
        "forbid",
        "Friend requests",
        "Tag_Profile_IM_AdminForbidType",
        Kind.CHOICE,
        choices=_REQUESTS,
        brief=True,
        notable="AdminForbid_Type_SendOut",
    ),
    Field("level", "Level", "Tag_Profile_IM_Level", Kind.NUMBER, brief=True),
    Field("role", "Role", "Tag_Profile_IM_Role", Kind.NUMBER),
    Field("language", "Language", "Tag_Profile_IM_Language", Kind.NUMBER),
    # Gone from the vendor's current table but alive in its SDKs: read only by name.
    Field("messages", "Messages", "Tag_Profile_IM_MsgSettings", Kind.MUTED, default=False),
    Field("signature", "Signature", "Tag_Profile_IM_SelfSignature"),
    Field("avatar", "Avatar", "Tag_Profile_IM_Image"),
)
"""The standard profile fields in reading order (vendor's page: Profile Fields, intl/33520)."""

FRIEND_FIELDS: tuple[Field, ...] = (
    Field("remark", "Remark", "Tag_SNS_IM_Remark", domain=Domain.FRIEND, max_bytes=96, brief=True),
    Field("groups", "Groups", "Tag_SNS_IM_Group", Kind.NAMES, Domain.FRIEND, max_bytes=30, brief=True),
    Field(
        "source",
        "Added from",
        "Tag_SNS_IM_AddSource",
        domain=Domain.FRIEND,
        max_bytes=23,
        prefix="AddSource_Type_",
        brief=True,
    ),
    Field("wording", "Request text", "Tag_SNS_IM_AddWording", domain=Domain.FRIEND, max_bytes=256),
    # Not in the vendor's table of friend fields, only in a sample: read only by name.
    Field("since", "Friends since", "Tag_SNS_IM_AddTime", Kind.TIME, Domain.FRIEND, default=False),
)
"""The standard friend fields in reading order (vendor's page: Friend Fields, intl/33521)."""

DEFAULT_WITH_FRIENDS = ("nick",)
"""The profile fields that a friends lookup shows beside the friend fields."""


def custom_field(keyword: str, label: str = "", *, prefix: str = CUSTOM_PROFILE) -> Field:
    """Make an app's own field from its keyword (ASCII letters, at most 8)."""
    domain = Domain.PROFILE if prefix == CUSTOM_PROFILE else Domain.FRIEND
    return Field(keyword, label or keyword, prefix + keyword, domain=domain, brief=True)


def offered(domain: Domain, custom: Sequence[Field]) -> tuple[Field, ...]:
    """List every field of a domain that a lookup can read, in reading order."""
    profile = (*PROFILE_FIELDS, *custom)
    match domain:
        case Domain.PROFILE:
            return profile
        case Domain.FRIEND:
            return (*FRIEND_FIELDS, *profile)


def defaults(domain: Domain, custom: Sequence[Field]) -> tuple[Field, ...]:
    """List the fields that a lookup reads by default."""
    match domain:
        case Domain.PROFILE:
            return tuple(field for field in offered(domain, custom) if field.default)
        case Domain.FRIEND:
            nick = (field for field in PROFILE_FIELDS if field.word in DEFAULT_WITH_FRIENDS)
            return (*nick, *(field for field in FRIEND_FIELDS if field.default))


def bare(name: str) -> str:
    """Normalize a name's spelling: no capitals, blanks, underscores or hyphens."""
    return re.sub(r"[\s_-]", "", name.casefold())


def spellings(custom: Sequence[Field], domain: Domain = Domain.PROFILE) -> dict[str, Field]:
    """Return the fields by their words and labels, in the spelling of `bare`.

    A word beats a label, and a standard field an app's own, which then only its tag names.
    """
    known = tuple(reversed(offered(domain, custom)))
    labels = {bare(field.label): field for field in known}
    return {**labels, **{bare(field.word): field for field in known}}


def named(names: Iterable[str], domain: Domain, custom: Sequence[Field]) -> tuple[Field, ...]:
    """Find fields by word, label, tag or an app's keyword, each once, in reading order.

    Raises:
        UsageError: Names that match no field, with suggestions, in one error.
    """
    known = offered(domain, custom)
    by_spelling = spellings(custom, domain)
    errors = ErrorCollector()
    found: dict[str, Field] = {}
    for name in names:
        if errors.is_full():
            break
        field = find_by_tag(name, domain, custom) or by_spelling.get(bare(name) or name)
        with errors.collect():
            if field is None:
                raise _unknown(name, by_spelling, known)
            found[field.tag] = field
    errors.raise_all()
    order = {field.tag: place for place, field in enumerate(known)}
    return tuple(sorted(found.values(), key=lambda field: order.get(field.tag, len(order))))


def find_by_tag(tag: str, domain: Domain, custom: Sequence[Field]) -> Field | None:
    """Find a field by its tag: one that is offered, or an app's own that is not configured."""
    if found := next((field for field in offered(domain, custom) if field.tag == tag), None):
        return found
    match = _CUSTOM.fullmatch(tag)
    if match is None or (match[1] == CUSTOM_FRIEND and domain is Domain.PROFILE):
        return None
    return custom_field(tag.removeprefix(match[1]), prefix=match[1])


def _unknown(name: str, by_spelling: Mapping[str, Field], known: Sequence[Field]) -> UsageError:
    near = nearest(bare(name), by_spelling)
    meant = f"Did you mean {_introduced(by_spelling[near])}?" if near else ""
    return UsageError(
        f"there is no field {quote(name)} here",
        advice=meant or f"Fields: {', '.join(field.word for field in known)}",
        correction=(name, by_spelling[near].word) if near else None,
    )


def _introduced(field: Field) -> str:
    return field.word if bare(field.label) == bare(field.word) else f"{field.word} ({field.label})"
