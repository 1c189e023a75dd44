"""Translation of HTTP errors into ours, which hold nothing of the request."""

import ssl

import requests
from urllib3 import exceptions as urllib3

from bot.errors import UnavailableError
from bot.http_client.errors import CallError

_AGAIN = "Try again in a minute"
_NETWORK = "Tell the bot's operator to check the network, the proxy and the API's address"
_TRUST = "Tell the bot's operator to check the machine's clock, the proxy and the trusted certificates"

_FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    # Error, words, advice; the first match counts.
    (urllib3.NameResolutionError, "Tencent Chat's host name cannot be resolved", _NETWORK),
    (urllib3.NewConnectionError, "there is no connection to Tencent Chat", _NETWORK),
    (urllib3.ConnectTimeoutError, "there is no connection to Tencent Chat", _NETWORK),
    (requests.ConnectTimeout, "there is no connection to Tencent Chat", _NETWORK),
    (urllib3.ProxyError, "the proxy cannot connect to Tencent Chat", _NETWORK),
    (ssl.SSLCertVerificationError, "Tencent Chat's TLS certificate could not be verified", _TRUST),
    (urllib3.TimeoutError, "Tencent Chat took too long to answer", _AGAIN),
    (requests.Timeout, "Tencent Chat took too long to answer", _AGAIN),
    (ssl.SSLError, "the TLS connection to Tencent Chat failed", _TRUST),
    (Exception, "the connection to Tencent Chat broke", _AGAIN),
)


def from_library_error(error: CallError) -> UnavailableError:
    """Translate a library's error.

    Its text is dropped: it holds the URL, and so the UserSig.
    """
    cause = _unwrap(error.cause)
    _, words, advice = next(row for row in _FAILURES if isinstance(cause, row[0]))
    return UnavailableError(words, advice=advice, detail=type(cause).__name__)


def _unwrap(error: Exception) -> Exception:
    """Unwrap what requests wraps around urllib3's error, and urllib3 around that of the TLS library."""
    inner = error.reason if isinstance(error, urllib3.MaxRetryError) else next(iter(error.args), None)
    wrappers = (requests.RequestException, urllib3.MaxRetryError, urllib3.SSLError)
    return _unwrap(inner) if isinstance(error, wrappers) and isinstance(inner, Exception) else error
