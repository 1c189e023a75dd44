"""Kept-alive HTTP sessions: one TLS context for all, and the environment read once."""

import os
import ssl
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@cache
def tls_context() -> ssl.SSLContext:
    """Build the process's one TLS context; loading the authorities takes tens of milliseconds each time.

    It trusts the bundle that REQUESTS_CA_BUNDLE names, else the system's authorities and requests' own.
    """
    bundle = next((os.environ[name] for name in _CA_VARIABLES if os.environ.get(name)), None)
    if bundle is None:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
    as_folder = os.path.isdir(bundle)  # noqa: PTH112 - no path object is needed for one question
    return ssl.create_default_context(
        capath=bundle if as_folder else None, cafile=None if as_folder else bundle
    )


class _SharedTLS(HTTPAdapter):
    """An adapter whose connections share one TLS context; requests would load the authorities for each."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=tls_context())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=tls_context())

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' signature
        conn.cert_reqs = "CERT_REQUIRED"


def open_session(url: str, connections: int) -> requests.Session:
    """Open a session that keeps up to that many connections to a host.

    The proxy variables are read here, once: requests would look through the whole environment at each call.
    """
    session = requests.Session()
    if proxy := select_proxy(url, get_environ_proxies(url)):
        session.proxies[urlsplit(url).scheme] = proxy
    session.trust_env = False
    session.mount("https://", _SharedTLS(pool_maxsize=connections))
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    return session
