import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
import trustme

from bot.http_client.errors import CallError, TooLongError
from bot.http_client.loopback import is_loopback
from bot.http_client.session import Response, Session
from bot.http_client.tls import tls_context
from tests.support.scripted_server import DRIPS, ScriptedServer, answer, endless

OK = answer(b"ok")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*PROXIES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[ScriptedServer]:
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with ScriptedServer(OK, tls=tls) as scripted_server:
        yield scripted_server


def post(session: Session, url: str, seconds: float = 30) -> Response:
    return session.post(url, b"", {}, seconds=seconds, max_bytes=1000)


def get(url: str) -> str:
    with closing(Session(url, 2)) as session:
        return post(session, url).body.decode()


def test_keeps_its_connection() -> None:
    with ScriptedServer(OK) as scripted_server, closing(Session(scripted_server.url, 2)) as session:
        for _ in range(3):
            post(session, scripted_server.url)

        assert (len(scripted_server.requests), scripted_server.connections) == (3, 1)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_trusts_the_authorities_of_the_environment(
    variable: str,
    secure: ScriptedServer,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(bundle := tmp_path / "authority.pem")
    monkeypatch.setenv(variable, str(bundle))

    assert get(secure.url) == "ok"


def test_trusts_no_other_authority(secure: ScriptedServer) -> None:
    with pytest.raises(CallError, match="SSLError"):
        get(secure.url)


def test_trusts_no_certificate_of_another_name(
    secure: ScriptedServer, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(bundle := tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))

    with pytest.raises(CallError, match="SSLError"):
        get(secure.url.replace("localhost", "127.0.0.1"))


def test_loads_the_authorities_once() -> None:
    assert tls_context() is tls_context()


@pytest.mark.parametrize(
    ("environment", "asked_for", "proxied"),
    [
        ({"HTTP_PROXY": "{}"}, "http://far.invalid/", True),
        ({"ALL_PROXY": "{}"}, "http://far.invalid/", True),
        ({"HTTPS_PROXY": "{}"}, "http://localhost/", False),
        ({"HTTP_PROXY": "{}"}, "http://localhost/", False),
        ({"HTTP_PROXY": "{}", "NO_PROXY": "far.invalid"}, "http://localhost/", False),
    ],
)
def test_goes_through_the_proxy_of_the_environment(
    environment: Mapping[str, str], asked_for: str, *, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(OK) as proxy, ScriptedServer(OK) as scripted_server:
        for name, value in environment.items():
            monkeypatch.setenv(name, value.format(proxy.url))

        assert get(asked_for.replace("localhost", f"localhost:{scripted_server.port}")) == "ok"
        assert [len(proxy.requests), len(scripted_server.requests)] == [proxied, not proxied]


def test_uses_no_proxy_of_the_web_for_a_machine_nearby(monkeypatch: pytest.MonkeyPatch) -> None:
    # The local Slack's response URLs, by the session for Slack's own.
    with ScriptedServer(OK) as proxy, ScriptedServer(OK) as near:
        for name in PROXIES[:3]:
            monkeypatch.setenv(name, proxy.url)
        for address in (near.url, near.url.replace("localhost", "127.0.0.1")):
            for home in ("https://hooks.slack.com", "http://hooks.invalid", address):
                with closing(Session(home, 2)) as session:
                    post(session, address)

        assert (len(proxy.requests), len(near.requests)) == (0, 6)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"]
)
def test_knows_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "slack.com", "localhost.evil.example", "128.0.0.1", "10.0.0.1", "::2", "0.0.0.0"]
)
def test_takes_no_other_host_for_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("drip", DRIPS)
def test_ends_a_call_that_drips_and_makes_the_next_one(drip: str) -> None:
    with ScriptedServer(OK) as scripted_server, closing(Session(scripted_server.url, 2)) as session:
        post(session, scripted_server.url)
        scripted_server.set_script(DRIPS[drip])
        started = time.monotonic()
        with pytest.raises(CallError, match="ReadTimeout") as caught:
            post(session, scripted_server.url, 0.2)

        assert caught.value.sent
        assert time.monotonic() - started < 5
        scripted_server.set_script(OK)
        assert post(session, scripted_server.url).body == b"ok"


def test_ends_calls_in_the_order_of_their_ends() -> None:
    with (
        ScriptedServer(DRIPS["header"]) as scripted_server,
        closing(Session(scripted_server.url, 3)) as session,
    ):

        def last(seconds: float) -> float:
            started = time.monotonic()
            with pytest.raises(CallError):
                post(session, scripted_server.url, seconds)
            return time.monotonic() - started

        with ThreadPoolExecutor(3) as pool:
            took = list(pool.map(last, (2.0, 0.2, 1.0)))

    assert [took[place] >= least for place, least in enumerate((2.0, 0.2, 1.0))] == [True] * 3
    assert took[1] < took[2] < took[0]


def test_a_call_that_ended_leaves_its_connection_alone() -> None:
    with ScriptedServer(OK) as scripted_server, closing(Session(scripted_server.url, 2)) as session:
        post(session, scripted_server.url, 1.0)
        time.sleep(1.1)
        post(session, scripted_server.url)

        assert scripted_server.connections == 1


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_call_without_time_left_is_over(seconds: float) -> None:
    with (
        ScriptedServer(DRIPS["header"]) as scripted_server,
        closing(Session(scripted_server.url, 2)) as session,
        pytest.raises(CallError, match="Timeout"),
    ):
        post(session, scripted_server.url, seconds)


def test_an_answer_cut_at_its_end_is_none() -> None:
    # Without a Content-Length, an aborted response looks complete.
    complete = endless(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\nok", b" ", every=10)
    with ScriptedServer(OK, complete) as scripted_server, closing(Session(scripted_server.url, 2)) as session:
        post(session, scripted_server.url)
        with pytest.raises(CallError, match="ReadTimeout"):
            post(session, scripted_server.url, 0.2)


def test_leaves_no_handle_open() -> None:
    with ScriptedServer(OK) as scripted_server, closing(Session(scripted_server.url, 1)) as session:
        post(session, scripted_server.url)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for script in (OK, DRIPS["body"], answer(b"x" * 2000), OK):
            scripted_server.set_script(script)
            with suppress(CallError):
                post(session, scripted_server.url, 0.2)
        after = len(list(Path("/proc/self/fd").iterdir()))

    # The server's end of a connection may still be open.
    assert after <= before + 2


def test_reads_no_more_than_asked_for() -> None:
    with (
        ScriptedServer(answer(b"x" * 1001)) as scripted_server,
        closing(Session(scripted_server.url, 2)) as session,
        pytest.raises(CallError) as caught,
    ):
        post(session, scripted_server.url)

    assert isinstance(caught.value.cause, TooLongError)


@pytest.mark.parametrize(
    "url",
    ["", "nowhere", "http://", "ftp://127.0.0.1/", "http://[::1", f"http://{'x' * 70}/", "http://\udc80/"],
)
def test_says_of_what_is_no_address_that_nothing_was_sent(url: str) -> None:
    with closing(Session("http://localhost", 2)) as session, pytest.raises(CallError) as caught:
        post(session, url)

    assert not caught.value.sent
