import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.fields import FRIEND_FIELDS, MAX_UINT32, PROFILE_FIELDS, Field, custom_field
from bot.core.model import Value
from bot.core.parsing.values import (
    changed_fields,
    choices,
    empty_value,
    equivalent,
    is_settable,
    parse_value,
    to_text,
    undo_value,
)
from bot.errors import UsageError
from tests.support.field_values import held

VIP = custom_field("Vip", "VIP tier")
BY_WORD = {known.word: known for known in (*PROFILE_FIELDS, VIP)}
FEMALE, MALE, NO_GENDER = "Gender_Type_Female", "Gender_Type_Male", "Gender_Type_Unknown"
DENY = "AllowType_Type_DenyAny"

READ = (
    # field, text, value
    ("nick", " Bob  K\n", " Bob  K\n"),
    ("nick", "张三 😀 \u202e<@U1>", "张三 😀 \u202e<@U1>"),
    ("nick", "", ""),
    ("nick", "x" * 500, "x" * 500),
    ("location", "张" * 5 + "x", "张" * 5 + "x"),
    ("Vip", "gold, 7", "gold, 7"),
    ("Vip", "", ""),
    ("gender", "Female", FEMALE),
    ("gender", "FEMALE", FEMALE),
    ("gender", " gender_type_male ", MALE),
    ("gender", "unknown", NO_GENDER),
    ("gender", "not set", NO_GENDER),
    ("gender", "Not-Set", NO_GENDER),
    ("gender", "", NO_GENDER),
    ("allow", "nobody may add", DENY),
    ("allow", "NobodyMayAdd", DENY),
    ("allow", "denyany", DENY),
    ("allow", DENY, DENY),
    ("allow", "anyone", "AllowType_Type_AllowAny"),
    ("allow", "ALLOW", "AllowType_Type_AllowAny"),
    ("allow", "need", "AllowType_Type_NeedConfirm"),
    ("allow", "allowtype_type_d", DENY),
    ("forbid", "block", "AdminForbid_Type_SendOut"),
    ("forbid", "allow", "AdminForbid_Type_None"),
    ("forbid", "none", "AdminForbid_Type_None"),
    ("gender", "m", MALE),
    ("gender", "none", NO_GENDER),
    ("gender", "unset", NO_GENDER),
    ("gender", "Gender_Type_F", FEMALE),
    ("gender", "“\u200bfe”".strip("“”"), FEMALE),
    ("forbid", "blocked by admin", "AdminForbid_Type_SendOut"),
    ("forbid", "Allowed", "AdminForbid_Type_None"),
    ("level", "7", 7),
    ("level", " 007 ", 7),
    ("level", "7\u200b\u3000", 7),
    ("level", "0", 0),
    ("level", "", 0),
    ("level", str(MAX_UINT32), MAX_UINT32),
    ("level", "0" * 400 + "7", 7),
    ("birthday", "1990-04-19", 19900419),
    ("birthday", "1990-4-9", 19900409),
    ("birthday", "19900419", 19900419),
    ("birthday", "19 Apr 1990", 19900419),
    ("birthday", "9  april 1990", 19900409),
    ("birthday", "1 Sept. 2000", 20000901),
    ("birthday", "29 feb 2000", 20000229),
    ("birthday", "0001-01-01", 10101),
    ("birthday", "", 0),
    ("birthday", "0", 0),
    ("birthday", "not set", 0),
    ("messages", "received", 0),
    ("messages", "Not received", 1),
    ("messages", "not_received", 1),
    ("messages", "n", 1),
    ("messages", "", 0),
)


@pytest.mark.parametrize(("word", "text", "value"), READ)
def test_reads(word: str, text: str, value: Value) -> None:
    assert parse_value(BY_WORD[word], text) == value


REFUSED = (
    # field, text, words, advice
    ("location", "x" * 21, "location has 21 bytes; the limit is 16", "others are 2 to 4"),
    ("nick", "张" * 167, "nick has 501 bytes; the limit is 500", "others are 2 to 4"),
    ("Vip", "x" * 501, "Vip has 501 bytes; the limit is 500", ""),
    ("nick", "a\x00b", "nick contains a character that cannot be sent", ""),
    ("nick", "a\ud800b", "nick contains a character that cannot be sent", ""),
    (
        "gender",
        "femail",
        "gender has no such value",
        'Did you mean gender=Female? Choose one of: "not set", Female, Male',
    ),
    ("gender", "1", "gender has no such value", 'Choose one of: "not set", Female, Male'),
    ("allow", "n", "allow has several values that start like this", '"Needs confirmation", "Anyone may add"'),
    ("allow", "allowtype", "allow has several values that start like this", "Choose one of: "),
    ("allow", "any one mey add", "allow has no such value", 'Did you mean allow="Anyone may add"? '),
    ("level", "-1", "level takes a whole number from 0 to 4294967295", ""),
    ("level", str(MAX_UINT32 + 1), "level takes a whole number", ""),
    ("level", "9" * 4500, "level takes a whole number", ""),
    ("level", "7.0", "level takes a whole number", ""),
    ("level", "1,000", "level takes a whole number", ""),
    ("level", "\u0667", "level takes a whole number", ""),
    ("birthday", "2023-02-29", "birthday is not a calendar date", "1990-04-19"),
    ("birthday", "19900431", "birthday is not a calendar date", ""),
    ("birthday", "1990419", "birthday takes a date", "Write it as 1990-04-19"),
    ("birthday", "19 Foo 1990", "birthday takes a date", "Write it as 1990-04-19"),
    ("birthday", "02/13/2001", "birthday takes a date", "Write it as 2001-02-13"),
    ("birthday", "13.2.2001", "birthday takes a date", "Write it as 2001-02-13"),
    ("birthday", "04/05/1990", "birthday takes a date", "Write it as 1990-04-05 or 1990-05-04"),
    ("birthday", "1990/4/5", "birthday takes a date", "Write it as 1990-04-05"),
    ("birthday", "04/19/90", "birthday takes a date", "Write it as 1990-04-19"),
    ("birthday", "31/31/2001", "birthday takes a date", "Write it as 1990-04-19"),
    ("birthday", "04/19/1990", "birthday takes a date", "Write it as 1990-04-19"),
    ("birthday", "199004-19", "birthday takes a date", ""),
    ("birthday", "0000-01-01", "birthday is not a calendar date", ""),
    (
        "messages",
        "recieved",
        "messages has no such value",
        'Did you mean messages=received? Choose one of: received, "not received"',
    ),
)


@pytest.mark.parametrize(("word", "text", "words", "advice"), REFUSED)
def test_refuses_what_the_field_cannot_hold(word: str, text: str, words: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_value(BY_WORD[word], text)

    assert str(caught.value).startswith(words)
    assert advice in caught.value.advice
    # The input may be a profile's value in the wrong place.
    assert len(text) < 3 or text not in f"{caught.value} {caught.value.advice}"


@pytest.mark.parametrize("field", FRIEND_FIELDS, ids=lambda field: field.word)
def test_sets_nothing_in_a_friend_list(field: Field) -> None:
    assert not is_settable(field)
    with pytest.raises(UsageError, match="cannot be set"):
        parse_value(field, "x")


SAME = (
    ("nick", None, "", True),
    ("nick", "x", "x", True),
    ("nick", "x", "X", False),
    ("nick", None, "x", False),
    ("Vip", 7, "7", True),
    ("Vip", 0, None, False),
    ("level", None, 0, True),
    ("level", "", 0, True),
    ("level", "7", 7, True),
    ("level", "007", 7, True),
    ("level", "seven", 7, False),
    ("level", 7, 8, False),
    ("birthday", None, 0, True),
    ("birthday", "19900419", 19900419, True),
    ("gender", None, NO_GENDER, True),
    ("gender", "", NO_GENDER, True),
    ("gender", None, MALE, False),
    ("allow", None, "AllowType_Type_NeedConfirm", False),
    ("allow", None, "", True),
    ("messages", None, 0, True),
    ("messages", 3, 1, True),
    ("messages", "2", 0, True),
    ("messages", 2, 1, False),
)


@pytest.mark.parametrize(("word", "one", "other", "alike"), SAME)
def test_compares_values_by_meaning(
    word: str, one: Value | None, other: Value | None, *, alike: bool
) -> None:
    field = BY_WORD[word]

    assert equivalent(field, one, other) is equivalent(field, other, one) is alike
    values = [{} if value is None else {field.tag: value} for value in (one, other)]
    assert changed_fields([field], *values) == (() if alike else (field,))


def test_restores_what_was_set_and_clears_what_was_not() -> None:
    assert undo_value(BY_WORD["nick"], None) == undo_value(BY_WORD["nick"], "") == ""
    assert undo_value(BY_WORD["level"], None) == undo_value(BY_WORD["level"], "") == 0
    assert undo_value(BY_WORD["level"], "7") == 7
    assert undo_value(BY_WORD["Vip"], 0) == "0"
    assert undo_value(BY_WORD["gender"], None) == undo_value(BY_WORD["gender"], "") == NO_GENDER
    assert undo_value(BY_WORD["gender"], MALE) == MALE


TEXTS = (
    ("nick", None, ""),
    ("level", 0, "0"),
    ("level", "7", "7"),
    ("level", None, ""),
    ("birthday", 19900419, "1990-04-19"),
    ("birthday", 0, ""),
    ("birthday", 19900431, "19900431"),
    ("birthday", "soon", "soon"),
    ("gender", MALE, "Male"),
    ("gender", "Gender_Type_New", "Gender_Type_New"),
    ("messages", 3, "not received"),
    ("messages", 0, "received"),
)


@pytest.mark.parametrize(("word", "value", "text"), TEXTS)
def test_writes_a_value_as_people_type_it(word: str, value: Value | None, text: str) -> None:
    assert to_text(BY_WORD[word], value) == text


@given(st.sampled_from(list(BY_WORD.values())).flatmap(lambda field: st.tuples(st.just(field), held(field))))
@settings(deadline=None)
def test_reads_back_what_it_wrote_as_text(drawn: tuple[Field, Value]) -> None:
    field, value = drawn

    assert equivalent(field, parse_value(field, to_text(field, value)), value)
    assert equivalent(field, parse_value(field, ""), empty_value(field))
    assert equivalent(field, undo_value(field, value), value)
    assert equivalent(field, str(value), value)


@given(st.sampled_from(list(BY_WORD.values())), st.text())
@settings(deadline=None)
def test_makes_a_value_the_vendor_takes_or_a_usage_error_of_any_text(field: Field, text: str) -> None:
    try:
        value = parse_value(field, text)
    except UsageError:
        return
    if isinstance(value, int):
        assert 0 <= value <= MAX_UINT32
    else:
        assert isinstance(value, str)
        assert len(value.encode()) <= field.max_bytes
        assert not field.choices or value in field.choices


@pytest.mark.parametrize("field", PROFILE_FIELDS, ids=lambda field: field.word)
def test_takes_every_word_that_is_offered(field: Field) -> None:
    taken = [parse_value(field, word) for word in choices(field)]

    assert len(set(taken)) == len(taken)
    assert not field.choices or taken == list(field.choices)
    assert not any(character.isspace() for word in choices(field) for character in word)
