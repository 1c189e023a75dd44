import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from bot.core.model import Deadline
from bot.errors import AuthenticationError
from bot.im.client import IMClient
from bot.im.usersig import LIFETIME, decode
from tests.support.scripted_im import OK, failed_call, make_im_client
from tests.support.scripted_server import ReceivedRequest, ScriptedServer, ServerResponse, answer

FOUND = OK | {"UserProfileItem": [{"To_Account": "a", "ProfileItem": []}]}


@contextmanager
def signed_earlier(seconds: float, *script: ServerResponse) -> Iterator[tuple[IMClient, ScriptedServer]]:
    """Open a client with a UserSig made some time ago, so that a new one differs."""
    with ScriptedServer(*script) as scripted_server:
        with freeze_time(datetime.now(UTC) - timedelta(seconds=seconds)):
            im = make_im_client(scripted_server.url, workers=32)
        with closing(im):
            yield im, scripted_server


def get(im: IMClient) -> object:
    return im.get_profiles(["a"], ["Tag_Profile_IM_Nick"], Deadline.after(5))


def signatures(scripted_server: ScriptedServer) -> list[str]:
    return [request.query["usersig"] for request in scripted_server.requests]


@pytest.mark.parametrize("code", [60004, 60005, 70001, 70052])
def test_a_refused_signature_is_renewed_once(code: int) -> None:
    with signed_earlier(60, answer(failed_call(code)), answer(FOUND)) as (im, scripted_server):
        assert get(im) == {"a": {}}

    old, new = signatures(scripted_server)
    assert decode(new).time > decode(old).time


@pytest.mark.parametrize("code", [60004, 60005, 70001, 70052])
def test_a_signature_refused_again_is_an_operators_problem(code: int) -> None:
    with (
        signed_earlier(60, answer(failed_call(code))) as (im, scripted_server),
        pytest.raises(AuthenticationError, match="signature") as caught,
    ):
        get(im)

    assert caught.value.code == code
    assert len(scripted_server.requests) == 2


def test_a_change_refused_for_its_signature_is_sent_again() -> None:
    with signed_earlier(60, answer(failed_call(70001)), answer(OK)) as (im, scripted_server):
        im.set_profile("a", {"Tag_Profile_IM_Nick": "A"}, Deadline.after(5))

    assert len(scripted_server.requests) == 2


def test_a_signature_past_half_of_its_life_is_not_used() -> None:
    with signed_earlier(LIFETIME / 2 + 1, answer(FOUND)) as (im, scripted_server):
        get(im)
        get(im)

    first, second = signatures(scripted_server)
    assert first == second
    assert datetime.now(UTC).timestamp() - decode(first).time < 60


def test_many_threads_refused_at_once_renew_once() -> None:
    refused: set[str] = set()

    def behave(connection: socket.socket, request: ReceivedRequest, stopped: threading.Event) -> None:
        sig = request.query["usersig"]
        if not refused:
            refused.add(sig)
        is_old = sig in refused
        answer(failed_call(70001) if is_old else FOUND)(connection, request, stopped)

    with signed_earlier(60, behave) as (im, scripted_server), ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda _: get(im), range(32)))

    assert found == [{"a": {}}] * 32
    assert len(set(signatures(scripted_server))) == 2
