"""State behind button and form ids, over a record in memory."""

from collections.abc import Collection, Mapping

from bot.core.model import App, SavedState
from bot.encryption import Cipher
from bot.slack.interaction_codec import InteractionCodec
from bot.slack.interaction_store import CAPACITY, MOST_ACCOUNTS, Interactions, StateStore
from tests.support.fakes import FakeRecord


class FailedStore:
    """A store that kept nothing."""

    def save(self, state: SavedState) -> None:
        """Lose it."""

    def save_now(self, state: SavedState) -> None:
        """Lose it."""

    def drop(self, ids: Collection[str]) -> None:
        """Have nothing to delete."""

    def take_state(self, _: str, __: float) -> bool:
        """Find nothing."""
        return False

    def find_ids(self, _: Collection[str]) -> frozenset[str]:
        """Find nothing."""
        return frozenset()

    def find_state(self, id_: str) -> SavedState | None:
        """Find nothing."""


PROD = App("prod", "Singapore")


def make_interactions(
    store: StateStore | None = None,
    apps: Mapping[str, App] | None = None,
    *,
    capacity: int = CAPACITY,
    accounts: int = MOST_ACCOUNTS,
) -> Interactions:
    """Make the state of one process; several of one store are processes of one bot."""
    codec = InteractionCodec({"prod": PROD} if apps is None else apps, Cipher("xoxb-token"))
    return Interactions(store or FakeRecord(), codec, capacity, accounts)
