"""Friends in both directions, against the sandbox over real HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from bot.core.commands import LookupCommand
from bot.core.fields import Domain, defaults
from bot.core.lookups.fetch import look_up
from bot.core.lookups.kinds import FRIENDS
from bot.core.lookups.mutual import MUTUAL, NO, UNKNOWN, YES
from bot.core.model import App, Deadline, LookupStatus
from bot.im.client import IMClient
from bot.sandbox.data import ADMIN, Account, HostedApp
from bot.sandbox.server import Sandbox
from tests.support.sandbox import APP_ID, KEY, Caller, serving

ENTRY: dict[str, str | int | list[str]] = {"Tag_SNS_IM_Remark": "x"}


@pytest.fixture
def served() -> Iterator[Caller]:
    accounts = {
        "alice": Account({}, friends={"bob": ENTRY, "dan": ENTRY}),
        "bob": Account({}, friends={"alice": ENTRY}),
        "dan": Account({}),
        "carol": Account({}, friends={"alice": ENTRY}),
        "erin": Account({}),
    }
    with serving(Sandbox(HostedApp(APP_ID, KEY, accounts=accounts))) as served:
        yield served


def ask(served: Caller, *accounts: str, both: bool = True) -> dict[str, tuple[LookupStatus, str | None]]:
    command = LookupCommand(
        FRIENDS, App("prod", "local"), accounts, defaults(Domain.FRIEND, ()), owner="alice", both=both
    )
    client = IMClient(base_url=served.url, app_id=APP_ID, key=KEY, admin=ADMIN, workers=2)
    with closing(client), ThreadPoolExecutor(2) as pool:
        rows = look_up(command, client, Deadline.after(10), pool)
    return {row.account: (row.status, row.values.get(MUTUAL)) for row in rows}  # type: ignore[misc]


def test_says_of_each_account_whether_it_lists_the_owner(served: Caller) -> None:
    assert ask(served, "bob", "dan", "carol", "erin", "nobody", "x" * 33) == {
        "bob": (LookupStatus.FOUND, YES),
        "dan": (LookupStatus.FOUND, NO),
        "carol": (LookupStatus.NOT_A_FRIEND, YES),
        "erin": (LookupStatus.NOT_A_FRIEND, NO),
        "nobody": (LookupStatus.NOT_IMPORTED, None),
        "x" * 33: (LookupStatus.NOT_ASKED, None),
    }


def test_reads_one_list_unless_asked_for_both(served: Caller) -> None:
    assert ask(served, "bob", both=False) == {"bob": (LookupStatus.FOUND, None)}


def test_says_that_a_list_could_not_be_read(served: Caller) -> None:
    served.sandbox.apps[APP_ID].accounts["alice"].fails = 30006

    assert ask(served, "bob")["bob"][1] == UNKNOWN
