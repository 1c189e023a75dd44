from typing import Any

import pytest

from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS, custom_field
from bot.core.model import Value
from bot.core.text.value_words import format_safe, format_value

FIELDS = {field.word: field for field in (*PROFILE_FIELDS, *FRIEND_FIELDS, custom_field("Vip"))}


@pytest.mark.parametrize(
    ("word", "value", "said"),
    [
        ("gender", "Gender_Type_Female", "Female"),
        ("gender", "Gender_Type_Unknown", "not set"),
        ("gender", "Gender_Type_Robot", "Gender_Type_Robot"),
        ("allow", "AllowType_Type_NeedConfirm", "Needs confirmation"),
        ("forbid", "AdminForbid_Type_SendOut", "Blocked by admin"),
        ("birthday", 19900419, "19 Apr 1990"),
        ("birthday", "19900419", "19 Apr 1990"),
        ("birthday", 0, "not set"),
        ("birthday", 20230231, "20230231"),
        ("birthday", 4294967295, "4294967295"),
        ("birthday", -1, "-1"),
        ("birthday", "in spring", "in spring"),
        ("level", 0, "0"),
        ("level", "12", "12"),
        ("messages", 0, "Received"),
        ("messages", 1, "Not received"),
        ("messages", 3, "Not received"),
        ("since", 1700000000, "14 Nov 2023 22:13 UTC"),
        ("since", 10**19, "10000000000000000000"),
        ("groups", ("Family", "Work"), "Family, Work"),
        ("nick", "Ada", "Ada"),
        ("nick", 7, "7"),
        ("Vip", "gold", "gold"),
    ],
)
def test_says_a_value_in_words(word: str, value: Value, said: str) -> None:
    assert format_value(FIELDS[word], value) == said


@pytest.mark.parametrize("word", list(FIELDS))
@pytest.mark.parametrize("nothing", [None, "", (), ("",)])
def test_says_that_nothing_came(word: str, nothing: Any) -> None:
    assert format_value(FIELDS[word], nothing) == "—"


@pytest.mark.parametrize(
    ("word", "value"),
    [("nick", "Ada"), ("nick", None), ("groups", ("Work",)), ("gender", "Gender_*Robot*"), ("level", "*7*")],
)
def test_calls_nothing_its_own_words_that_others_wrote(word: str, value: Value | None) -> None:
    assert format_safe(FIELDS[word], value) is None
