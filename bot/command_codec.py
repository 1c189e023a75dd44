"""Lookup commands as JSON, to be read by other processes and versions of the bot."""

from collections.abc import Mapping, Sequence

import msgspec

from bot.core.commands import LookupCommand
from bot.core.fields import Domain, Field, find_by_tag
from bot.core.lookups.kinds import LOOKUP_KINDS
from bot.core.model import App


class SavedCommand(msgspec.Struct, omit_defaults=True):
    """A lookup command; its kind, app and fields by their words, names and tags."""

    kind: str
    app: str
    accounts: tuple[str, ...]
    fields: tuple[str, ...] = ()
    owner: str = ""
    both: bool = False
    named: bool = False
    csv: bool = False
    share: bool = False


def pack_command(command: LookupCommand) -> SavedCommand:
    """Turn a command into what is saved."""
    return SavedCommand(
        command.kind.word,
        command.app.name,
        command.accounts,
        tuple(field.tag for field in command.fields),
        command.owner,
        command.both,
        command.named,
        command.csv,
        command.share,
    )


def unpack_command(saved: SavedCommand, apps: Mapping[str, App]) -> LookupCommand:
    """Turn what was saved into a command; what is no field any more is left out.

    Raises:
        LookupError: Its app is no longer configured, or none of its fields is one.
    """
    kind, app = LOOKUP_KINDS[saved.kind], apps[saved.app]
    return LookupCommand(
        kind,
        app,
        saved.accounts,
        find_fields(kind.domain, app, saved.fields) if kind.domain else (),
        owner=saved.owner,
        both=saved.both,
        named=saved.named,
        csv=saved.csv,
        share=saved.share,
    )


def find_fields(domain: Domain, app: App, tags: Sequence[str]) -> tuple[Field, ...]:
    """Find fields by their tags; what is no field any more is left out.

    Raises:
        LookupError: None is a field.
    """
    found = tuple(filter(None, (find_by_tag(tag, domain, app.custom) for tag in tags)))
    if tags and not found:
        raise LookupError
    return found
