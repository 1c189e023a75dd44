"""The schedule of slots that processes share in Redis."""

import os
import secrets
import ssl
import time
from pathlib import Path
from typing import Any

from redis import Redis, RedisError
from redis import exceptions as errors
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from bot.im.lease import (
    DELIVERED_WITHIN,
    EXPIRY,
    FORGOTTEN_AFTER,
    HORIZON,
    LEASE,
    LOST_AFTER,
    Lease,
    RedisTroubleError,
    State,
)
from bot.im.pacer import BULK_SHARE, COMMANDS_AFTER
from bot.im.redis_url import RedisAddress

TIMEOUT = 0.2
"""Seconds that connecting to Redis, and each of its answers, may take."""
CLOCK_KEPT = 5.0
"""Seconds after which readings of Redis's clock are kept for as long again at most; clocks drift."""
CLOCK_READINGS = 4
"""The readings before the first lease."""

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    # Error, words; the first match counts. The texts of errors name hosts.
    (errors.AuthenticationError, "it refuses the user name or the password"),
    (errors.NoPermissionError, "its user may not run the bot's script"),
    (errors.ReadOnlyError, "it is read-only"),
    (errors.OutOfMemoryError, "its memory is full"),
    (errors.BusyLoadingError, "it is still loading its data"),
    (MasterNotFoundError, "the Sentinels know no master that works"),
    (errors.TimeoutError, f"no answer within {TIMEOUT:g} s"),
    (TimeoutError, f"no answer within {TIMEOUT:g} s"),
    (ssl.SSLCertVerificationError, "its TLS certificate could not be verified"),
    (ssl.SSLError, "the TLS connection failed"),
    (errors.ConnectionError, "there is no connection"),
    (OSError, "there is no connection"),
    (errors.ResponseError, "it refuses the bot's script"),
    (Exception, "it gave no usable answer"),
)


class RedisSchedule:
    """One app's shared schedule; used by one thread at a time.

    Args:
        address: The address of Redis.
        app_id: The SDKAppID, by which processes find each other.
    """

    def __init__(self, address: RedisAddress, app_id: int) -> None:
        self._redis = connect(address)
        self._script = self._redis.register_script(LEASE)
        self._prefix = f"im-bot:{{{app_id}}}:"
        self._process = secrets.token_hex(8)
        self._clock = _RedisClock()

    def lease(
        self,
        endpoint: str,
        *,
        state: State = "shared",
        share: float,
        wanted: int = 0,
        bulk: bool = False,
        gap: float = 1.0,
    ) -> Lease:
        """Tell Redis of this process, and lease slots.

        Args:
            endpoint: The endpoint's command.
            state: The state of this process; only a shared one gets slots.
            share: The share of the limit that it keeps to without Redis.
            wanted: The most slots.
            bulk: Whether they are for a big job.
            gap: The seconds from slot to slot.

        Raises:
            RedisTroubleError: Redis cannot be used now.
        """
        try:
            if not self._clock.is_known:
                self._read_clock()
            asked_at = time.monotonic()
            answer = self._ask(asked_at, endpoint, state, (share, wanted, int(bulk), gap))
        except (RedisError, OSError) as error:
            # The address may lead to another server by now, as after a failover; this one keeps connections.
            self._redis.connection_pool.disconnect()
            raise RedisTroubleError(describe_trouble(error)) from None
        now, age, processes, wait, *slots = (figure / 1e6 for figure in answer)
        seconds = time.monotonic() - asked_at
        self._clock.note(now, asked_at, seconds)
        if age < 0:
            raise RedisTroubleError("it is slow")
        begin = self._clock.convert(now)
        return Lease(
            asked_at, seconds, age, round(processes * 1e6), wait, tuple(begin + slot for slot in slots)
        )

    def _ask(self, asked_at: float, endpoint: str, state: State, request: tuple[float, ...]) -> list[int]:
        """Run the script, whose request is void if it is delivered late."""
        keys = [f"{self._prefix}processes", f"{self._prefix}{endpoint}"]
        # On a slow path, slots of now would be over when they are here.
        ahead = min(2 * self._clock.inexact, HORIZON / 2)
        limits = (HORIZON, LOST_AFTER, FORGOTTEN_AFTER, EXPIRY, COMMANDS_AFTER, BULK_SHARE, ahead)
        latest = self._clock.read(asked_at) + self._clock.inexact + DELIVERED_WITHIN
        answer: list[int] = self._script(
            keys, [self._process, state, *request, *limits, f"{latest * 1e6:.0f}"]
        )
        return answer

    def _read_clock(self) -> None:
        for _ in range(CLOCK_READINGS):
            asked_at = time.monotonic()
            seconds, microseconds = self._redis.time()
            self._clock.note(seconds + microseconds / 1e6, asked_at, time.monotonic() - asked_at)

    def leave(self) -> None:
        """Tell Redis that this process ends; without an answer, Redis finds out by itself."""
        try:
            self.lease("", state="gone", share=0)
        except RedisTroubleError:
            return

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()


class _RedisClock:
    """Redis's clock by this process's, from the quickest of the recent round trips.

    Redis reads its clock at some time of a round trip: half of it is the most that a reading can be off.
    """

    def __init__(self) -> None:
        # Half of a round trip, and what to add to Redis's time: the best now, and the best before.
        self._best = self._before = (float("inf"), 0.0)
        self._since = 0.0

    @property
    def is_known(self) -> bool:
        """Whether there was any reading."""
        return self.inexact < float("inf")

    @property
    def inexact(self) -> float:
        """The most seconds that the clock is off."""
        return min(self._best, self._before)[0]

    def note(self, now: float, asked_at: float, seconds: float) -> None:
        """Note a reading, and the round trip that brought it."""
        reading = (seconds / 2, asked_at + seconds / 2 - now)
        inexact, offset = min(self._best, self._before)
        if abs(reading[1] - offset) > reading[0] + inexact + 0.001:
            # The clock was set.
            self._best = self._before = reading
        if asked_at - self._since > CLOCK_KEPT:
            self._best, self._before, self._since = reading, self._best, asked_at
        self._best = min(self._best, reading)

    def convert(self, there: float) -> float:
        """Return the monotonic time of a time of Redis's clock."""
        return there + min(self._best, self._before)[1]

    def read(self, here: float) -> float:
        """Return the time of Redis's clock at a monotonic time."""
        return here - min(self._best, self._before)[1]


def connect(address: RedisAddress) -> Redis:
    """Make a client, which connects when it is used, and tries nothing twice."""
    options: dict[str, Any] = {
        "username": address.username,
        "password": address.password,
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        # RESP 3 and the client's name cost further round trips for each connection.
        "protocol": 2,
        "driver_info": None,
    }
    if address.tls:
        options["ssl"] = True
        bundle = next(filter(None, map(os.environ.get, _CA_VARIABLES)), None)
        is_folder = bundle is not None and Path(bundle).is_dir()
        options["ssl_ca_path" if is_folder else "ssl_ca_certs"] = bundle
    if address.master:
        sentinel = Sentinel(address.hosts, sentinel_kwargs=options, **options, db=address.number)  # type: ignore[no-untyped-call]  # the library's, without types
        master: Redis = sentinel.master_for(address.master)  # type: ignore[no-untyped-call]  # the same
        return master
    ((host, port),) = address.hosts
    return Redis(host, port, address.number, **options)


def describe_trouble(error: Exception) -> str:
    """Say why Redis cannot be used, without its address."""
    causes = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)  # type: ignore[arg-type]  # the library raises no BaseException from another
    return next(words for kind, words in _WORDS if any(isinstance(cause, kind) for cause in causes))
