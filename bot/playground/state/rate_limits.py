"""How much Slack takes: messages into a channel, and calls of a method."""

import math
from collections import defaultdict, deque

from bot.playground.errors import rate_limited


class PostingLimit:
    """One message a second into each channel, with a small burst on top.

    Slack gives the rate and leaves the burst open: https://docs.slack.dev/apis/web-api/rate-limits
    """

    BURST = 5
    """Messages that a channel takes at once before the rate holds."""

    def __init__(self) -> None:
        self._paid_until: dict[str, float] = {}

    def acquire(self, channel: str, now: float) -> None:
        """Count a message into a channel.

        Raises:
            SlackError: It is one too many, or too early.
        """
        paid_until = max(self._paid_until.get(channel, now), now) + 1
        if paid_until - now > self.BURST:
            raise rate_limited(math.ceil(paid_until - now - self.BURST))
        self._paid_until[channel] = paid_until


class CallLimit:
    """So many calls of each method a minute (https://docs.slack.dev/apis/web-api/rate-limits)."""

    PERIOD = 60
    """Seconds over which calls are counted."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def acquire(self, method: str, most: int, now: float) -> None:
        """Count a call of a method.

        Raises:
            SlackError: It is one too many.
        """
        calls = self._calls[method]
        while calls and calls[0] <= now - self.PERIOD:
            calls.popleft()
        if len(calls) >= most:
            raise rate_limited(math.ceil(calls[0] + self.PERIOD - now) or 1)
        calls.append(now)
