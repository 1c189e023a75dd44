"""The length limit of account ids."""

MAX_ID_BYTES = 32
"""The vendor's limit for an account id, in bytes of UTF-8."""


def fits(account: str) -> bool:
    """Tell whether an id is short enough to be one of the vendor's; a longer one is never sent."""
    return len(account.encode("utf-8", "replace")) <= MAX_ID_BYTES
