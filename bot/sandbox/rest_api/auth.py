"""Authentication and rate limits of calls, checked in the vendor's order."""

import hmac
import re
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.im import usersig
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import HostedApp
from bot.sandbox.rest_api.codes import TRANSPORT, ApiError, Family

LOCKOUT = 60.0
"""Seconds for which an app is locked after too many failed UserSig checks."""
WINDOW = 1.0
"""Seconds of the window in which calls are counted."""

_MALFORMED, _NO_IDENTIFIER, _BAD_APP_ID, _NO_APP_ID = 60002, 60004, 60006, 60012
_EXPIRED, _NO_SIG, _BAD_SIG, _OTHER_KEY = 70001, 70002, 70003, 70009
_OTHER_IDENTIFIER, _OTHER_APP, _NO_KEY, _LOCKED = 70013, 70014, 70016, 70050
_NUMBER = re.compile(r"[0-9]{1,10}")

# A caller uses one UserSig for hours. Decoding it and computing its MAC depend on nothing but their
# arguments, so both are cached; its expiry is checked on each call.
_decode = lru_cache(maxsize=256)(usersig.decode)
_mac = lru_cache(maxsize=256)(usersig.mac)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until: float = 0.0


class Authenticator:
    """Authenticates callers and limits their rate.

    Args:
        apps: By SDKAppID.
    """

    def __init__(self, apps: Mapping[int, HostedApp]) -> None:
        self._apps = apps
        self._failures: dict[int, _Failures] = defaultdict(_Failures)
        self._admitted: dict[tuple[int, str], deque[float]] = defaultdict(deque)

    def authenticate(
        self, query: Mapping[str, str], family: Family, behavior: Behavior, now: float
    ) -> HostedApp:
        """Return the app that the caller is an admin of.

        Raises:
            ApiError: The query or the UserSig is invalid, or the caller is not an admin.
        """
        app_id = _app_id(query)
        identifier = query.get("identifier")
        if not identifier:
            raise ApiError(_NO_IDENTIFIER)
        if behavior.strict_query and not (
            _is_uint32(query.get("random")) and query.get("contenttype") == "json"
        ):
            raise ApiError(_MALFORMED)
        app = self._verify(app_id, identifier, query.get("usersig", ""), behavior, now)
        if identifier not in app.admins:
            raise ApiError(family.no_admin if behavior.non_admin == "service" else TRANSPORT.no_admin)
        return app

    def _verify(self, app_id: int, identifier: str, sig: str, behavior: Behavior, now: float) -> HostedApp:
        if not behavior.sig_lockout or app_id not in self._apps:
            return self._check(app_id, identifier, sig, behavior, now)
        failures = self._failures[app_id]
        if now < failures.locked_until:
            raise ApiError(_LOCKED)
        try:
            app = self._check(app_id, identifier, sig, behavior, now)
        except ApiError:
            failures.count += 1
            if failures.count >= behavior.sig_lockout:
                self._failures[app_id] = _Failures(locked_until=now + LOCKOUT)
            raise
        failures.count = 0
        return app

    def _check(self, app_id: int, identifier: str, sig: str, behavior: Behavior, now: float) -> HostedApp:
        """Verify a UserSig, in the order of the vendor's libraries."""
        if not sig:
            raise ApiError(_NO_SIG)
        try:
            claims = _decode(sig)
        except ValueError:
            raise ApiError(_BAD_SIG) from None
        app = self._apps.get(app_id)
        if app is None:
            raise ApiError(behavior.unknown_app)
        expected = _mac(app_id, app.key, claims.identifier, time=claims.time, expire=claims.expire)
        wrong = {
            _NO_KEY: not app.key,
            _OTHER_APP: claims.app_id != app_id,
            _OTHER_IDENTIFIER: claims.identifier != identifier,
            _EXPIRED: now > claims.time + claims.expire,
            _BAD_SIG: claims.userbuf is not None,
            _OTHER_KEY: not hmac.compare_digest(claims.sig.encode(), expected.encode()),
        }
        for code, is_wrong in wrong.items():
            if is_wrong:
                raise ApiError(code)
        return app

    def check_rate(self, app_id: int, command: str, rate: int, code: int, now: float) -> None:
        """Count a call; at most `rate` of its kind pass in any second.

        Raises:
            ApiError: The rate is exceeded.
        """
        admitted = self._admitted[app_id, command]
        while admitted and now - admitted[0] >= WINDOW:
            admitted.popleft()
        if len(admitted) >= rate:
            raise ApiError(code)
        admitted.append(now)


def _app_id(query: Mapping[str, str]) -> int:
    text = query.get("sdkappid")
    if not text:
        raise ApiError(_NO_APP_ID)
    if not _NUMBER.fullmatch(text):
        raise ApiError(_BAD_APP_ID)
    return int(text)


def _is_uint32(text: str | None) -> bool:
    return text is not None and _NUMBER.fullmatch(text) is not None and int(text) < 2**32
