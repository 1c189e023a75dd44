import gzip
import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from bot.core.model import Deadline
from bot.errors import (
    IMError,
    InvalidRequestError,
    InvalidResponseError,
    NotAskedError,
    OutcomeUnknownError,
    UnavailableError,
)
from bot.http_client.tls import tls_context
from bot.im.client import IMClient
from bot.im.transport import MAX_BYTES, PAUSES
from tests.support import scripted_server as responses
from tests.support.scripted_im import KEY, OK, failed_call, make_im_client, scripted_im, short_deadline
from tests.support.scripted_server import ScriptedServer, ServerResponse, answer

NICK = "Tag_Profile_IM_Nick"
FOUND = OK | {"UserProfileItem": [{"To_Account": "a", "ProfileItem": []}]}
BODY = b'{"ErrorCode":0,"UserProfileItem":[]}'
ZIPPED = "Content-Encoding: gzip\r\n"

BROKEN: dict[str, tuple[ServerResponse, type[IMError], str]] = {
    "HTTP 502": (answer(b"Bad gateway", status=502), UnavailableError, "(HTTP 502)"),
    "HTTP 302": (
        answer(b"", status=302, headers="Location: http://localhost:1/\r\n"),
        InvalidResponseError,
        "(HTTP 302)",
    ),
    "HTTP 404": (answer(FOUND, status=404), InvalidResponseError, "(HTTP 404)"),
    "silence": (responses.hang(), UnavailableError, "took too long"),
    "a reset": (responses.reset(), UnavailableError, "broke"),
    "a close": (responses.raw(b""), UnavailableError, "broke"),
    "half an answer": (responses.half(BODY), UnavailableError, "broke"),
    "half a chunk": (
        responses.raw(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
        UnavailableError,
        "broke",
    ),
    "a drip": (responses.drip(BODY * 90, 0.02), UnavailableError, "took too long"),
    "a drip before closing": (
        responses.drip(BODY * 90, 0.02, headers="Connection: close\r\n"),
        UnavailableError,
        "took too long",
    ),
    "no HTTP": (responses.raw(b"220 smtp ready\r\n\r\n"), UnavailableError, "broke"),
    "not what it is called": (answer(BODY, headers=ZIPPED), UnavailableError, "broke"),
    "no JSON": (answer(b"<html>"), InvalidResponseError, "not JSON"),
    "another shape": (answer({"ErrorCode": "none"}), InvalidResponseError, "documented format"),
    "too much": (
        answer(gzip.compress(b" " * (MAX_BYTES + 1)), headers=ZIPPED),
        InvalidResponseError,
        "too long",
    ),
    "an internal error": (answer(failed_call(40006)), UnavailableError, "internal error"),
}

ENDLESS = {"silence", "a drip", "a drip before closing"}


def get(im: IMClient, deadline: Deadline | None = None) -> object:
    return im.get_profiles(["a"], [NICK], deadline or Deadline.after(5))


def change(im: IMClient, deadline: Deadline | None = None) -> None:
    im.set_profile("a", {NICK: "Alice"}, deadline or Deadline.after(5))


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    tls_context.cache_clear()
    yield ca
    tls_context.cache_clear()


def serving_as(host: str, ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(host).configure_cert(context)
    return context


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_explained_and_the_next_call_works(name: str) -> None:
    broken, kind, words = BROKEN[name]
    with scripted_im(broken) as (im, scripted_server):
        deadline = Deadline.after(0.5) if name in ENDLESS else short_deadline()
        with pytest.raises(kind) as caught:
            get(im, deadline)

        assert words in str(caught.value)
        assert caught.value.advice
        assert deadline.left() > -1
        scripted_server.set_script(answer(FOUND))
        assert get(im) == {"a": {}}


@pytest.mark.parametrize("name", BROKEN)
def test_a_change_without_a_usable_answer_is_unknown_and_not_repeated(name: str) -> None:
    broken, _, words = BROKEN[name]
    with scripted_im(broken, answer(OK)) as (im, scripted_server):
        with pytest.raises(OutcomeUnknownError) as caught:
            change(im, Deadline.after(0.5) if name in ENDLESS else None)

        assert words in str(caught.value)
        assert "may or may not" in str(caught.value)
        assert "Look up the account" in caught.value.advice
        assert len(scripted_server.requests) == 1


@pytest.mark.parametrize(("ask", "kind"), [(get, UnavailableError), (change, OutcomeUnknownError)])
def test_dripping_responses_end_at_the_deadline(ask: Callable[..., object], kind: type[IMError]) -> None:
    def wait_for(drip: ServerResponse) -> tuple[type[IMError], bool, bool]:
        with scripted_im(answer(FOUND)) as (im, scripted_server):
            # Connected before, so that all the time goes to the response.
            assert get(im) == {"a": {}}
            scripted_server.set_script(drip)
            deadline = Deadline.after(0.9)
            with pytest.raises(IMError) as caught:
                ask(im, deadline)
            left = deadline.left()
            scripted_server.set_script(answer(FOUND))
            assert get(im) == {"a": {}}
        return type(caught.value), "took too long" in str(caught.value), left > -2

    # At once, as each of them only waits.
    with ThreadPoolExecutor(len(responses.DRIPS)) as pool:
        ended = dict(zip(responses.DRIPS, pool.map(wait_for, responses.DRIPS.values()), strict=True))

    assert ended == dict.fromkeys(responses.DRIPS, (kind, True, True))


def ask_at_once(im: IMClient, deadline: Deadline) -> list[IMError]:
    """Look up and change at once; returns the errors."""

    def ask(what: Callable[..., object]) -> IMError:
        with pytest.raises(IMError) as caught:
            what(im, deadline)
        return caught.value

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(ask, [get, change]))


def ends_unavailable(im: IMClient) -> bool:
    """Check that a lookup and a change, which were not sent, end at their deadline."""
    deadline = Deadline.after(0.9)
    errors = ask_at_once(im, deadline)
    return [type(error) for error in errors] == [UnavailableError] * 2 and deadline.left() > -1


def test_a_handshake_that_drips_ends_at_the_deadline(authority: trustme.CA) -> None:
    hello = responses.endless(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", b"x")
    with (
        ScriptedServer(on_connect=hello) as scripted_server,
        closing(make_im_client(scripted_server.url.replace("http:", "https:"))) as im,
    ):
        assert ends_unavailable(im)


@pytest.mark.parametrize(
    "drip",
    [responses.endless(b"", b"HTTP/1.1 200 x"), responses.endless(b"HTTP/1.1 200 X\r\n", b"X: x\r\n")],
    ids=["status line", "header"],
)
def test_a_proxy_that_drips_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, drip: ServerResponse
) -> None:
    with ScriptedServer(drip) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with closing(make_im_client("https://im.invalid")) as im:
            assert ends_unavailable(im)


def test_a_name_that_takes_too_long_to_resolve_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def resolve(*_: object) -> None:
        stopped.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        with closing(make_im_client("https://slow-name.invalid")) as im:
            assert ends_unavailable(im)
    finally:
        stopped.set()


@pytest.mark.parametrize("ask", [get, change])
def test_a_refused_connection_is_explained(closed_port: int, ask: Callable[..., object]) -> None:
    with (
        closing(make_im_client(f"http://localhost:{closed_port}")) as im,
        pytest.raises(UnavailableError) as caught,
    ):
        ask(im, short_deadline())

    assert type(caught.value) is UnavailableError
    assert str(caught.value) == "there is no connection to Tencent Chat"


@pytest.mark.parametrize("ask", [get, change])
def test_a_host_name_that_does_not_resolve_is_explained(ask: Callable[..., object]) -> None:
    with (
        closing(make_im_client("http://no-such-host.invalid")) as im,
        pytest.raises(UnavailableError) as caught,
    ):
        ask(im, short_deadline())

    assert type(caught.value) is UnavailableError
    assert str(caught.value) == "Tencent Chat's host name cannot be resolved"


def test_speaks_tls_to_a_server_that_proves_itself(authority: trustme.CA) -> None:
    with (
        ScriptedServer(answer(FOUND), tls=serving_as("localhost", authority)) as scripted_server,
        closing(make_im_client(scripted_server.url)) as im,
    ):
        assert get(im) == {"a": {}}


@pytest.mark.parametrize("ask", [get, change])
@pytest.mark.parametrize("host", ["localhost", "console.tim.qq.com"])
def test_asks_nothing_of_a_server_that_does_not_prove_itself(
    authority: trustme.CA, ask: Callable[..., object], host: str
) -> None:
    stranger = trustme.CA() if host == "localhost" else authority
    with (
        ScriptedServer(answer(FOUND), tls=serving_as(host, stranger)) as scripted_server,
        closing(make_im_client(scripted_server.url)) as im,
        pytest.raises(UnavailableError) as caught,
    ):
        ask(im, short_deadline())

    assert type(caught.value) is UnavailableError
    assert str(caught.value) == "Tencent Chat's TLS certificate could not be verified"
    assert scripted_server.requests == []


def test_a_server_that_speaks_no_tls_is_explained(authority: trustme.CA) -> None:
    with (
        ScriptedServer(responses.raw(b"plain")) as scripted_server,
        closing(make_im_client(scripted_server.url.replace("http:", "https:"))) as im,
        pytest.raises(UnavailableError, match="TLS connection"),
    ):
        get(im, short_deadline())


def test_reads_a_compressed_and_a_chunked_answer() -> None:
    zipped = gzip.compress(b'{"ErrorCode":0,"UserProfileItem":[' + b" " * 200_000 + b"]}")
    chunks = responses.chunked(b'{"ErrorCode":0,"UserProfileItem":[' + b" " * 5000 + b"]}")
    with scripted_im(answer(zipped, headers=ZIPPED), chunks, responses.chunked(zipped, headers=ZIPPED)) as (
        im,
        scripted_server,
    ):
        assert [get(im), get(im), get(im)] == [{}, {}, {}]

    assert scripted_server.connections == 1


def test_a_connection_closed_while_idle_is_opened_again() -> None:
    body = b'{"ErrorCode":0,"UserProfileItem":[]}'
    closing_answer = responses.raw(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    with scripted_im(closing_answer, answer(FOUND)) as (im, scripted_server):
        get(im)

        assert get(im) == {"a": {}}
        assert scripted_server.connections == 2


@pytest.mark.parametrize("name", ["HTTP 502", "a reset", "half an answer", "an internal error"])
def test_what_passes_by_itself_is_asked_again(name: str) -> None:
    with scripted_im(BROKEN[name][0], answer(FOUND)) as (im, scripted_server):
        assert get(im) == {"a": {}}

    assert len(scripted_server.requests) == 2
    assert scripted_server.requests[0].body == scripted_server.requests[1].body
    assert scripted_server.requests[0].query["random"] != scripted_server.requests[1].query["random"]


def test_a_change_refused_for_too_many_calls_is_sent_again() -> None:
    with scripted_im(answer(failed_call(60007)), answer(OK)) as (im, scripted_server):
        change(im)

    assert len(scripted_server.requests) == 2


@pytest.mark.parametrize("ask", [get, change])
@pytest.mark.parametrize("code", [40001, 40605, 60010, 60022])
def test_what_will_not_pass_is_not_asked_again(ask: Callable[..., object], code: int) -> None:
    with scripted_im(answer(failed_call(code))) as (im, scripted_server), pytest.raises(IMError) as caught:
        ask(im)

    assert caught.value.code == code
    assert len(scripted_server.requests) == 1


def test_a_change_that_was_refused_is_not_unknown() -> None:
    with scripted_im(answer(failed_call(40605))) as (im, _), pytest.raises(InvalidRequestError):
        change(im)


def test_gives_up_at_the_deadline_with_what_the_vendor_said() -> None:
    deadline = Deadline.after(0.37)
    with (
        scripted_im(answer(failed_call(60008)), pauses=PAUSES) as (im, scripted_server),
        pytest.raises(UnavailableError) as caught,
    ):
        get(im, deadline)

    assert caught.value.code == 60008
    assert len(scripted_server.requests) == 2
    assert deadline.left() > -1


def test_too_many_bad_signatures_are_not_waited_for() -> None:
    with (
        scripted_im(answer(failed_call(70050))) as (im, scripted_server),
        pytest.raises(IMError, match="bad signatures"),
    ):
        get(im)

    assert len(scripted_server.requests) == 1


@pytest.mark.parametrize("ask", [get, change])
def test_asks_nothing_after_the_deadline(ask: Callable[..., object]) -> None:
    with scripted_im(answer(FOUND)) as (im, scripted_server), pytest.raises(NotAskedError):
        ask(im, Deadline.after(-1))

    assert scripted_server.requests == []


def test_follows_no_redirect() -> None:
    with (
        ScriptedServer(answer(FOUND)) as elsewhere,
        scripted_im(answer(b"", status=307, headers=f"Location: {elsewhere.url}/\r\n")) as (im, _),
        pytest.raises(InvalidResponseError),
    ):
        get(im)

    assert elsewhere.requests == []


def test_brings_along_no_cookie_and_no_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine localhost login someone password netrc-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted_im(answer(FOUND, headers="Set-Cookie: a=b\r\n")) as (im, scripted_server):
        get(im)
        get(im)

    assert scripted_server.requests[1].headers.keys() & {"authorization", "cookie"} == set()


def test_the_proxy_is_read_once_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with ScriptedServer(answer(FOUND)) as proxy, ScriptedServer(answer(FOUND)) as later:
        monkeypatch.setenv("http_proxy", proxy.url)
        with closing(make_im_client("http://im.invalid")) as im:
            monkeypatch.setenv("http_proxy", later.url)

            assert get(im) == {"a": {}}

    assert proxy.requests[0].target.startswith("http://im.invalid/v4/profile/portrait_get?")
    assert later.requests == []


@pytest.mark.parametrize("ask", [get, change])
def test_a_proxy_that_is_not_there_is_explained(
    monkeypatch: pytest.MonkeyPatch, closed_port: int, ask: Callable[..., object]
) -> None:
    monkeypatch.setenv("https_proxy", f"http://proxy-user:proxy-password@localhost:{closed_port}")
    with closing(make_im_client("https://im.invalid")) as im, pytest.raises(UnavailableError) as caught:
        ask(im, short_deadline())

    assert str(caught.value) == "the proxy cannot connect to Tencent Chat"
    assert type(caught.value) is UnavailableError
    assert "proxy-password" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "name",
    [*BROKEN, "a refused connection", "no such host", "a bad certificate", "odd headers", "a bad sign"],
)
def test_leaks_nothing(
    name: str,
    authority: trustme.CA,
    closed_port: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    odd = responses.raw(b"HTTP/1.1 200 X\r\nno colon here\r\n: x\r\nContent-Length: 2\r\n\r\n{}")
    more = {"odd headers": odd, "a bad sign": answer(failed_call(70001))}
    behavior = BROKEN[name][0] if name in BROKEN else more.get(name, answer(FOUND))
    tls = serving_as("elsewhere", authority) if name == "a bad certificate" else None
    with ScriptedServer(behavior, tls=tls) as scripted_server:
        places = {
            "a refused connection": f"http://localhost:{closed_port}",
            "no such host": "http://x.invalid",
        }
        with closing(make_im_client(places.get(name, scripted_server.url))) as im:
            sig = im._transport._signer.get().text
            errors = ask_at_once(im, Deadline.after(0.5))
            shown = [repr(im), repr(im._transport), repr(im._transport._signer)]

    for error in errors:
        assert error.__context__ is error.__cause__ is None
        shown += [str(error), repr(error), error.advice, error.detail, *traceback.format_exception(error)]
    shown += [logging.Formatter().format(record) for record in caplog.records]
    for secret in (KEY, sig, sig[:40], "usersig=", "/v4/"):
        assert not any(secret in text for text in shown)
