"""Errors of outgoing calls."""

from http.client import HTTPException

import requests
from urllib3.exceptions import HTTPError

LIBRARY_ERRORS = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
"""The errors of the libraries when a call fails."""


class CallError(Exception):
    """A call failed; the text of its cause may hold the URL, and so a secret.

    Args:
        cause: The library's error.
        sent: True if the server may have received the request.
    """

    def __init__(self, cause: Exception, *, sent: bool) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause
        self.sent = sent


class TooLongError(Exception):
    """A response is longer than the caller's limit."""
