"""Demo data: a few hundred realistic accounts, the same on each run."""

import random
from collections.abc import Iterator

from bot.core.fields import CUSTOM_FRIEND, CUSTOM_PROFILE, PROFILE_FIELDS
from bot.sandbox.data import ADMIN, Account, CustomField, FriendEntry, HostedApp
from bot.sandbox.demo_names import FIRST_NAMES, LOCALES

APP_ID = 1400000000
"""The demo app's SDKAppID."""
KEY = "6d61646520757020666f72207468652073616e64626f7820616e6420706c6179"
"""The demo app's secret key; protects nothing."""
VIP = CUSTOM_PROFILE + "Vip"
"""The demo app's custom profile field."""

SERIES = 300
"""Length of the series `user_001`, `user_002` …"""
NOT_IMPORTED = frozenset({17, 117, 217})
"""Numbers missing from the series."""
FAILING = frozenset({29, 129, 229})
"""Numbers whose profiles always fail to read."""
FAILURE = 40006
"""Code of that failure."""

_SEED = 20190419
_TEST = CUSTOM_PROFILE + "Test"
_FRIEND_TEST = CUSTOM_FRIEND + "Test"
_NOTE = CUSTOM_FRIEND + "Note"
_PLANS = ("free", "free", "free", "plus", "team")
_TIERS = ("gold", "silver", "silver", "bronze")
_CONFIRM, _ANYBODY, _NOBODY = _ADD_RULES = tuple(
    f"AllowType_Type_{rule}" for rule in ("NeedConfirm", "AllowAny", "DenyAny")
)
_BLOCKED = "AdminForbid_Type_SendOut"
_SOURCES = ("AddSource_Type_Web", "AddSource_Type_Android", "AddSource_Type_iOS")
_TAGS = {field.word: field.tag for field in PROFILE_FIELDS} | {"vip": VIP, "test": _TEST}


def demo_app(app_id: int = APP_ID, key: str = KEY) -> HostedApp:
    """Make the demo app."""
    dice = random.Random(_SEED)  # noqa: S311 - realistic data, not secrets
    crowd = {**dict(_people(dice)), **dict(_series(dice))}
    _add_friends(crowd, dice)
    return HostedApp(
        app_id,
        key,
        custom={tag: CustomField() for tag in (VIP, _TEST, _NOTE, _FRIEND_TEST)},
        attribute_names={"0": "sex", "1": "city", "2": "plan"},
        accounts={**_characters(), **_samples(), **crowd},
    )


def _characters() -> dict[str, Account]:
    """Make the accounts used in documentation and demonstrations."""
    alice = _profile(
        nick="Alice Zhang",
        gender="Gender_Type_Female",
        birthday=19900419,
        location="Shenzhen",
        allow=_CONFIRM,
        level=7,
        role=2,
        language=1,
        signature="on the road again",
        avatar="https://img.example/a/77.png",
        vip="gold",
    )
    bob = _profile(
        nick="free_coins_4u",
        gender="Gender_Type_Unknown",
        birthday=0,
        allow=_ANYBODY,
        forbid=_BLOCKED,
        level=3,
        role=0,
    )
    carol = _profile(nick="Carol 🌻", birthday=19851130, location="Singapore", allow=_CONFIRM, level=12)
    friends_of_alice = {
        "bob_k": _friend(1690000000, "Bob from the fair", "Work", "Climbing"),
        "carol": _friend(1600000000, "", "Family") | {_NOTE: "sister"},
    }
    return {
        ADMIN: Account(_profile(nick="Administrator")),
        "alice": Account(alice, friends_of_alice, {"sex": "F", "city": "Shenzhen", "plan": "team"}),
        "bob_k": Account(bob, {"alice": _friend(1690000000)}, {"sex": "M", "plan": "free"}),
        "carol": Account(carol, {}, {"sex": "F", "city": "Singapore", "plan": "plus"}),
    }


def _samples() -> dict[str, Account]:
    """Make the accounts of the vendor's sample requests."""
    samples = {
        f"id{number}": Account(
            _profile(
                nick=f"NickNameTest{number}",
                allow=rule,
                signature=f"I'm Test{number}",
                test=f"Custom Data{number}",
            )
        )
        for number, rule in enumerate((_CONFIRM, _NOBODY, _ANYBODY, _ANYBODY), start=1)
    }
    samples["id4"].fails = FAILURE
    for number in range(1, 5):
        profile = _profile(nick=f"nick_{number}", test=f"custom_profile_{number}")
        samples[f"UserID_{number}"] = Account(profile)
    samples["UserID_1"].friends = {
        "UserID_2": _friend(1500000000, "remark_2", "group1", "group2") | {_FRIEND_TEST: "custom_sns_2"},
        "UserID_3": _friend(1500000000, "remark_3"),
    }
    return samples | {
        "id": Account(),
        "Zhang Xiaohong": Account(attributes={"sex": "Female", "city": "New York"}),
        "Chen Xiaoming": Account(attributes={"sex": "M", "city": "Shenzhen"}),
        "abc": Account(),
    }


def _people(dice: random.Random) -> Iterator[tuple[str, Account]]:
    """Make people with names in many scripts; some leave fields unset."""
    for place in LOCALES:
        for gender, names in (("Female", place.women), ("Male", place.men)):
            for pair in names.split():
                account, _, name = pair.partition("=")
                town = dice.choice(place.towns.split())
                profile = _profile(
                    nick=name.replace("_", " "),
                    gender=f"Gender_Type_{dice.choice((gender, gender, 'Unknown'))}",
                    birthday=_birthday(dice),
                    location=town,
                    level=dice.randrange(1, 40),
                    role=dice.choice((0, 0, 0, 1, 2)),
                    language=place.language,
                    signature=dice.choice(place.signatures),
                    **_random_extras(account, dice),
                )
                attributes = {"sex": gender[0], "city": town, "plan": dice.choice(_PLANS)}
                yield account, Account(profile, attributes=attributes)


def _series(dice: random.Random) -> Iterator[tuple[str, Account]]:
    """Make the series, with its gaps and failing accounts."""
    names = FIRST_NAMES.split()
    for number in range(1, SERIES + 1):
        account = f"user_{number:03}"
        nick = f"{names[(number - 1) % len(names)]} {dice.choice('ABCDEFGHJKLMNPRSTVW')}."
        profile = _profile(nick=nick, level=dice.randrange(40), **_random_extras(account, dice))
        attributes = {"plan": dice.choice(_PLANS)} if _chance(dice, 0.7) else {}
        fails = FAILURE if number in FAILING else 0
        if number not in NOT_IMPORTED:
            yield account, Account(profile, attributes=attributes, fails=fails)


def _random_extras(account: str, dice: random.Random) -> dict[str, str | int]:
    """Choose values for fields that only some accounts set."""
    extras: dict[str, str | int] = {"allow": dice.choice(_ADD_RULES)}
    if _chance(dice, 0.06):
        extras["forbid"] = _BLOCKED
    if _chance(dice, 0.5):
        extras["avatar"] = f"https://img.example/a/{account}.png"
    if _chance(dice, 0.25):
        extras["vip"] = dice.choice(_TIERS)
    return extras


def _add_friends(crowd: dict[str, Account], dice: random.Random) -> None:
    """Fill friend lists; about half of the entries are mutual."""
    for account, held in crowd.items():
        for friend in dice.sample(sorted(crowd.keys() - {account}), 6):
            since, group = dice.randrange(1500000000, 1750000000), dice.choice(("", "", "Work", "Family"))
            held.friends[friend] = _friend(since, "", *filter(None, [group]))
            if _chance(dice, 0.5):
                crowd[friend].friends.setdefault(account, _friend(since))


def _profile(**values: str | int) -> dict[str, str | int]:
    """Make a profile from values by field word."""
    return {_TAGS[word]: value for word, value in values.items()}


def _friend(since: int, remark: str = "", *groups: str) -> FriendEntry:
    entry: FriendEntry = {
        "Tag_SNS_IM_AddSource": _SOURCES[since % len(_SOURCES)],
        "Tag_SNS_IM_AddTime": since,
    }
    if remark:
        entry["Tag_SNS_IM_Remark"] = remark
    if groups:
        entry["Tag_SNS_IM_Group"] = list(groups)
    return entry


def _birthday(dice: random.Random) -> int:
    return dice.randrange(1955, 2008) * 10000 + dice.randrange(1, 13) * 100 + dice.randrange(1, 29)


def _chance(dice: random.Random, share: float) -> bool:
    return dice.random() < share
