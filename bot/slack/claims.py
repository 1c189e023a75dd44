"""Claims on requests: each runs once, whichever process Slack, or a copy of a signed request, reaches."""

import logging
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from bot.errors import AuditError

WAIT_SECONDS = 1.0
"""Seconds that a request waits for its claim; then it runs without one."""

log = logging.getLogger(__name__)


class ClaimStore(Protocol):
    """Keeps the claims of all processes; see bot.store.record.Store."""

    def claim(self, id_: str, seconds: float) -> bool:
        """Claim an id within some seconds; return False if it is claimed already.

        Raises:
            AuditError: It cannot be written in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims requests for this process."""

    store: ClaimStore

    def take(self, request_id: str) -> bool:
        """Claim a request; return False if it has run, or runs, in any process.

        A request without an id, or one that the store cannot claim now, is taken: silence would be worse
        than a second answer.
        """
        if not request_id:
            return True
        # A trigger id is a secret while it is fresh.
        digest = sha256(request_id.encode()).hexdigest()
        try:
            return self.store.claim(digest, WAIT_SECONDS)
        except AuditError as error:
            log.info("a request runs without a claim (%s)", type(error).__name__)
            return True
