"""The TLS context of outgoing connections."""

import os
import ssl
from functools import cache

import certifi

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@cache
def tls_context() -> ssl.SSLContext:
    """Return the process's one TLS context; loading the authorities takes tens of milliseconds.

    It trusts the bundle of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, else the system's authorities and certifi's.
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
