"""File lookups of the assembled bot, beside its commands."""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from bot.app import Bot, make_bot
from bot.background_server import BackgroundServer
from bot.core.commands import make_lookup
from bot.core.file_lookups import FileLookupState
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor
from bot.playground.people import VIEWER
from bot.playground.server import make_app
from bot.playground_app import make_settings, make_workspace
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.settings import Settings
from tests.support.file_lookups import KeptNotices, split_csv
from tests.support.migrated import migrated_file

VERA = Actor(VIEWER.id, "")
IDS = [f"user_{number:03}" for number in range(1, 208)]


@pytest.fixture
def sandbox() -> Sandbox:
    return open_sandbox()


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Iterator[Settings]:
    workspace, record = make_workspace(), tmp_path / "im-bot.db"
    migrated_file(record)
    with BackgroundServer(WebApp(sandbox)) as im, BackgroundServer(make_app(workspace)) as slack:
        yield make_settings(workspace, slack.url, sandbox, im.url, record)


def start(bot: Bot, settings: Settings, ids: list[str]) -> str:
    assert bot.file_lookups
    command = make_lookup(PROFILES, settings.apps.find("demo"), ())
    source = BytesIO("\n".join(ids).encode())
    return bot.file_lookups.start(VERA, command, source, "ids.txt", "1").id


def test_another_process_goes_on_when_one_is_stopped(settings: Settings, sandbox: Sandbox) -> None:
    first, second = KeptNotices(), KeptNotices()
    sandbox.behavior = Behavior(latency_ms=1000)
    ids = [*IDS, *(f"nobody_{number}" for number in range(25_000))]
    with closing(make_bot(settings, make_notices=lambda _, __: first)) as bot:
        bot.start()
        id_ = start(bot, settings, ids)
        first.wait(lambda lookup: lookup.done > 0)
    assert not bot.is_busy

    sandbox.behavior = Behavior()
    with closing(make_bot(settings, make_notices=lambda _, __: second)) as bot:
        bot.start()
        left = second.wait_for(FileLookupState.RUNNING)
        done = second.wait_for(FileLookupState.DONE)

    assert (left.id, left.tries) == (id_, 1)
    assert 0 < left.done < len(ids)
    assert done.done == len(ids)
    assert list(split_csv(second.sent[0][2])) == ids


def test_gives_a_lease_back_while_the_vendor_hangs(settings: Settings, sandbox: Sandbox) -> None:
    first, second = KeptNotices(), KeptNotices()
    sandbox.behavior = Behavior(fault=Fault(kind="hang"))
    with closing(make_bot(settings, make_notices=lambda _, __: first)) as bot:
        bot.start()
        id_ = start(bot, settings, IDS)
        first.wait_for(FileLookupState.RUNNING)
    assert first.wait_for(FileLookupState.WAITING).id == id_
    assert not bot.is_busy

    sandbox.behavior = Behavior()
    with closing(make_bot(settings, make_notices=lambda _, __: second)) as bot:
        bot.start()
        assert second.wait_for(FileLookupState.DONE).done == len(IDS)
