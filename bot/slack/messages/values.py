"""Field labels, and times in each reader's time zone."""

from datetime import datetime, timedelta

from slack_sdk.models.blocks import RichTextElement, RichTextElementParts

from bot.core.fields import Field
from bot.core.text.value_words import ABSENT, format_time
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import Truncator, words

_CLOSE = timedelta(hours=12)
_UNITS = {"day": 86400, "hour": 3600, "minute": 60}


def field_label(field: Field, trim: Truncator) -> str:
    """Return a field's label as visible text."""
    return trim(make_visible(field.label) or ABSENT)


def show_time(moment: datetime) -> RichTextElement:
    """Make the element that shows a UTC time in each reader's time zone."""
    return RichTextElementParts.Date(
        timestamp=int(moment.timestamp()),
        format="{date_short_pretty} {time}",
        fallback=format_time(moment),
    )


def show_span(first: datetime, last: datetime) -> list[RichTextElement]:
    """Make the elements that show two UTC times: the day once if they are close, one if in one minute."""
    if format_time(first) == format_time(last):
        return [show_time(last)]
    if last - first > _CLOSE:
        return [show_time(first), words(" to "), show_time(last)]
    end = RichTextElementParts.Date(
        timestamp=int(last.timestamp()), format="{time}", fallback=f"{last:%H:%M} UTC"
    )
    return [show_time(first), words(" to "), end]


def format_ago(ago: timedelta) -> str:
    """Format how long ago something happened, roughly."""
    seconds = max(0, int(ago.total_seconds()))
    for unit, length in _UNITS.items():
        if number := seconds // length:
            return f"{'an' if unit == 'hour' else 'a'} {unit} ago" if number == 1 else f"{number} {unit}s ago"
    return "just now"


def local_time(moment: datetime) -> str:
    """Return markup that shows a UTC time in each reader's time zone, and else in UTC."""
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{format_time(moment)}>"
