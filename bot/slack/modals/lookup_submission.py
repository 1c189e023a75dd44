"""From what was filled in to look something up to the command for it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.core.commands import LookupCommand, ShowAttributes, ShowFriends, ShowProfiles
from bot.core.fields import FRIEND_FIELDS, Domain, Field, defaults, offered
from bot.core.model import App
from bot.core.parsing.command_line import Apps, check_accounts, read_accounts
from bot.errors import UsageError
from bot.slack.delivery.forms import FormError, in_words
from bot.slack.messages.text import unescape
from bot.slack.modals.inputs import INPUT, read_input
from bot.slack.modals.lookup import FIELDS, FOUND, IDS, KIND, OWNER
from bot.slack.modals.profile import APP

T = TypeVar("T")


def read_lookup(view: Mapping[str, Any], apps: Apps) -> LookupCommand:
    """Read what somebody wants to look up.

    Raises:
        FormError: Something in it cannot be taken.
    """
    values = view["state"]["values"]
    app = apps.find(read_input(values, APP) or None)
    kind = read_input(values, KIND) or "profile"
    mistakes: dict[str, str] = {}

    def take(block_id: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except UsageError as error:
            mistakes[block_id] = in_words(error)
            return otherwise

    accounts: tuple[str, ...] = take(IDS, lambda: _accounts(values), ())
    owner = take(OWNER, lambda: _owner(values, kind), "")
    chosen: tuple[Field, ...] = take(FIELDS, lambda: _fields(values, kind, app), ())
    if mistakes:
        raise FormError(view, mistakes)
    match kind:
        case "friends":
            fields = chosen or defaults(Domain.FRIEND, app.custom)
            return ShowFriends(app, owner, accounts, fields, named=bool(chosen))
        case "attrs":
            return ShowAttributes(app, accounts)
        case _:
            fields = chosen or defaults(Domain.PROFILE, app.custom)
            return ShowProfiles(app, accounts, fields, named=bool(chosen))


def _accounts(values: Mapping[str, Any]) -> tuple[str, ...]:
    ticked = [
        account for block_id in values if block_id.startswith(FOUND) for account in _chosen(values, block_id)
    ]
    return check_accounts([*ticked, *read_accounts(unescape(read_input(values, IDS) or ""))])


def _owner(values: Mapping[str, Any], kind: str) -> str:
    owners = read_accounts(unescape(read_input(values, OWNER) or ""))
    if kind != "friends":
        if owners:
            raise UsageError("only a friend list has an owner", advice="Choose friends, or leave this empty")
        return ""
    if len(owners) != 1:
        raise UsageError(
            "a friend list has one owner", advice="Say whose it is; an id with a blank is quoted"
        )
    return owners[0]


def _fields(values: Mapping[str, Any], kind: str, app: App) -> tuple[Field, ...]:
    tags = _chosen(values, FIELDS)
    if kind == "attrs" and tags:
        raise UsageError("attributes are always shown all", advice="Leave this empty")
    domain = Domain.FRIEND if kind == "friends" else Domain.PROFILE
    known = {field.tag: field for field in offered(domain, app.custom)}
    if strange := [tag for tag in tags if tag not in known]:
        labels = {field.tag: field.label for field in FRIEND_FIELDS}
        names = ", ".join(labels.get(tag, tag) for tag in strange)
        whose = "a friend" if domain is Domain.FRIEND else "a profile"
        raise UsageError(f"{whose} in {app.name} has no field {names}")
    return tuple(field for tag, field in known.items() if tag in tags)


def _chosen(values: Mapping[str, Any], block_id: str) -> list[str]:
    held = (values.get(block_id) or {}).get(INPUT) or {}
    return [str(option["value"]) for option in held.get("selected_options") or ()]
