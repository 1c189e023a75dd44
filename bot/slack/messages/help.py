"""Help and roles: commands, settable fields, and the people who hold each role."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from slack_sdk.models.blocks import Block, RichTextElement, RichTextElementParts

from bot.core.commands import SetFields, Spec
from bot.core.fields import MAX_UINT32, Domain, Field, Kind, offered
from bot.core.ids import MAX_ACCOUNTS
from bot.core.model import App, Grantees, Role
from bot.core.parsing.presets import format_preset
from bot.core.parsing.values import choices, is_settable
from bot.core.results import Help, RoleReport, Withheld
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    bold,
    buttons,
    code,
    paragraph,
    plain_context,
    preformatted,
    table,
    words,
)
from bot.slack.messages.text import and_more
from bot.slack.messages.values import field_label

_MAX_NAMED = 20
_MAX_FIELDS = 90
_MAX_PRESETS = 40
"""The most fields in one table; Slack takes 100 rows."""
_GONE = (
    "Answers that only you see vanish when Slack reloads. The bot's Home tab keeps your latest lookups, and "
    "direct messages with it keep their answers."
)
SEND_A_FILE = "For more ids, send this bot a CSV or text file of them in a direct message."
"""The way to look up more ids than one command takes."""
_GRANTED = [words("The bot's operator grants roles.")]
_GROUP = re.compile(r"(?<=the user group )(S[A-Z0-9]+)")
_ROLES = {Role.VIEWER: "You are a viewer", Role.EDITOR: "You are an editor", None: "You have no role here"}


def show_role(report: RoleReport, trim: Truncator) -> Iterator[Block]:
    """Show a person's role and its source, the holders of each role, and the settings that grant them."""
    yield paragraph(role_line(report, trim))
    yield paragraph(
        [bold("Viewers"), words(" may look up: "), *list_grantees(report.viewers)],
        [bold("Editors"), words(" may look up and change: "), *list_grantees(report.editors)],
    )
    yield paragraph(_GRANTED)


def role_line(report: RoleReport, trim: Truncator) -> list[RichTextElement]:
    """Return a person's role, and the reason."""
    reason = trim(make_visible(f"{report.reason}."))
    mark = "." if reason[:1].isupper() else ":"
    before, group, after = [*_GROUP.split(reason, maxsplit=1), "", ""][:3]
    named = [RichTextElementParts.UserGroup(usergroup_id=group), words(after)] if group else []
    return [bold(f"{_ROLES[report.role]}{mark} "), *([words(before)] if before else []), *named]


def list_grantees(holders: Grantees) -> list[RichTextElement]:
    """Return the elements that name a role's grantees."""
    if holders.everyone:
        return [words("every full member of this workspace")]
    groups = [RichTextElementParts.UserGroup(usergroup_id=group) for group in sorted(holders.groups)]
    people = [RichTextElementParts.User(user_id=user_id) for user_id in sorted(holders.people)]
    named = [*groups, *people]
    if not named:
        return [words("nobody")]
    listed = list(chain.from_iterable((words(", "), holder) for holder in named[:_MAX_NAMED]))[1:]
    more = and_more(len(named) - _MAX_NAMED)
    return [*listed, words(f" {more}")] if more else listed


def show_help(help_: Help, command: str, trim: Truncator) -> Iterator[Block]:
    """Show one command with its fields and examples, every command, or an example of each group."""
    if help_.topic:
        kind = help_.topic.kind
        fields = (
            [_field_line(kind.domain, help_.apps)] if kind and kind.domain and kind.fields_example else []
        )
        yield paragraph(_usage_line(help_.topic, command), [words(help_.topic.summary)], *fields)
        if help_.topic.makes is SetFields:
            yield from _show_settable(help_.apps, trim)
            yield from _show_presets(help_.apps, trim)
            yield paragraph(
                [
                    words("Quote a value that contains a space. To clear a field, leave its value empty: "),
                    code("nick="),
                ]
            )
        yield preformatted([f"{command} {example}" for example in help_.topic.examples])
        return
    if help_.withheld:
        yield from _show_withheld(help_.withheld)
    yield from (_show_all if help_.full else _show_groups)(help_, command, trim)


def _show_groups(help_: Help, command: str, _: Truncator) -> Iterator[Block]:
    """Show an example of each group of commands, and a button to all of them."""
    groups: dict[str, list[Spec]] = {}
    for spec in help_.specs:
        groups.setdefault(spec.group, []).append(spec)
    rest = groups.pop("", [])
    for heading, (first, *others) in groups.items():
        also = f"  also {', '.join(spec.word for spec in others)}" if others else ""
        yield paragraph(
            [bold(heading)],
            [code(f"{command} {first.examples[0]}"), *([words(also)] if also else [])],
        )
    lines = [[code(f"{command} {spec.examples[-1]}"), words(f"  {spec.summary}")] for spec in rest]
    yield paragraph(*lines)
    yield buttons(Button("More", "all_commands", "help"))


def _show_all(help_: Help, command: str, trim: Truncator) -> Iterator[Block]:
    yield paragraph([bold("You may run")])
    for spec in help_.specs:
        yield paragraph(_usage_line(spec, command), [words(spec.summary)])
    if any("--app" in spec.options for spec in help_.specs):
        yield paragraph([bold("Apps"), *chain.from_iterable(_app_line(app, trim) for app in help_.apps)])
        limits = f"Up to {MAX_ACCOUNTS:,} ids per command, separated by spaces, commas or new lines."
        yield paragraph([words(limits)], [words(SEND_A_FILE)], [words(_GONE)])
    yield paragraph([words("Examples: "), code(f"{command} help {help_.specs[0].word}")])


def _show_withheld(withheld: Withheld) -> Iterator[Block]:
    """Show the role that a command needs, and its holders."""
    spec = withheld.spec
    yield paragraph(
        [bold(f"{spec.word} is for {spec.needs}s: "), *list_grantees(withheld.holders)],
        _GRANTED,
    )


def _usage_line(spec: Spec, command: str) -> list[RichTextElement]:
    return [code(f"{command} {spec.line}")]


def _app_line(app: App, trim: Truncator) -> list[RichTextElement]:
    return [words("  "), code(trim(app.name)), words(f" {app.region}")]


def _field_line(domain: Domain, apps: Sequence[App]) -> list[RichTextElement]:
    custom = dict.fromkeys(chain.from_iterable(app.custom for app in apps))
    names = ", ".join(field.word for field in offered(domain, tuple(custom)))
    return [bold("Fields  "), words(names)]


def _show_settable(apps: Iterable[App], trim: Truncator) -> Iterator[Block]:
    """Show the settable fields of all apps: name, label and values."""
    custom = dict.fromkeys(field for app in apps for field in app.custom)
    fields = [field for field in offered(Domain.PROFILE, tuple(custom)) if is_settable(field)]
    rows = [
        (field.word, field_label(field, trim), _ACCEPTS[field.kind](field)) for field in fields[:_MAX_FIELDS]
    ]
    yield table([("Type this", "Field", "Value"), *rows])
    if more := and_more(len(fields) - _MAX_FIELDS, "custom fields, which take text"):
        yield plain_context(more)


def _show_presets(apps: Iterable[App], trim: Truncator) -> Iterator[Block]:
    """Show the presets of each app, and the values they set."""
    room = _MAX_PRESETS
    for app in apps:
        lines = [
            [code(preset.name), words(f"  {trim(make_visible(format_preset(preset)))}")]
            for preset in app.presets[:room]
        ]
        if more := and_more(len(app.presets) - len(lines), "in the form"):
            lines.append([words(more)])
        if app.presets:
            yield paragraph([bold("Presets in "), code(app.name)], *lines)
        room = max(0, room - len(app.presets))


def _text(field: Field) -> str:
    return f"text, up to {field.max_bytes} bytes"


def _number(_: Field) -> str:
    return f"a whole number from 0 to {MAX_UINT32}"


def _date(_: Field) -> str:
    return "a date like 1990-04-19"


def _choice(field: Field) -> str:
    return ", ".join(choices(field))


_ACCEPTS: Mapping[Kind, Callable[[Field], str]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.MUTED: _choice,
}
