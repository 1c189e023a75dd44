from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.commands import make_lookup
from bot.core.lookups.kinds import FRIENDS, LOOKUP_KINDS, LookupKind
from bot.core.model import AccountResult, App, LookupStatus
from bot.core.results import Lookup
from bot.errors import NotFoundError
from bot.playground.blockkit.checker import check_message
from bot.slack.messages.lookups.csv import to_csv
from bot.slack.messages.render import render

PROD = App("prod", "Singapore")
ENDS_WITH_ITS_OWNER = replace(FRIENDS, headline="{found:,} of {asked:,} checked with {owner}")


@pytest.mark.parametrize("kind", [*LOOKUP_KINDS.values(), ENDS_WITH_ITS_OWNER])
def test_shows_and_exports_each_kind_of_lookup(kind: LookupKind) -> None:
    owner = "eve" if kind.has_owner else ""
    rows = (
        AccountResult("alice", LookupStatus.FOUND),
        AccountResult("bob", LookupStatus.NOT_IMPORTED, problem=NotFoundError("not imported")),
    )
    lookup = Lookup(make_lookup(kind, PROD, ("alice", "bob"), owner=owner), rows)

    message = render(lookup, command="/im", actor_id="U1")

    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
    assert "1 of 2" in message.text
    assert owner in message.text
    assert len(to_csv(lookup, datetime.now(UTC)).splitlines()) == 3
