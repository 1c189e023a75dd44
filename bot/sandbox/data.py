"""Apps and accounts of the sandbox, and the data file."""

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
"""Admin account of a new app."""

_CUSTOM_TAG = re.compile(rf"({CUSTOM_PROFILE}|{CUSTOM_FRIEND})[A-Za-z]{{1,8}}")

FriendEntry: TypeAlias = dict[str, str | int | list[str]]
"""A friend in an account's friend list: values by tag."""


class DataFileError(ValueError):
    """The data file is invalid, or cannot be read or written."""


@dataclass(slots=True)
class CustomField:
    """A custom field, as set up in the vendor's console."""

    readable: bool = True
    writable: bool = True


@dataclass(slots=True)
class Account:
    """An imported account.

    Args:
        profile: Values by tag.
        friends: Friend list by account; entries are not mutual.
        attributes: Values by attribute name.
        fails: Code with which calls of its service always fail for this account; 0 for none.
    """

    profile: dict[str, str | int] = field(default_factory=dict, repr=False)
    friends: dict[str, FriendEntry] = field(default_factory=dict, repr=False)
    attributes: dict[str, str] = field(default_factory=dict, repr=False)
    fails: int = 0


@dataclass(slots=True)
class HostedApp:
    """An app and its data.

    Args:
        app_id: The SDKAppID.
        key: Secret key for UserSigs; empty for none.
        admins: Accounts allowed to call the API.
        custom: Custom profile and friend fields, by tag.
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
                raise ValueError(f"{tag} is not a custom field: the keyword must have 1 to 8 ASCII letters")


@dataclass(slots=True)
class _File:
    apps: list[HostedApp]


def load(path: Path) -> list[HostedApp]:
    """Read the apps in a data file.

    Raises:
        DataFileError: The file is invalid or cannot be read.
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
    """Write a data file atomically.

    Raises:
        DataFileError: The file cannot be written.
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
