"""Fuzzed calls are answered with the documented envelope."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import Account
from bot.sandbox.server import Sandbox
from tests.support.sandbox import PATHS, Caller, hosted

KEYS = [
    *("To_Account", "From_Account", "TagList", "ProfileItem", "CheckItem", "UserID", "Identifier"),
    *("Nick", "FaceUrl", "AddFriendItem", "AddSource", "Remark", "GroupName", "AddTime", "CustomItem"),
    *("AttrNames", "UserAttrs", "Attrs", "Tag", "Value", "0", "sex"),
]
WORDS = [
    *(field.tag for field in (*PROFILE_FIELDS, *FRIEND_FIELDS)),
    *("Tag_Profile_Custom_Test", "Tag_SNS_Custom_Test", "ann", "ben", "AddSource_Type_Web", ""),
]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS)
bodies = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
# Bodies of the right shape with arbitrary parts reach deeper code.
shaped = st.fixed_dictionaries(
    {},
    optional={
        "To_Account": st.lists(st.sampled_from(["ann", "ben", "zoe"]), min_size=1, max_size=3) | bodies,
        "From_Account": st.just("ann") | bodies,
        "UserID": st.text(max_size=40),
        "TagList": st.lists(st.sampled_from(WORDS), min_size=1, max_size=5) | bodies,
        "ProfileItem": st.lists(
            st.fixed_dictionaries({"Tag": st.sampled_from(WORDS), "Value": leaves}), max_size=4
        ),
        "CheckItem": st.lists(st.fixed_dictionaries({"UserID": leaves}), max_size=3),
        "AddFriendItem": st.lists(st.dictionaries(st.sampled_from(KEYS), bodies, max_size=6), max_size=3)
        | st.lists(
            st.fixed_dictionaries(
                {"To_Account": st.just("ben"), "AddSource": st.just("AddSource_Type_Web")},
                optional={"Remark": leaves, "GroupName": bodies, "AddTime": leaves, "CustomItem": bodies},
            ),
            max_size=2,
        ),
        "AttrNames": st.dictionaries(st.sampled_from("0123456789x"), leaves, max_size=3),
        "UserAttrs": st.lists(
            st.fixed_dictionaries(
                {"To_Account": leaves, "Attrs": st.dictionaries(st.sampled_from(KEYS), leaves, max_size=2)}
            ),
            max_size=3,
        ),
    },
)
behavior = st.sampled_from(
    [
        Behavior(rate=False),
        Behavior(
            rate=False,
            order="shuffled",
            all_failed="FAIL",
            unset_tag="default",
            bad_tag="per user",
            duplicates="once",
            empty_list="accept",
            empty_string="clear",
            int_strings=True,
            answer_int_strings=True,
            set_atomic=False,
            envelope="extra keys",
        ),
        Behavior(rate=False, bad_tag="ignore", attr_unknown="omitted", empty_profile="absent", max_users=0),
    ]
)
shared = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_envelope(answer: dict[str, Any]) -> bool:
    failed = answer["ErrorCode"] != 0
    return (
        answer["ActionStatus"] == ("FAIL" if failed else "OK")
        and isinstance(answer["ErrorCode"], int)
        and isinstance(answer["ErrorInfo"], str)
        and bool(answer["ErrorInfo"]) == failed
    )


@pytest.fixture(scope="module")
def fuzzed() -> Caller:
    sandbox = Sandbox(hosted({"ann": {}, "ben": {}}))
    sandbox.apps[next(iter(sandbox.apps))].accounts["eve"] = Account(fails=40006)
    return Caller(sandbox)


@pytest.mark.parametrize("command", PATHS)
@shared
@given(body=bodies | shaped, chosen=behavior)
def test_any_json_gets_the_envelope(command: str, body: Any, chosen: Behavior, fuzzed: Caller) -> None:
    fuzzed.sandbox.behavior = chosen

    assert is_envelope(fuzzed.raw(command, json.dumps(body).encode()))


@pytest.mark.parametrize("command", ["portrait_get", "portrait_set"])
@shared
@given(body=st.binary())
def test_any_bytes_get_the_envelope(command: str, body: bytes, fuzzed: Caller) -> None:
    fuzzed.sandbox.behavior = Behavior(rate=False)

    assert is_envelope(fuzzed.raw(command, body))


@shared
@given(
    query=st.dictionaries(
        st.sampled_from(["sdkappid", "identifier", "usersig", "random", "contenttype"]),
        st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["1400000000", "administrator"]),
    )
)
def test_any_query_gets_the_envelope(query: dict[str, str], fuzzed: Caller) -> None:
    fuzzed.sandbox.behavior = Behavior(rate=False)

    answer = fuzzed.raw("portrait_get", b"{}", **query)

    assert is_envelope(answer)
    assert answer["ErrorCode"] != 0
