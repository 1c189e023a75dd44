from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from bot.core.model import Deadline
from bot.errors import (
    AuthenticationError,
    IMError,
    InvalidRequestError,
    NotAFriendError,
    NotFoundError,
)
from bot.im.client import ENDPOINTS as CALLS
from bot.im.client import IMClient
from bot.sandbox.behavior import Behavior
from bot.sandbox.data import ADMIN, Account, HostedApp
from bot.sandbox.rest_api.calls import ENDPOINTS
from bot.sandbox.server import Sandbox
from tests.support.sandbox import APP_ID, KEY, Caller, serving

NICK = "Tag_Profile_IM_Nick"
LEVEL = "Tag_Profile_IM_Level"
REMARK = "Tag_SNS_IM_Remark"
GROUP = "Tag_SNS_IM_Group"


def test_the_sandbox_has_every_call_of_the_client() -> None:
    assert {f"/v4/{endpoint.command}" for endpoint in CALLS} <= set(ENDPOINTS)


@pytest.fixture(scope="module")
def served() -> Iterator[Caller]:
    with serving(Sandbox(HostedApp(APP_ID, KEY))) as served:
        yield served


@pytest.fixture
def sandbox(served: Caller) -> Sandbox:
    accounts = {
        "alice": Account(
            {NICK: "Alice 张三", LEVEL: 7}, {"bob": {REMARK: "Bobby", GROUP: ["work"]}}, {"city": "Shenzhen"}
        ),
        "bob": Account(),
        "ill": Account(fails=40006),
    }
    app = HostedApp(APP_ID, KEY, attribute_names={"0": "city"}, accounts=accounts)
    served.sandbox.apps[APP_ID] = app
    served.sandbox.behavior = Behavior()
    return served.sandbox


@pytest.fixture
def im(sandbox: Sandbox, served: Caller) -> Iterator[IMClient]:
    with closing(client(served.url)) as im:
        yield im


def client(url: str, *, key: str = KEY, app_id: int = APP_ID, admin: str = ADMIN) -> IMClient:
    return IMClient(base_url=url, app_id=app_id, key=key, admin=admin, workers=2)


def short_deadline() -> Deadline:
    return Deadline.after(5)


BEHAVIORS: list[dict[str, Any]] = [
    {},
    {"order": "shuffled"},
    {"empty_profile": "absent"},
    {"answer_int_strings": True},
    {"envelope": "extra keys"},
    {"envelope": "no ErrorInfo"},
    {"duplicates": "once"},
]


@pytest.mark.parametrize("behavior", BEHAVIORS)
def test_reads_profiles_whichever_way_the_vendor_has_it(
    sandbox: Sandbox, im: IMClient, behavior: dict[str, Any]
) -> None:
    sandbox.behavior = Behavior(**behavior)

    found = im.get_profiles(["ill", "bob", "nobody", "alice", "alice"], [NICK, LEVEL], short_deadline())

    assert found["alice"] == {NICK: "Alice 张三", LEVEL: 7}
    assert found["bob"] == {}
    assert isinstance(found["nobody"], NotFoundError)
    assert isinstance(found["ill"], IMError)
    assert found["ill"].code == 40006


def test_raises_what_fails_as_a_whole(sandbox: Sandbox, im: IMClient) -> None:
    sandbox.behavior = Behavior(missing_user="whole call")

    with pytest.raises(NotFoundError):
        im.get_profiles(["alice", "nobody"], [NICK], short_deadline())


def test_reads_friends(im: IMClient) -> None:
    found = im.get_friends("alice", ["ill", "bob"], [NICK, REMARK, GROUP], short_deadline())

    assert found["bob"] == {REMARK: "Bobby", GROUP: ("work",)}
    assert isinstance(found["ill"], NotAFriendError)


def test_reads_attributes(im: IMClient) -> None:
    assert im.get_attributes(["bob", "alice"], short_deadline()) == {"alice": {"city": "Shenzhen"}, "bob": {}}


def test_reads_which_accounts_are_imported(im: IMClient) -> None:
    assert im.check_accounts(["nobody", "bob"], short_deadline()) == {"nobody": False, "bob": True}


def test_writes_only_the_fields_named(im: IMClient) -> None:
    im.set_profile("alice", {NICK: "Alicia"}, short_deadline())

    assert im.get_profiles(["alice"], [NICK, LEVEL], short_deadline()) == {
        "alice": {NICK: "Alicia", LEVEL: 7}
    }


def test_a_refused_value_changes_nothing(im: IMClient) -> None:
    with pytest.raises(InvalidRequestError):
        im.set_profile("alice", {LEVEL: "seven"}, short_deadline())

    assert im.get_profiles(["alice"], [LEVEL], short_deadline()) == {"alice": {LEVEL: 7}}


@pytest.mark.parametrize(
    ("wrong", "code"), [({"key": "another"}, 70009), ({"app_id": 1}, 70020), ({"admin": "bob"}, 60010)]
)
def test_wrong_credentials_are_an_operators_problem(
    sandbox: Sandbox, served: Caller, wrong: dict[str, Any], code: int
) -> None:
    with closing(client(served.url, **wrong)) as im, pytest.raises(AuthenticationError) as caught:
        im.get_profiles(["alice"], [NICK], short_deadline())

    assert caught.value.code == code
    assert "Tell the bot's operator to" in caught.value.advice
