"""The kinds of lookup: one entry for each of the vendor's read calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from bot.core.fields import Domain
from bot.core.model import Deadline, Values
from bot.core.ports import IM
from bot.errors import IMError

Found: TypeAlias = Mapping[str, Values | IMError]
"""The answer to one call, by account; accounts that the vendor left out are missing."""


@dataclass(frozen=True, slots=True)
class Query:
    """The arguments of one call.

    Args:
        accounts: At most CALL_ACCOUNTS accounts.
        tags: The fields to read, by tag; empty for a kind without a domain.
        owner: The account whose list is read; empty for a kind without an owner.
        deadline: The time limit.
    """

    accounts: Sequence[str]
    tags: Sequence[str]
    owner: str
    deadline: Deadline


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LookupKind:
    """One kind of lookup.

    Args:
        word: The command's word, also used by the record, the form and file names.
        metric: The value of the label `command` in metrics.
        read: The call.
        domain: The domain of its fields; None if the app defines their names.
        has_owner: Whether its first account is the owner of the list that is read.
        fields_example: Two field names for the usage line; empty if it takes no --fields.
        examples: Texts to paste after the slash command's name.
        summary: The sentence in help.
        choice: The label in the form.
        noun: The plural noun of its results.
        title: Its name in the first line of an answer; empty if the headline has it.
        headline: The count in that line, of `found`, `asked`, `are` (is, are) and `owner`.
        one_way: Whether it reads one direction only, so that --both has a meaning.
    """

    word: str
    metric: str
    read: Callable[[IM, Query], Found]
    domain: Domain | None
    has_owner: bool
    fields_example: str
    examples: tuple[str, ...]
    summary: str
    choice: str
    noun: str
    title: str
    headline: str = "{found:,} of {asked:,} found"
    one_way: bool = False

    def __repr__(self) -> str:
        return f"<LookupKind {self.word}>"

    @property
    def usage(self) -> str:
        """The rest of the usage line."""
        accounts = "<owner> <id>…" if self.has_owner else "<id>…"
        both = " [--both]" if self.one_way else ""
        fields = f" [--fields {self.fields_example}]" if self.fields_example else ""
        return f"{accounts}{both}{fields} [--app NAME] [--csv] [--share]"

    @property
    def options(self) -> Mapping[str, bool]:
        """The options it takes; True for an option with a value."""
        fields = {"--fields": True} if self.fields_example else {}
        both = {"--both": False} if self.one_way else {}
        return {**both, **fields, "--app": True, "--csv": False, "--share": False}

    @property
    def column(self) -> str:
        """The noun for one of its columns."""
        return "field" if self.domain else "attribute"


PROFILES = LookupKind(
    word="profile",
    metric="ShowProfiles",
    read=lambda im, query: im.get_profiles(query.accounts, query.tags, query.deadline),
    domain=Domain.PROFILE,
    has_owner=False,
    fields_example="nick,level",
    examples=(
        "profile alice",
        "profile alice, bob_k --fields nick,level",
        "profile alice --share",
        "profile alice bob_k --csv",
    ),
    summary="Look up profiles.",
    choice="Profiles",
    noun="profiles",
    title="profile",
)
FRIENDS = LookupKind(
    word="friends",
    metric="ShowFriends",
    read=lambda im, query: im.get_friends(query.owner, query.accounts, query.tags, query.deadline),
    domain=Domain.FRIEND,
    has_owner=True,
    fields_example="remark,nick",
    examples=(
        "friends alice bob_k",
        "friends alice bob_k --both",
        "friends alice bob_k carol --fields remark,groups",
    ),
    summary="Look up accounts in one account's friend list, or with --both in each other's.",
    choice="Friends: is each in the owner's friend list?",
    noun="friends",
    title="",
    headline="{found:,} of {asked:,} {are} in {owner}'s friend list",
    one_way=True,
)
ATTRIBUTES = LookupKind(
    word="attrs",
    metric="ShowAttributes",
    read=lambda im, query: im.get_attributes(query.accounts, query.deadline),
    domain=None,
    has_owner=False,
    fields_example="",
    examples=("attrs alice bob_k",),
    summary="Look up the attributes that your app set on accounts.",
    choice="Attributes",
    noun="attributes",
    title="attributes",
)

LOOKUP_KINDS: Mapping[str, LookupKind] = MappingProxyType(
    {kind.word: kind for kind in (PROFILES, FRIENDS, ATTRIBUTES)}
)
"""Every kind by its word, in the order of help and of the form."""
