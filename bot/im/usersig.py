"""UserSig version 2, the vendor's signature: sign, decode, and renew in time."""

import base64
import hashlib
import hmac
import threading
import time as clock
import zlib
from dataclasses import dataclass, field

import msgspec

LIFETIME = 2 * 24 * 3600
"""Seconds that our UserSigs are valid; renewed at half of that, so the advised 24 hours are left."""
MAX_INFLATED = 8192
"""The most bytes that a UserSig may inflate to; a genuine one has about 250."""

_TO_URL = str.maketrans("+/=", "*-_")
_FROM_URL = str.maketrans("*-_", "+/=")


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """The claims of a UserSig, not verified.

    `time` is in Unix seconds, `expire` in seconds from then. Chat never uses `userbuf`.
    """

    identifier: str = msgspec.field(name="TLS.identifier")
    app_id: int = msgspec.field(name="TLS.sdkappid")
    expire: int = msgspec.field(name="TLS.expire")
    time: int = msgspec.field(name="TLS.time")
    sig: str = msgspec.field(name="TLS.sig")
    ver: str = msgspec.field(name="TLS.ver", default="")
    userbuf: str | None = msgspec.field(name="TLS.userbuf", default=None)

    def __repr__(self) -> str:
        return f"Claims({self.identifier!r} of {self.app_id})"


def mac(app_id: int, key: str, identifier: str, *, time: int, expire: int) -> str:
    """Compute the HMAC of a UserSig, as base64 (vendor's page: Generating UserSig, intl/34385)."""
    content = f"TLS.identifier:{identifier}\nTLS.sdkappid:{app_id}\nTLS.time:{time}\nTLS.expire:{expire}\n"
    # The key is used as text, although it looks like hex.
    digest = hmac.digest(key.encode(), content.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def sign(app_id: int, key: str, identifier: str, *, now: int, lifetime: int) -> str:
    """Make a UserSig that is valid from `now` (Unix seconds) for that many seconds."""
    claims = Claims(
        identifier=identifier,
        app_id=app_id,
        expire=lifetime,
        time=now,
        sig=mac(app_id, key, identifier, time=now, expire=lifetime),
        ver="2.0",
    )
    packed = zlib.compress(msgspec.json.encode(claims))
    return base64.b64encode(packed).decode().translate(_TO_URL)


def decode(sig: str) -> Claims:
    """Read a UserSig without verifying it.

    Raises:
        ValueError: It is not a UserSig, or inflates to more than MAX_INFLATED bytes.
    """
    inflater = zlib.decompressobj()
    try:
        packed = base64.b64decode(sig.translate(_FROM_URL), validate=True)
        text = inflater.decompress(packed, MAX_INFLATED)
        if inflater.eof:
            return msgspec.json.decode(text, type=Claims)
    except (ValueError, zlib.error, msgspec.MsgspecError):
        pass
    raise ValueError("not a UserSig")


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """One UserSig in use; compared by identity, since two made within a second are equal."""

    text: str = field(repr=False)
    renew_at: float


class Signer:
    """Keeps a valid UserSig for an admin account; safe between threads.

    Args:
        app_id: The SDKAppID.
        key: The app's secret key.
        identifier: The admin account.
    """

    def __init__(self, app_id: int, key: str, identifier: str) -> None:
        self._app_id = app_id
        self._key = key
        self._identifier = identifier
        self._lock = threading.Lock()
        self._current = self._make()

    def get(self) -> Signature:
        """Return the signature to use now."""
        current = self._current
        return current if clock.time() < current.renew_at else self.renew(current)

    def renew(self, refused: Signature) -> Signature:
        """Replace a refused signature; concurrent callers with the same one cause one renewal."""
        with self._lock:
            if self._current is refused:
                self._current = self._make()
            return self._current

    def _make(self) -> Signature:
        now = int(clock.time())
        text = sign(self._app_id, self._key, self._identifier, now=now, lifetime=LIFETIME)
        return Signature(text, now + LIFETIME / 2)
