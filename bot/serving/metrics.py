"""The bot's Prometheus metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters and histograms for /metrics; labels hold no ids and no values."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._commands = Counter(
            "im_bot_commands",
            "Commands and buttons answered.",
            ["command", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "im_bot_command_seconds", "Time from the ack to the answer.", ["command"], registry=self._registry
        )

    def watch_outbox(self, count: Callable[[], float]) -> None:
        """Add the number of entries waiting for the audit channel."""
        waiting = Gauge("im_bot_outbox", "Entries waiting for the audit channel.", registry=self._registry)
        waiting.set_function(count)

    def observe(self, command: str, outcome: str, seconds: float) -> None:
        """Count a command or button that was answered."""
        self._commands.labels(command, outcome).inc()
        self._seconds.labels(command).observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)
