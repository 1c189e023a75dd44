"""Reads the submissions of the lookup modal."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.core.commands import LookupCommand, make_lookup
from bot.core.fields import FRIEND_FIELDS, Domain, Field, offered
from bot.core.lookups.kinds import LOOKUP_KINDS, PROFILES, LookupKind
from bot.core.model import App
from bot.core.parsing.command_line import Apps, check_accounts, read_accounts
from bot.errors import UsageError
from bot.slack.api.shared_files import SharedFile, read_files
from bot.slack.messages.text import unescape
from bot.slack.modals.errors import FormError, in_words
from bot.slack.modals.file_lookup import COLUMN
from bot.slack.modals.inputs import read_input, read_options
from bot.slack.modals.lookup import FIELDS, FILE, FOUND, IDS, KIND, OWNER
from bot.slack.modals.profile import read_app

T = TypeVar("T")


def read_lookup(view: Mapping[str, Any], apps: Apps) -> LookupCommand:
    """Read a submitted lookup form; without accounts if it has a file of ids.

    Raises:
        FormError: An input is not valid.
    """
    file, values = find_file(view), view["state"]["values"]
    return _read(view, apps, IDS, lambda: _no_ids(values) if file else _accounts(values))


def read_file_lookup(view: Mapping[str, Any], apps: Apps) -> tuple[LookupCommand, str]:
    """Read the submitted form of a file: the lookup, without accounts, and the column of the ids.

    Raises:
        FormError: An input is not valid.
    """
    command = _read(view, apps, COLUMN, lambda: ())
    return command, read_input(view["state"]["values"], COLUMN) or ""


def find_file(view: Mapping[str, Any]) -> SharedFile | None:
    """Find the file in a submitted lookup form; None if there is none."""
    inputs: Mapping[str, Any] = view["state"]["values"].get(FILE) or {}
    return next((file for held in inputs.values() for file in read_files(held)), None)


def _read(
    view: Mapping[str, Any], apps: Apps, first: str, read_ids: Callable[[], tuple[str, ...]]
) -> LookupCommand:
    values = view["state"]["values"]
    app = read_app(view, apps)
    kind = read_kind(values)
    mistakes: dict[str, str] = {}

    def take(block_id: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except UsageError as error:
            mistakes[block_id] = in_words(error)
            return otherwise

    accounts: tuple[str, ...] = take(first, read_ids, ())
    # Slack refuses a mistake at an input that is not there.
    owner = take(OWNER if OWNER in values else KIND, lambda: _owner(values, kind), "")
    chosen: tuple[Field, ...] = take(FIELDS, lambda: _fields(values, kind, app), ())
    if mistakes:
        raise FormError(view, mistakes)
    return make_lookup(kind, app, accounts, chosen, owner=owner)


def read_kind(values: Mapping[str, Any]) -> LookupKind:
    """Read the chosen kind of lookup from a view's `state.values`."""
    return LOOKUP_KINDS.get(read_input(values, KIND) or "", PROFILES)


def _no_ids(values: Mapping[str, Any]) -> tuple[str, ...]:
    if (read_input(values, IDS) or "").strip():
        raise UsageError("there are ids here, and a file", advice="Keep one of them, and remove the other")
    return ()


def _accounts(values: Mapping[str, Any]) -> tuple[str, ...]:
    return check_accounts(
        [*read_accounts(unescape(read_input(values, IDS) or "")), *read_options(values, FOUND)]
    )


def _owner(values: Mapping[str, Any], kind: LookupKind) -> str:
    if not kind.has_owner:
        return ""
    owners = read_accounts(unescape(read_input(values, OWNER) or ""))
    if len(owners) != 1:
        raise UsageError(
            "a friend list has one owner", advice="Enter one account id; quote an id that contains a space"
        )
    return owners[0]


def _fields(values: Mapping[str, Any], kind: LookupKind, app: App) -> tuple[Field, ...]:
    tags = read_options(values, FIELDS)
    if tags and not kind.fields_example:
        raise UsageError(f"{kind.noun} are always shown in full", advice="Leave this empty")
    known = {field.tag: field for field in (offered(kind.domain, app.custom) if kind.domain else ())}
    if strange := [tag for tag in tags if tag not in known]:
        labels = {field.tag: field.label for field in FRIEND_FIELDS}
        names = ", ".join(labels.get(tag, tag) for tag in strange)
        whose = "a friend" if kind.domain is Domain.FRIEND else "a profile"
        raise UsageError(f"{whose} in {app.name} has no field {names}")
    return tuple(field for tag, field in known.items() if tag in tags)
