"""The commands: what each asks for, how it is typed, who may, and what help says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from bot.core.fields import Field
from bot.core.model import App, Role, Value


@dataclass(frozen=True, slots=True)
class ShowProfiles:
    """Look up profiles."""

    app: App
    accounts: tuple[str, ...]
    fields: tuple[Field, ...]
    named: bool = False
    csv: bool = False
    share: bool = False


@dataclass(frozen=True, slots=True)
class ShowFriends:
    """Look up what one account's friend list says of others; one direction only."""

    app: App
    owner: str
    accounts: tuple[str, ...]
    fields: tuple[Field, ...]
    named: bool = False
    csv: bool = False
    share: bool = False


@dataclass(frozen=True, slots=True)
class ShowAttributes:
    """Look up the attributes your app gave to accounts."""

    app: App
    accounts: tuple[str, ...]
    csv: bool = False
    share: bool = False


@dataclass(frozen=True, slots=True)
class SetFields:
    """Change fields of one account's profile, after a preview and your confirmation."""

    app: App
    account: str
    values: Mapping[Field, Value]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EditProfile:
    """Open a form with one account's current values."""

    app: App
    account: str


@dataclass(frozen=True, slots=True)
class UndoChange:
    """Put back what a change replaced, after a preview and your confirmation."""

    change_id: str


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """See who looked at or changed one account, the newest first."""

    app: App
    account: str
    before: int | None = None
    newer: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class ShowStart:
    """See what you can do here, and the accounts you asked about lately."""


@dataclass(frozen=True, slots=True)
class ShowRole:
    """See your role, where it comes from, and who can give you more."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """See the commands you may run; with a command's name, examples of it."""

    topic: str | None = None


LookupCommand: TypeAlias = ShowProfiles | ShowFriends | ShowAttributes
"""A command that asks the vendor about accounts; its `named` says whether --fields chose the fields."""
ChangeCommand: TypeAlias = SetFields | EditProfile | UndoChange
"""A command that leads to a change, or to the form for one."""
Command: TypeAlias = LookupCommand | ChangeCommand | ShowHistory | ShowStart | ShowRole | ShowHelp
"""Anything the slash command can be asked to do."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How one command is typed and who may run it.

    Args:
        word: The first word of the text.
        makes: The command it becomes; that class's docstring is the help text.
        usage: The rest of the usage line.
        needs: The role it takes; None is open to everybody, refused people included.
        options: The options it takes; True for one that has a value.
        examples: Texts that can be pasted after the slash command's name.
    """

    word: str
    makes: type[Command]
    usage: str = ""
    needs: Role | None = Role.VIEWER
    options: Mapping[str, bool] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The usage line, without the slash command's name."""
        return f"{self.word} {self.usage}".rstrip()

    @property
    def summary(self) -> str:
        """What the command does, in one sentence."""
        return (self.makes.__doc__ or "").strip()


_WITH_FIELDS = {"--fields": True, "--app": True, "--csv": False, "--share": False}
_PLAIN = {"--app": True, "--csv": False, "--share": False}

SPECS: Mapping[str, Spec] = MappingProxyType(
    {
        spec.word: spec
        for spec in (
            Spec(
                "profile",
                ShowProfiles,
                "<id>… [--fields nick,level] [--app NAME] [--csv] [--share]",
                options=_WITH_FIELDS,
                examples=(
                    "profile alice",
                    "profile alice, bob_k --fields nick,level",
                    "profile alice --share",
                    "profile alice bob_k --csv",
                ),
            ),
            Spec(
                "friends",
                ShowFriends,
                "<owner> <id>… [--fields remark,nick] [--app NAME] [--csv] [--share]",
                options=_WITH_FIELDS,
                examples=("friends alice bob_k", "friends alice bob_k carol --fields remark,groups"),
            ),
            Spec(
                "attrs",
                ShowAttributes,
                "<id>… [--app NAME] [--csv] [--share]",
                options=_PLAIN,
                examples=("attrs alice bob_k",),
            ),
            Spec(
                "set",
                SetFields,
                '<id> field=value… [--app NAME] [--reason "…"]',
                needs=Role.EDITOR,
                options={"--app": True, "--reason": True},
                examples=(
                    "set alice level=3",
                    'set bob_k nick="Bob K" forbid=allowed --reason "spam nickname, ticket 4711"',
                    "set bob_k birthday=1990-04-19 signature=",
                    "set alice",
                ),
            ),
            Spec("undo", UndoChange, "<change>", needs=Role.EDITOR, examples=("undo op_k3v9q2m7xw4d",)),
            Spec(
                "history",
                ShowHistory,
                "<id> [--app NAME]",
                options={"--app": True},
                examples=("history alice",),
            ),
            Spec("whoami", ShowRole, needs=None, examples=("whoami",)),
            Spec("help", ShowHelp, "[command]", needs=None, examples=("help", "help profile")),
        )
    }
)
"""Every command by its word, in the order help lists them."""
WORDS: Mapping[type[Command], str] = MappingProxyType({spec.makes: spec.word for spec in SPECS.values()})
"""The word of every command."""
