"""The demo data: the same every time, in many scripts, and within the vendor's own rules."""

import unicodedata

import pytest

from bot.core.fields import CUSTOM_PROFILE, FRIEND_FIELDS, PROFILE_FIELDS, custom_field
from bot.sandbox.behavior import Behavior
from bot.sandbox.demo import FAILING, FAILURE, NOT_IMPORTED, SERIES, VIP, demo_app
from bot.sandbox.rest_api.attributes import ATTRIBUTE_BYTES
from bot.sandbox.rest_api.request import USERID_BYTES
from bot.sandbox.rest_api.values import validate
from bot.sandbox.server import Sandbox
from tests.sandbox.test_samples import ATTRIBUTES, SAMPLES
from tests.support.sandbox import Caller

DEMO = demo_app()
FIELDS = {field.tag: field for field in PROFILE_FIELDS} | {
    tag: custom_field(tag.removeprefix(CUSTOM_PROFILE)) for tag in DEMO.custom
}


def test_is_the_same_every_time() -> None:
    assert demo_app() == DEMO


def test_has_a_few_hundred_accounts_in_several_scripts() -> None:
    nicks = "".join(str(held.profile.get("Tag_Profile_IM_Nick", "")) for held in DEMO.accounts.values())
    scripts = {unicodedata.name(letter).split()[0] for letter in nicks if letter.isalpha()}

    assert len(DEMO.accounts) > 350
    assert scripts >= {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "ARABIC", "CYRILLIC", "DEVANAGARI"}


def test_has_the_people_of_the_documents() -> None:
    alice, bob = DEMO.accounts["alice"], DEMO.accounts["bob_k"]

    assert alice.profile["Tag_Profile_IM_Nick"] == "Alice Zhang"
    assert alice.profile["Tag_Profile_IM_BirthDay"] == 19900419
    assert alice.profile[VIP] == "gold"
    assert bob.profile["Tag_Profile_IM_Nick"] == "free_coins_4u"
    assert bob.profile["Tag_Profile_IM_AdminForbidType"] == "AdminForbid_Type_SendOut"
    assert alice.friends.keys() == {"bob_k", "carol"}
    assert not DEMO.accounts["carol"].friends


def test_the_series_has_gaps_and_failing_accounts() -> None:
    numbers = {number for number in range(1, SERIES + 1) if f"user_{number:03}" in DEMO.accounts}

    assert numbers == set(range(1, SERIES + 1)) - NOT_IMPORTED
    assert {DEMO.accounts[f"user_{number:03}"].fails for number in FAILING} == {FAILURE}


def test_profiles_and_attributes_keep_to_the_vendors_rules() -> None:
    attributes = set(DEMO.attribute_names.values())

    for account, held in DEMO.accounts.items():
        assert 0 < len(account.encode()) <= USERID_BYTES
        for tag, value in held.profile.items():
            assert validate(FIELDS[tag], value, Behavior()) == value
        assert held.attributes.keys() <= attributes
        assert all(0 < len(value.encode()) <= ATTRIBUTE_BYTES for value in held.attributes.values())


def test_friends_are_accounts_with_known_fields() -> None:
    known = {field.tag for field in FRIEND_FIELDS} | DEMO.custom.keys()

    for account, held in DEMO.accounts.items():
        assert held.friends.keys() <= DEMO.accounts.keys() - {account}
        assert all(entry.keys() <= known for entry in held.friends.values())


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_the_vendors_samples_without_any_seeding(sample: str) -> None:
    command, body, printed = SAMPLES[sample]
    caller = Caller(Sandbox(demo_app()))

    with caller.session:
        assert caller.call(command, body) == printed


def test_answers_the_attribute_sample_without_any_seeding() -> None:
    caller = Caller(Sandbox(demo_app()))

    with caller.session:
        answer = caller.call("im_get_attr", {"To_Account": [*ATTRIBUTES, "abc"]})

    users = {user["To_Account"]: user["Attrs"] for user in answer["UserAttrs"]}
    assert users == {**ATTRIBUTES, "abc": {}}
