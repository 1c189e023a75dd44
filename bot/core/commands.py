"""The commands: arguments, syntax, roles and help."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from bot.core.fields import Field, defaults
from bot.core.lookups.kinds import LOOKUP_KINDS, LookupKind
from bot.core.model import App, EntryKind, RecordQuery, Role, Value


@dataclass(frozen=True, slots=True)
class LookupCommand:
    """Look up accounts.

    Args:
        kind: The kind of lookup.
        app: The app.
        accounts: The accounts, each once.
        fields: The fields to read; empty for a kind without a domain.
        owner: The owner of the list to read; empty for a kind without an owner.
        both: Whether to read the accounts' own lists as well.
        named: Whether the actor chose the fields.
        csv: Whether the answer is a file.
        share: Whether the answer is posted to the channel.
    """

    kind: LookupKind
    app: App
    accounts: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    owner: str = ""
    both: bool = False
    named: bool = False
    csv: bool = False
    share: bool = False

    @property
    def wants_all(self) -> bool:
        """Whether to show every value, even if many accounts leave little room."""
        return self.named or self.kind.domain is None


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
    """Restore the values that a change replaced, after a preview and your confirmation."""

    change_id: str


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """See who looked up or changed one account, newest first."""

    app: App
    account: str
    before: int | None = None
    newer: tuple[int | None, ...] = ()
    kind: EntryKind | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """See the entries of a change, a number or a person, newest first."""

    query: RecordQuery
    before: int | None = None
    newer: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class AskSearch:
    """Open a form that searches the record."""


@dataclass(frozen=True, slots=True)
class ShowStart:
    """See what you can do here, and the accounts you looked up most recently."""


@dataclass(frozen=True, slots=True)
class ShowRole:
    """See your role, why you have it, and who holds each role."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """See the commands you may run, or one command with examples."""

    topic: str | None = None
    full: bool = False


ChangeCommand: TypeAlias = SetFields | EditProfile | UndoChange
"""A command that leads to a change, or to its form."""
Command: TypeAlias = (
    LookupCommand | ChangeCommand | ShowHistory | SearchRecord | AskSearch | ShowStart | ShowRole | ShowHelp
)
"""Any command."""


@dataclass(frozen=True, slots=True)
class Spec:
    """The syntax, role and help of one command.

    Args:
        word: The first word of the text.
        makes: The class of the command; its docstring is the help text, except for lookups.
        usage: The rest of the usage line.
        needs: The role it requires; None for none.
        options: The options it takes; True for an option with a value.
        examples: Texts to paste after the slash command's name.
        kind: The kind of a lookup; None for other commands.
        group: The heading that it stands under in help; empty if under none.
    """

    word: str
    makes: type[Command]
    usage: str = ""
    needs: Role | None = Role.VIEWER
    options: Mapping[str, bool] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    kind: LookupKind | None = None
    group: str = ""

    @property
    def line(self) -> str:
        """The usage line, without the slash command's name."""
        return f"{self.word} {self.usage}".rstrip()

    @property
    def summary(self) -> str:
        """The command in one sentence."""
        return self.kind.summary if self.kind else (self.makes.__doc__ or "").strip()


def make_lookup(
    kind: LookupKind,
    app: App,
    accounts: tuple[str, ...],
    chosen: tuple[Field, ...] = (),
    *,
    owner: str = "",
    both: bool = False,
    csv: bool = False,
    share: bool = False,
) -> LookupCommand:
    """Make a lookup of the chosen fields; without any, of its kind's defaults."""
    fields = chosen or (defaults(kind.domain, app.custom) if kind.domain else ())
    named = bool(chosen)
    return LookupCommand(
        kind, app, accounts, fields, owner=owner, both=both, named=named, csv=csv, share=share
    )


def _specify(kind: LookupKind) -> Spec:
    return Spec(
        kind.word,
        LookupCommand,
        kind.usage,
        options=kind.options,
        examples=kind.examples,
        kind=kind,
        group="Look up",
    )


SPECS: Mapping[str, Spec] = MappingProxyType(
    {
        spec.word: spec
        for spec in (
            *map(_specify, LOOKUP_KINDS.values()),
            Spec(
                "set",
                SetFields,
                '<id> field=value…|preset [--app NAME] [--reason "…"]',
                needs=Role.EDITOR,
                options={"--app": True, "--reason": True},
                examples=(
                    "set alice level=3",
                    'set bob_k nick="Bob K" forbid=allowed --reason "spam nickname, ticket 4711"',
                    "set bob_k birthday=1990-04-19 signature=",
                    "set alice",
                ),
                group="Change",
            ),
            Spec(
                "undo",
                UndoChange,
                "<change>",
                needs=Role.EDITOR,
                examples=("undo op_k3v9q2m7xw4d",),
                group="Change",
            ),
            Spec(
                "history",
                ShowHistory,
                "<id> [--fields nick,level] [--app NAME]",
                options={"--fields": True, "--app": True},
                examples=(
                    "history alice",
                    "history bob_k --fields nick",
                    "history op_k3v9q2m7xw4d",
                    "history #108",
                    "history",
                ),
                group="Record",
            ),
            Spec("whoami", ShowRole, needs=None, examples=("whoami",)),
            Spec("help", ShowHelp, "[command]", needs=None, examples=("help", "help profile")),
        )
    }
)
"""Every command by its word, in the order of help."""
WORDS: Mapping[type[Command], str] = MappingProxyType(
    {spec.makes: spec.word for spec in SPECS.values() if spec.kind is None}
)
"""The words of all commands but lookups, whose kinds have theirs."""

_METRICS: Mapping[type[Command], str] = {
    SetFields: "SetFields",
    EditProfile: "EditProfile",
    UndoChange: "UndoChange",
    ShowHistory: "ShowHistory",
    SearchRecord: "SearchRecord",
    AskSearch: "AskSearch",
    ShowStart: "ShowStart",
    ShowRole: "ShowRole",
    ShowHelp: "ShowHelp",
}


def metric_of(command: Command) -> str:
    """Return a command's value of the label `command` in metrics, on which dashboards rely."""
    return command.kind.metric if isinstance(command, LookupCommand) else _METRICS[type(command)]
