from collections.abc import Iterator, Mapping
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
import requests
import trustme

from bot.sessions import open_session, tls_context
from tests.support.far_end import FarEnd, answer

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
def secure(authority: trustme.CA) -> Iterator[FarEnd]:
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with FarEnd(OK, tls=tls) as far_end:
        yield far_end


def get(url: str) -> str:
    with open_session(url, 2) as session:
        return session.get(url, timeout=30).text


def test_keeps_its_connection() -> None:
    with FarEnd(OK) as far_end, open_session(far_end.url, 2) as session:
        for _ in range(3):
            session.get(far_end.url, timeout=30)

        assert (len(far_end.asked), far_end.connections) == (3, 1)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_trusts_the_authorities_it_is_told_of(
    variable: str, secure: FarEnd, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(bundle := tmp_path / "authority.pem")
    monkeypatch.setenv(variable, str(bundle))

    assert get(secure.url) == "ok"


def test_trusts_nobody_else(secure: FarEnd) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        get(secure.url)


def test_trusts_no_certificate_of_another_name(
    secure: FarEnd, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(bundle := tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))

    with pytest.raises(requests.exceptions.SSLError):
        get(secure.url.replace("localhost", "127.0.0.1"))


def test_loads_the_authorities_once() -> None:
    assert tls_context() is tls_context()


@pytest.mark.parametrize(
    ("environment", "asked_for", "proxied"),
    [
        ({"HTTP_PROXY": "{}"}, "http://far.invalid/", True),
        ({"ALL_PROXY": "{}"}, "http://far.invalid/", True),
        ({"HTTPS_PROXY": "{}"}, "http://localhost/", False),
        ({"HTTP_PROXY": "{}", "NO_PROXY": "localhost"}, "http://localhost/", False),
    ],
)
def test_goes_through_the_proxy_of_the_environment(
    environment: Mapping[str, str], asked_for: str, *, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FarEnd(OK) as proxy, FarEnd(OK) as far_end:
        for name, value in environment.items():
            monkeypatch.setenv(name, value.format(proxy.url))

        assert get(asked_for.replace("localhost", f"localhost:{far_end.port}")) == "ok"
        assert [len(proxy.asked), len(far_end.asked)] == [proxied, not proxied]


def test_uses_no_proxy_of_the_web_for_a_machine_nearby(monkeypatch: pytest.MonkeyPatch) -> None:
    # The local Slack's response URLs, by the session for Slack's own.
    with FarEnd(OK) as proxy, FarEnd(OK) as near, open_session("https://hooks.slack.com", 2) as before:
        for name in PROXIES[:3]:
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "localhost")
        with open_session("https://hooks.slack.com", 2) as session:
            session.get(near.url, timeout=30)
        before.get(near.url, timeout=30)

        assert (len(proxy.asked), len(near.asked)) == (0, 2)
