"""Where log lines go and what never gets into them."""

import logging

_TALKATIVE = ("slack_bolt", "slack_sdk", "urllib3", "waitress", "uvicorn", "websockets")
"""Libraries whose warnings and lower write down bodies, signatures, tokens or URLs."""


def set_up_logs(level: str) -> None:
    """Log the bot's own lines from a level on, and of libraries only what failed."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    # It writes down answers that are not JSON, and an answer repeats what was sent; callers log the failure.
    logging.getLogger("slack_sdk.web").setLevel(logging.CRITICAL)
