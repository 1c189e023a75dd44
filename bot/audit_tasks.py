"""The audit trail at run time: the record, the relay to the audit channel, and the reconcile loop."""

from bot.errors import AuditError
from bot.reconcile_loop import ReconcileLoop
from bot.serving.health import BackgroundCheck
from bot.slack.delivery.audit.audit_relay import Relay, RelayStatus
from bot.slack.delivery.audit.post_links import PostLinks
from bot.store.record import Store


class Audit:
    """The record's background work: relay, reconcile loop, and checks of the record and the audit channel.

    The checks run in threads of their own, so that no request waits for a database.

    Args:
        store: The database of changes and entries.
        relay: Posts entries in the audit channel; None without a channel.
        reconcile_loop: Settles open changes.
        post_links: Adds links to the audit channel's messages to answers.
        audited: False while AUDIT_CHANNEL is not set, not even to `none`.
    """

    def __init__(
        self,
        store: Store,
        relay: Relay | None,
        reconcile_loop: ReconcileLoop,
        post_links: PostLinks,
        *,
        audited: bool = True,
    ) -> None:
        self.store = store
        self.relay = relay
        self._reconcile_loop = reconcile_loop
        self._post_links = post_links
        self._audited = audited
        self._status: RelayStatus | None = None
        self._waiting = -1
        self._record_check = BackgroundCheck("the record", self._check_record)
        self._channel_check = BackgroundCheck("the audit channel", self._check_channel)

    def start(self) -> None:
        """Start the relay, the reconcile loop and the checks."""
        if self.relay:
            self.relay.start()
        self._post_links.start()
        self._reconcile_loop.start()
        self._record_check.start()
        self._channel_check.start()

    def close(self) -> None:
        """Finish running work, and close the database."""
        self._record_check.close()
        self._channel_check.close()
        self._reconcile_loop.close()
        self._post_links.close()
        if self.relay:
            self.relay.close()
        self.store.close()

    def trouble(self) -> str:
        """Return why a change could not be recorded or posted now; empty when it could."""
        if trouble := self._record_check.trouble():
            return f"record: {trouble}"
        stuck = self.channel_trouble()
        return f"audit channel: {stuck}" if stuck else ""

    def channel_trouble(self) -> str:
        """Return why the audit channel gets no changes; empty while it does, or without a channel."""
        return self._channel_check.trouble() if self.relay else ""

    def channel_state(self) -> str:
        """Describe how far the audit channel has caught up, and what is wrong with the record."""
        if trouble := self._record_check.trouble():
            return f"{self._describe_channel()}; the record cannot be written: {trouble}"
        return self._describe_channel()

    def count_waiting(self) -> float:
        """Count the entries waiting for the audit channel; -1 while unknown."""
        return -1 if self._channel_check.is_stuck else self._waiting

    def _describe_channel(self) -> str:
        if self.relay is None:
            none = "none (AUDIT_CHANNEL=none)"
            return none if self._audited else "not set (AUDIT_CHANNEL), so every change is refused"
        if trouble := self.channel_trouble():
            return trouble
        if not (status := self._status) or not status.waiting:
            return "up to date"
        return f"{status.waiting} waiting, the oldest for {status.oldest_seconds:.0f} s"

    def _check_record(self) -> str:
        try:
            self.store.check()
        except AuditError as error:
            return str(error)
        return ""

    def _check_channel(self) -> str:
        try:
            self._status = self.relay.status() if self.relay else None
            self._waiting = self._status.waiting if self._status else self.store.count_waiting()[0]
        except AuditError:
            self._status, self._waiting = None, -1
        return self.relay.trouble() if self.relay else ""
