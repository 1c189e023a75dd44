"""Rate limits of messages per channel and of calls per method."""

import math
from collections import defaultdict, deque

from bot.playground.errors import rate_limited


class PostingLimit:
    """One message per second and channel, with a burst.

    Slack documents the rate, but not the size of the burst: https://docs.slack.dev/apis/web-api/rate-limits
    """

    BURST = 5
    """Messages accepted at once."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._paid_until: dict[str, float] = {}

    def acquire(self, channel: str, now: float) -> None:
        """Count a message to a channel.

        Raises:
            SlackError: The rate limit is exceeded.
        """
        if not self._enabled:
            return
        paid_until = max(self._paid_until.get(channel, now), now) + 1
        if paid_until - now > self.BURST:
            raise rate_limited(math.ceil(paid_until - now - self.BURST))
        self._paid_until[channel] = paid_until


class CallLimit:
    """Calls of each method per minute (https://docs.slack.dev/apis/web-api/rate-limits)."""

    PERIOD = 60
    """Seconds of the window in which calls are counted."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def acquire(self, method: str, most: int, now: float) -> None:
        """Count a call of a method.

        Raises:
            SlackError: The rate limit is exceeded.
        """
        if not self._enabled:
            return
        calls = self._calls[method]
        while calls and calls[0] <= now - self.PERIOD:
            calls.popleft()
        if len(calls) >= most:
            raise rate_limited(math.ceil(calls[0] + self.PERIOD - now) or 1)
        calls.append(now)
