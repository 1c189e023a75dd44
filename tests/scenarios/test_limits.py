"""The limits of what one person looks up, in Slack, with several processes."""

from bot.core.model import Outcome
from tests.support.entries import unaltered
from tests.support.running_bot import run_bot
from tests.support.slack import PARTNERS


def test_counts_what_is_typed_in_every_process() -> None:
    with run_bot("pair", lookup_ids_per_hour=4) as running_bot, running_bot.act_as() as vera:
        assert "2 of 2 found" in vera.ask("/im profile alice bob_k")["text"]
        assert "2 of 2 found" in vera.ask("/im attrs alice bob_k")["text"]

        refused = vera.ask("/im profile alice")["text"]

        assert refused.startswith("Refused: one person may look up 4 ids in an hour")
        assert "UTC" in refused
        assert "these are 5" in vera.ask("/im profile a b c d e")["text"]
        assert "You are a viewer" in vera.ask("/im whoami")["text"]
        newest = unaltered(running_bot.bots[0].audit.store.list_history("demo", "alice", None, 1))
        assert [entry.event.outcome for entry in newest] == [Outcome.DENIED]


def test_counts_an_answer_once_that_was_not_shared() -> None:
    with run_bot("http", lookup_ids_per_hour=3) as running_bot, running_bot.act_as() as vera:
        said = vera.ask("/im profile alice bob_k --share", PARTNERS)["text"]

        assert "2 of 2 found" in said
        assert "Not shared" in said
        assert "1 of 1 found" in vera.ask("/im attrs alice")["text"]
