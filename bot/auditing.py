"""The record, and what lives off it: telling the audit channel, and settling what was left open."""

from dataclasses import dataclass

from bot.errors import AuditError
from bot.settling import Settling
from bot.slack.relay import Relay
from bot.store.record import Store


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything about the record that runs beside the commands.

    Args:
        store: Where changes and entries are kept.
        relay: What tells the audit channel; None where there is none on purpose.
        settling: What settles open changes.
        audited: Whether it is settled where changes are told, if only that they are told nowhere.
    """

    store: Store
    relay: Relay | None
    settling: Settling
    audited: bool = True

    def start(self) -> None:
        """Begin to tell and to settle."""
        if self.relay:
            self.relay.start()
        self.settling.start()

    def close(self) -> None:
        """Finish what is under way, and close the database."""
        self.settling.close()
        if self.relay:
            self.relay.close()
        self.store.close()

    def trouble(self) -> str:
        """Say why a change could not be recorded or told at the moment; empty when it could."""
        try:
            self.store.check()
        except AuditError as error:
            return f"record: {error}"
        stuck = self.channel_trouble()
        return f"audit channel: {stuck}" if stuck else ""

    def channel_trouble(self) -> str:
        """Say why the audit channel is not told of changes; empty while it is, and where there is none."""
        return self.relay.trouble() if self.relay else ""

    def channel_state(self) -> str:
        """Say how far the audit channel has been told, and what is wrong with the record, in words."""
        try:
            self.store.check()
        except AuditError as error:
            return f"{self._told()}; the record cannot be written: {error}"
        return self._told()

    def _told(self) -> str:
        if self.relay is None:
            none = "there is none, on purpose (AUDIT_CHANNEL=none)"
            return none if self.audited else "none is set (AUDIT_CHANNEL), so every change is refused"
        if trouble := self.channel_trouble():
            return f"behind: {trouble}"
        try:
            status = self.relay.status()
        except AuditError as error:
            return f"behind: the outbox cannot be read: {error}"
        if not status.waiting:
            return "knows of every change"
        return f"{status.waiting} on the way, the oldest for {status.oldest_seconds:.0f} s"

    def count_waiting(self) -> float:
        """Count the entries that the audit channel has yet to be told; -1 while that cannot be read."""
        try:
            return self.store.count_waiting()[0]
        except AuditError:
            return -1
