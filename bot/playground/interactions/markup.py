"""Conversion of typed text to mrkdwn (https://docs.slack.dev/messaging/formatting-message-text)."""

import re
from collections.abc import Iterable

from bot.playground.interactions.payloads import escape
from bot.playground.people import Person

_MARKED = re.compile(
    r"(?P<url>https?://[^\s<>|\"'`]*[^\s<>|\"'`.,;:!?)\]}])"
    r"|(?P<email>(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+)"
    r"|(?<!\w)@(?P<handle>[a-z][a-z-]*)"
)


def to_mrkdwn(text: str, people: Iterable[Person]) -> str:
    """Escape a text, and mark up its links, email addresses and mentions."""
    ids = {person.handle: person.id for person in people}

    def mark(found: re.Match[str]) -> str:
        if found["url"]:
            return f"<{found['url']}>"
        if found["email"]:
            return f"<mailto:{found['email']}|{found['email']}>"
        return f"<@{ids[found['handle']]}>" if found["handle"] in ids else found[0]

    return _MARKED.sub(mark, escape(text))
