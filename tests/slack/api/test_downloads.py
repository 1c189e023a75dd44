import io
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from bot.http_client.tls import tls_context
from bot.slack.api.client import FILE_TOO_LONG, FOREIGN_FILE, NO_FILE_ACCESS, Limits, SlackClient, is_slacks
from bot.slack.api.errors import SlackCallError
from tests.support.scripted_server import ScriptedServer, ServerResponse, answer, chunked, half, hang

TOKEN = "xoxb-that-must-not-leak"
CONTENT = b"user_id\nalice\n" * 1000


def download(response: ServerResponse, most: int = 100_000) -> tuple[bytes, ScriptedServer]:
    file = io.BytesIO()
    with ScriptedServer(response) as server, closing(_client(f"{server.url}/api/")) as slack:
        slack.download(f"{server.url}/files-pri/T1-F1/download/players.csv", file, most)
    return file.getvalue(), server


def _client(base_url: str) -> SlackClient:
    return SlackClient(TOKEN, base_url, Limits(call=1, megabyte=0))


@pytest.mark.parametrize("respond", [answer, chunked])
def test_downloads_a_file_with_the_token(respond: type) -> None:
    content, server = download(respond(CONTENT, headers="Content-Type: text/csv\r\n"))

    assert content == CONTENT
    assert server.requests[0].method == "GET"
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (answer(b"<!DOCTYPE html>", headers="Content-Type: text/html; charset=utf-8\r\n"), NO_FILE_ACCESS),
        (answer(b"", status=302, headers="Location: http://example.com/\r\n"), FOREIGN_FILE),
        (answer(b"", status=302, headers="Location: http://[\r\n"), FOREIGN_FILE),
        (answer(b"", status=302, headers="Location: /\r\n"), ""),
        (answer(b"", status=410), ""),
        (answer(b"", status=403), NO_FILE_ACCESS),
        (answer(CONTENT * 10), FILE_TOO_LONG),
        (chunked(CONTENT * 10), FILE_TOO_LONG),
        (answer(b"", status=404), ""),
        (half(CONTENT), ""),
        (hang(), ""),
    ],
    ids=[
        "login page",
        "foreign",
        "no address",
        "redirects without end",
        "gone",
        "forbidden",
        "long",
        "long in chunks",
        "missing",
        "half",
        "silence",
    ],
)
def test_says_why_a_download_failed(response: ServerResponse, code: str) -> None:
    with pytest.raises(SlackCallError) as caught:
        download(response)

    assert caught.value.code == code
    assert TOKEN not in repr(caught.value)
    assert "/files-pri/" not in str(caught.value)


def test_follows_a_redirect_on_slacks_hosts_with_the_token() -> None:
    moved = answer(b"", status=302, headers="Location: /elsewhere\r\n")
    file = io.BytesIO()
    with ScriptedServer(moved, answer(CONTENT)) as server, closing(_client(f"{server.url}/api/")) as slack:
        slack.download(f"{server.url}/a.csv", file, 100_000)

    assert file.getvalue() == CONTENT
    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {TOKEN}"] * 2


def test_follows_no_redirect_to_a_plain_address_elsewhere() -> None:
    with ScriptedServer(answer(b"secret")) as other:
        moved = answer(b"", status=302, headers=f"Location: {other.url}/\r\n")
        with pytest.raises(SlackCallError, match=FOREIGN_FILE):
            download(moved)

    assert other.requests == []


@pytest.mark.parametrize(
    ("url", "base", "allowed"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.csv", "https://slack.com/api/", True),
        ("https://files.slack-gov.com/a.csv", "https://slack-gov.com/api/", True),
        ("https://files.slack.com/a.csv", "https://www.slack.com/api/", True),
        ("https://files.slack.com/a.csv", "https://slack-proxy.corp.example/api/", True),
        ("http://127.0.0.1:4000/files/F1/a.csv", "http://127.0.0.1:4000/api/", True),
        ("http://127.0.0.1:4001/files/F1/a.csv", "http://127.0.0.1:4000/api/", False),
        ("http://localhost:4000/files/F1/a.csv", "http://127.0.0.1:4000/api/", True),
        ("http://localhost:4000/files/F1/a.csv", "https://slack.com/api/", False),
        ("http://files.slack.com/a.csv", "https://slack.com/api/", False),
        ("https://files.slack.com:8443/a.csv", "https://slack.com/api/", False),
        ("https://slack.com.example/a.csv", "https://slack.com/api/", False),
        ("https://notslack.com/a.csv", "https://slack.com/api/", False),
        ("https://slack.com@example.com/a.csv", "https://slack.com/api/", False),
        ("https://example.com\\@slack.com/a.csv", "https://slack.com/api/", False),
        ("https://example.com\\.slack.com/a.csv", "https://slack.com/api/", False),
        ("https://example.com%5C.slack.com/a.csv", "https://slack.com/api/", False),
        ("https://[slack.com/a.csv", "https://slack.com/api/", False),
        ("", "https://slack.com/api/", False),
    ],
)
def test_knows_the_hosts_that_may_have_the_token(url: str, base: str, *, allowed: bool) -> None:
    assert is_slacks(url, base) is allowed


def test_sends_the_token_to_no_other_host() -> None:
    with (
        ScriptedServer(answer(b"")) as other,
        closing(_client("https://slack.com/api/")) as slack,
        pytest.raises(SlackCallError, match="foreign_file"),
    ):
        slack.download(f"{other.url}/a.csv", io.BytesIO(), 1000)

    assert other.requests == []


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ScriptedServer]:
    """A server of somebody else's, with a certificate that is trusted."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(bundle := tmp_path / "authority.pem")
    authority.issue_cert("localhost").configure_cert(tls)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    tls_context.cache_clear()
    with ScriptedServer(answer(CONTENT), tls=tls) as server:
        yield server
    tls_context.cache_clear()


@pytest.mark.parametrize("end", ["", "\\.slack.com"], ids=["foreign", "look-alike"])
def test_follows_a_redirect_elsewhere_without_the_token(elsewhere: ScriptedServer, end: str) -> None:
    moved = answer(b"", status=302, headers=f"Location: {elsewhere.url}{end}/a.csv\r\n")
    content, server = download(moved)

    assert content == CONTENT
    assert "authorization" in server.requests[0].headers
    assert ["authorization" in request.headers for request in elsewhere.requests] == [False]
