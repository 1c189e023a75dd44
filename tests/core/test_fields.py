import pytest

from bot.core.fields import (
    CUSTOM_FRIEND,
    CUSTOM_PROFILE,
    FRIEND_FIELDS,
    PROFILE_FIELDS,
    Domain,
    Field,
    Kind,
    bare,
    custom_field,
    defaults,
    named,
    offered,
)
from bot.core.parsing.usage_errors import did_you_mean, nearest
from bot.errors import UsageError

STANDARD = (*PROFILE_FIELDS, *FRIEND_FIELDS)
VIP = custom_field("Vip", "VIP tier")


def tags(fields: tuple[Field, ...]) -> list[str]:
    return [field.tag for field in fields]


@pytest.mark.parametrize("attribute", ["word", "label", "tag"])
def test_names_every_standard_field_differently(attribute: str) -> None:
    names = [getattr(field, attribute).lower() for field in STANDARD]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("field", STANDARD, ids=lambda field: field.word)
def test_describes_every_standard_field_soundly(field: Field) -> None:
    prefix = "Tag_Profile_IM_" if field.domain is Domain.PROFILE else "Tag_SNS_IM_"

    assert field.tag.startswith(prefix)
    assert field.word.isascii()
    assert field.word.islower()
    assert field.word.isalpha()
    assert bool(field.choices) == (field.kind is Kind.CHOICE)
    assert len(set(field.choices.values())) == len(field.choices)
    assert not field.brief or field.default


def test_asks_for_nothing_that_the_vendors_tables_lack_unless_it_is_named() -> None:
    asked = tags((*defaults(Domain.PROFILE, ()), *defaults(Domain.FRIEND, ())))

    assert "Tag_Profile_IM_MsgSettings" not in asked
    assert "Tag_SNS_IM_AddTime" not in asked


def test_asks_for_the_apps_own_fields_with_a_profile_and_not_with_a_friend() -> None:
    assert VIP in defaults(Domain.PROFILE, [VIP])
    assert VIP not in defaults(Domain.FRIEND, [VIP])
    assert VIP in offered(Domain.FRIEND, [VIP])


def test_shows_who_a_friend_is_before_what_the_list_says() -> None:
    assert [field.word for field in defaults(Domain.FRIEND, [])] == [
        "nick",
        *("remark", "groups", "source", "wording"),
    ]


def test_describes_an_apps_own_field_by_its_keyword() -> None:
    assert (VIP.word, VIP.label, VIP.tag) == ("Vip", "VIP tier", f"{CUSTOM_PROFILE}Vip")
    assert (VIP.domain, VIP.kind, VIP.max_bytes) == (Domain.PROFILE, Kind.TEXT, 500)
    assert custom_field("Tier").label == "Tier"
    assert custom_field("Tier", prefix=CUSTOM_FRIEND).domain is Domain.FRIEND


NAMED: tuple[tuple[list[str], Domain, list[str]], ...] = (
    # names, whose fields, the tags in reading order
    (["level", "nick"], Domain.PROFILE, ["Tag_Profile_IM_Nick", "Tag_Profile_IM_Level"]),
    (["NICK", "nick", "Tag_Profile_IM_Nick"], Domain.PROFILE, ["Tag_Profile_IM_Nick"]),
    (["vip", "nick"], Domain.PROFILE, ["Tag_Profile_IM_Nick", VIP.tag]),
    (["nick", "remark"], Domain.FRIEND, ["Tag_SNS_IM_Remark", "Tag_Profile_IM_Nick"]),
    (["Vip", "groups"], Domain.FRIEND, ["Tag_SNS_IM_Group", VIP.tag]),
    (["Tag_SNS_Custom_X", "since"], Domain.FRIEND, ["Tag_SNS_IM_AddTime", "Tag_SNS_Custom_X"]),
    (
        ["Tag_Profile_Custom_B", "Tag_Profile_Custom_A", "avatar"],
        Domain.PROFILE,
        ["Tag_Profile_IM_Image", "Tag_Profile_Custom_B", "Tag_Profile_Custom_A"],
    ),
    ([], Domain.PROFILE, []),
)


@pytest.mark.parametrize(("names", "domain", "expected"), NAMED)
def test_finds_fields_by_word_tag_or_keyword(names: list[str], domain: Domain, expected: list[str]) -> None:
    assert tags(named(names, domain, [VIP])) == expected


def test_keeps_the_label_of_a_custom_field_that_is_named_by_its_tag() -> None:
    assert named([VIP.tag], Domain.PROFILE, [VIP]) == (VIP,)


def test_reads_a_word_as_the_standard_field_when_an_app_uses_it_too() -> None:
    own = custom_field("Level", "Own level")

    assert tags(named(["level"], Domain.PROFILE, [own])) == ["Tag_Profile_IM_Level"]
    assert named([own.tag], Domain.PROFILE, [own]) == (own,)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("remark", Domain.PROFILE),
        (f"{CUSTOM_FRIEND}X", Domain.PROFILE),
        (f"{CUSTOM_PROFILE}Vip2", Domain.PROFILE),
        (f"{CUSTOM_PROFILE}ninechars", Domain.PROFILE),
        (CUSTOM_PROFILE, Domain.FRIEND),
        ("", Domain.PROFILE),
    ],
)
def test_refuses_a_name_that_fits_no_field(name: str, domain: Domain) -> None:
    with pytest.raises(UsageError, match=r"there is no field “.*” here") as caught:
        named([name], domain, [VIP])

    assert all(field.word in caught.value.advice for field in offered(domain, [VIP]))


def test_suggests_a_name_as_it_is_spelled() -> None:
    assert nearest("VIPP", ["nick", "Vip"]) == "Vip"
    assert did_you_mean("nikc", ["nick", "Vip"]) == "Did you mean nick? "
    assert did_you_mean("elephant", ["nick", "Vip"]) == ""


def test_gives_every_standard_field_a_spelling_of_its_own() -> None:
    spelled = [name for field in STANDARD for name in {bare(field.word), bare(field.label)}]

    assert len(spelled) == len(set(spelled))


@pytest.mark.parametrize("name", ["Friend requests", "friend_requests", "FRIEND-REQUESTS", "forbid"])
def test_finds_a_field_by_its_label_however_it_is_spelled(name: str) -> None:
    assert tags(named([name, "vip_tier"], Domain.PROFILE, [VIP])) == [
        "Tag_Profile_IM_AdminForbidType",
        VIP.tag,
    ]


def test_reads_a_word_before_a_label() -> None:
    own = custom_field("Nickname", "level")

    assert named(["nickname"], Domain.PROFILE, [own]) == (own,)
    assert tags(named(["level"], Domain.PROFILE, [own])) == ["Tag_Profile_IM_Level"]


def test_names_every_unknown_field_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        named(["lvel", "nick", "add_frend_rule"], Domain.PROFILE, [])

    assert [part.advice for part in caught.value.parts] == [
        "Did you mean level?",
        "Did you mean allow (Add-friend rule)?",
    ]
