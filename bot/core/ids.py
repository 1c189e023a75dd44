"""The limits of account ids: their number in one command, and their length."""

MAX_ACCOUNTS = 1000
"""The most accounts of one command."""
MAX_ID_BYTES = 32
"""The vendor's limit for an account id, in bytes of UTF-8."""


def fits(account: str) -> bool:
    """Check whether an id is within the vendor's limit; longer ones are never sent."""
    return len(account.encode("utf-8", "replace")) <= MAX_ID_BYTES
