"""Any value that a field can hold, for tests of any data."""

from datetime import date

from hypothesis import strategies as st

from bot.core.fields import MAX_UINT32, Field, Kind
from bot.core.model import Value


def texts(max_bytes: int) -> st.SearchStrategy[str]:
    characters = st.characters(codec="utf-8", exclude_characters="\x00")
    return st.text(characters, max_size=max_bytes).filter(lambda text: len(text.encode()) <= max_bytes)


def held(field: Field) -> st.SearchStrategy[Value]:
    """Make a strategy of the values of a field that the vendor can hold and a person can type."""
    if field.kind is Kind.CHOICE:
        return st.sampled_from(list(field.choices))
    if field.kind is Kind.DATE:
        days = st.dates(date.min, date.max)
        return days.map(lambda day: day.year * 10000 + day.month * 100 + day.day) | st.just(0)
    return texts(min(field.max_bytes, 40)) if field.kind is Kind.TEXT else st.integers(0, MAX_UINT32)
