"""The profile fields that a change is about."""

from collections.abc import Mapping

from bot.core import fields
from bot.core.fields import Domain, Field
from bot.core.lookups.fetch import read_profile
from bot.core.model import App, Change, Deadline, Values
from bot.core.parsing.command_line import Apps
from bot.core.ports import IM
from bot.core.time_limits import READ_SECONDS


def find_fields(change: Change, apps: Apps) -> tuple[App, tuple[Field, ...]]:
    """Find the app and the fields of a change.

    Raises:
        UsageError: They are no longer configured.
    """
    app = apps.find(change.app)
    return app, fields.named(change.after, Domain.PROFILE, app.custom)


def read_fields(
    app: App,
    account: str,
    touched: tuple[Field, ...],
    ims: Mapping[str, IM],
    deadline: Deadline | None = None,
) -> Values:
    """Read some fields of an account, by the deadline or within READ_SECONDS.

    Raises:
        IMError: They cannot be read; NotFoundError if the account is not imported.
    """
    return read_profile(app, account, touched, ims[app.name], deadline or Deadline.after(READ_SECONDS))
