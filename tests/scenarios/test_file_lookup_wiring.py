"""File lookups of the assembled bot, beside its commands."""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest

from bot.app import Bot, make_bot
from bot.core.commands import make_lookup
from bot.core.file_lookups import FileLookup, FileLookupState
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor
from bot.playground.people import VIEWER
from bot.playground.server import make_app
from bot.playground_app import make_settings, make_workspace
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.settings import Settings
from tests.support.file_lookups import split_csv
from tests.support.migrated import migrated_file
from tests.support.slack import wait_until

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
    command = make_lookup(PROFILES, settings.apps.find("demo"), ())
    source = BytesIO("\n".join(ids).encode())
    return bot.file_lookups.start(VERA, command, source, "ids.txt", "1").id


def find(bot: Bot, id_: str) -> FileLookup:
    lookup = bot.file_lookups.store.find(id_)
    assert lookup
    return lookup


def test_another_process_goes_on_when_one_is_stopped(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.behavior = Behavior(latency_ms=500)
    ids = [*IDS, *(f"nobody_{number}" for number in range(9000))]
    with closing(make_bot(settings)) as bot:
        bot.start()
        id_ = start(bot, settings, ids)
        wait_until(lambda: find(bot, id_).done > 0)
    assert not bot.is_busy

    sandbox.behavior = Behavior()
    with closing(make_bot(settings)) as bot:
        left = find(bot, id_)
        bot.start()
        wait_until(lambda: find(bot, id_).state is FileLookupState.DONE)
        rows = b"".join(bot.file_lookups.store.list_rows(id_))

    assert 0 < left.done < len(ids)
    assert list(split_csv(b"head\r\n" + rows)) == ids


def test_gives_a_lease_back_while_the_vendor_hangs(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.behavior = Behavior(fault=Fault(kind="hang"))
    with closing(make_bot(settings)) as bot:
        bot.start()
        id_ = start(bot, settings, IDS)
        wait_until(lambda: find(bot, id_).state is FileLookupState.RUNNING)
    assert not bot.is_busy

    sandbox.behavior = Behavior()
    with closing(make_bot(settings)) as bot:
        assert find(bot, id_).state is FileLookupState.WAITING
        bot.start()
        wait_until(lambda: find(bot, id_).done == len(IDS))


def test_goes_on_while_a_command_does_not_end(settings: Settings) -> None:
    ended = Event()
    with closing(make_bot(settings)) as bot:
        bot.workers.submit(ended.wait)
        bot.start()
        id_ = start(bot, settings, IDS)
        wait_until(lambda: find(bot, id_).done == len(IDS))
        assert bot.workers.is_busy
        ended.set()
