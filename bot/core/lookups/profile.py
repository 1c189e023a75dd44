"""One account's profile, as far as a change is about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core import fields
from bot.core.budget import READ_SECONDS
from bot.core.fields import Domain, Field
from bot.core.lookups.fetch import read_profile
from bot.core.model import App, Change, Deadline, Values
from bot.core.parsing.command_line import Apps
from bot.core.ports import IM


@dataclass(frozen=True, slots=True)
class Profiles:
    """Reads profiles, of whatever app.

    Args:
        apps: The apps people can name.
        ims: How each app is reached, by the app's name.
    """

    apps: Apps
    ims: Mapping[str, IM]

    def place(self, change: Change) -> tuple[App, tuple[Field, ...]]:
        """Find the app and the fields of a change.

        Raises:
            UsageError: They are not set up any more.
        """
        app = self.apps.find(change.app)
        return app, fields.named(change.after, Domain.PROFILE, app.custom)

    def read(
        self, app: App, account: str, touched: tuple[Field, ...], deadline: Deadline | None = None
    ) -> Values:
        """Read some fields of an account as they are now.

        Raises:
            IMError: They cannot be read; NotFoundError when the account is not imported.
        """
        deadline = deadline or Deadline.after(READ_SECONDS)
        return read_profile(app, account, touched, self.ims[app.name], deadline)
