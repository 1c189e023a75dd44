"""Logging: the bot's own lines, and only the failures of libraries."""

import logging

_TALKATIVE = ("slack_bolt", "slack_sdk", "urllib3", "waitress", "uvicorn", "websockets")
"""Libraries that log bodies, signatures, tokens or URLs at WARNING and below."""


def set_up_logs(level: str) -> None:
    """Log the bot's own lines from a level on, and errors alone of libraries."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    # It logs responses that are not JSON, which may repeat the request; callers log the failure.
    logging.getLogger("slack_sdk.web").setLevel(logging.CRITICAL)
