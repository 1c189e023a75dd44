"""What the sandbox's apps hold, in memory and as a file of one's own."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec

from bot.core.fields import CUSTOM_FRIEND, CUSTOM_PROFILE

ADMIN = "administrator"
"""The admin account that every new app of the vendor has."""

_CUSTOM_TAG = re.compile(rf"({CUSTOM_PROFILE}|{CUSTOM_FRIEND})[A-Za-z]{{1,8}}")

FriendEntry: TypeAlias = dict[str, str | int | list[str]]
"""What one account's friend list says of one friend: values by tag."""


class DataFileError(ValueError):
    """The data file cannot be read, is not one, or cannot be written; the text says which and why."""


@dataclass(slots=True)
class CustomField:
    """An app's own field, as it is set up in the vendor's console."""

    readable: bool = True
    writable: bool = True


@dataclass(slots=True)
class Account:
    """One imported account.

    Args:
        profile: Values by tag.
        friends: Its friend list, by account; being in it is not mutual.
        attributes: Values by attribute name.
        fails: A code that the calls of its service answer for this account, always; 0 for none.
    """

    profile: dict[str, str | int] = field(default_factory=dict, repr=False)
    friends: dict[str, FriendEntry] = field(default_factory=dict, repr=False)
    attributes: dict[str, str] = field(default_factory=dict, repr=False)
    fails: int = 0


@dataclass(slots=True)
class HostedApp:
    """One app with everything in it.

    Args:
        app_id: The SDKAppID.
        key: The secret key that its UserSigs are made with; empty for an app without one.
        admins: The accounts that may call.
        custom: Its own profile and friend fields, by tag.
        attribute_names: By slot, from "0" to "9".
        accounts: By UserID.
    """

    app_id: int
    key: str = field(repr=False)
    admins: list[str] = field(default_factory=lambda: [ADMIN])
    custom: dict[str, CustomField] = field(default_factory=dict)
    attribute_names: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for tag in self.custom:
            if not _CUSTOM_TAG.fullmatch(tag):
                raise ValueError(f"{tag} is no custom field: the keyword has 1 to 8 ASCII letters")


@dataclass(slots=True)
class _File:
    apps: list[HostedApp]


def load(path: Path) -> list[HostedApp]:
    """Read the apps that a data file holds.

    Raises:
        DataFileError: It cannot be read, or is not a data file.
    """
    try:
        apps = msgspec.json.decode(path.read_bytes(), type=_File).apps
    except OSError as error:
        raise DataFileError(f"cannot read {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataFileError(f"{path} is not a data file of the sandbox: {error}") from None
    if not apps:
        raise DataFileError(f"{path} holds no app")
    return apps


def save(path: Path, apps: Sequence[HostedApp]) -> None:
    """Write a data file whole, or leave the old one as it was.

    Raises:
        DataFileError: It cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(_File(list(apps))), indent=1)
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise DataFileError(f"cannot write {path}: {error.strerror}") from None
