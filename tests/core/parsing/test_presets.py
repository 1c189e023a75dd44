import pytest

from bot.core.commands import SetFields
from bot.core.fields import PROFILE_FIELDS, custom_field
from bot.core.model import App
from bot.core.parsing.command_line import Apps, parse
from bot.core.parsing.presets import format_preset, parse_presets
from bot.errors import UsageError

VIP = custom_field("Vip", "VIP tier")
LINE = (
    'reset-nick: nick=, avatar=; unmute: forbid=allowed; hide: nick="Gone; sorry, all", Vip=gold birthday=0;'
)
PRESETS = parse_presets(LINE, (VIP,))
APPS = Apps({"prod": App("prod", "Singapore", (VIP,), presets=PRESETS)}, "prod")
BARE = Apps({"prod": App("prod", "Singapore", (VIP,))}, "prod")
NICK, AVATAR, FORBID, BIRTHDAY = (
    next(field for field in PROFILE_FIELDS if field.word == word)
    for word in ("nick", "avatar", "forbid", "birthday")
)


def test_reads_every_preset_of_a_line() -> None:
    assert {preset.name: dict(preset.values) for preset in PRESETS} == {
        "reset-nick": {NICK: "", AVATAR: ""},
        "unmute": {FORBID: "AdminForbid_Type_None"},
        "hide": {NICK: "Gone; sorry, all", VIP: "gold", BIRTHDAY: 0},
    }
    assert parse_presets(" ; ", ()) == ()


def test_writes_presets_as_they_are_typed() -> None:
    assert [format_preset(preset) for preset in PRESETS] == [
        "nick=, avatar=",
        "forbid=Allowed",
        'nick="Gone; sorry, all", Vip=gold, birthday=',
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("reset", "item 1 is something else"),
        ("Reset Me: nick=", "item 1 is something else"),
        ("a: nick=; a: nick=", "item 2 is something else"),
        ("a:", "item 1 is something else"),
        ("a: ,", "item 1 sets nothing"),
        ("a: s3cret", "item 1 has something else"),
        ('a: nick="s3cret', "a quote in item 1 is not closed"),
        ("a: nick=; b: s3cret=1", "unknown field in item 2"),
        ("a: level=s3cret", "wrong value in item 1: level takes a whole number"),
        ("a: nick=x, nick=s3cret", "a field twice in item 1"),
        ("level: nick=", "item 1 has a field's"),
        (";".join(f"p{number}: nick=" for number in range(101)), "at most 100 presets"),
    ],
)
def test_says_where_a_preset_is_wrong_and_repeats_nothing(line: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        parse_presets(line, (VIP,))

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("typed", ["reset-nick", "RESET-NICK", "`reset-nick`"])
def test_takes_a_preset_instead_of_values(typed: str) -> None:
    assert parse(f'set bob_k {typed} --reason "spam"', APPS) == SetFields(
        APPS.by_name["prod"], "bob_k", {NICK: "", AVATAR: ""}, "spam"
    )


def test_suggests_the_preset_that_was_meant() -> None:
    with pytest.raises(UsageError, match="there is no preset “reset-nik” here") as caught:
        parse("set bob_k reset-nik", APPS)

    assert "Did you mean reset-nick?" in caught.value.advice
    assert "Presets: reset-nick, unmute, hide." in caught.value.advice
    assert caught.value.suggestion == "set bob_k reset-nick"


def test_takes_no_value_beside_a_preset() -> None:
    with pytest.raises(UsageError, match="a preset cannot be mixed with fields"):
        parse("set bob_k reset-nick level=3", APPS)


def test_knows_no_presets_where_none_are_set() -> None:
    with pytest.raises(UsageError, match="is not field=value"):
        parse("set bob_k reset-nick", BARE)
