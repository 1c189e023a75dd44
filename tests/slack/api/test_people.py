import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from bot.core.model import Actor, Membership
from bot.errors import SlackUnavailableError, TeamUnconfirmedError
from bot.playground.people import EDITORS_GROUP_ID, GROUP_EDITOR, PARTNER_TEAM_ID, PEOPLE, TEAM_ID, PersonKind
from bot.playground.server import make_app
from bot.serving.background_server import BackgroundServer
from bot.slack.api.client import Limits, SlackClient
from bot.slack.api.people import FRESH_SECONDS, UNREACHABLE_SECONDS, SlackPeople
from tests.support.scripted_server import (
    DRIPS,
    ReceivedRequest,
    ScriptedServer,
    ServerResponse,
    answer,
    hang,
    reset,
)
from tests.support.slack import BOT_TOKEN, ONCALL, PARTNERS, SCOPES, make_workspace

HOME, GRID, ELSEWHERE, OTHER_GRID = "T01HOME", "E01GRID", "T02ELSE", "E02ELSE"
ME = Actor("U01ME", HOME)
IDENTITY = {"ok": True, "team_id": HOME, "team": "Home", "user_id": "U01BOT"}
IN_GRID = {**IDENTITY, "enterprise_id": GRID}
MEMBER = {"id": ME.user_id, "team_id": HOME}


class FakeSlackAPI(ScriptedServer):
    """Slack's Web API with an answer for each method; other methods reset the connection."""

    def __init__(self, **answers: object) -> None:
        super().__init__(self._reply)
        self.answers = {"auth_test": IDENTITY} | answers

    def _reply(self, connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        body = self.answers.get(request.path.rpartition("/")[2].replace(".", "_"))
        response = (
            reset() if body is None else answer(body, headers="X-OAuth-Scopes: chat:write, commands\r\n")
        )
        response(connection, request, stopped)

    def count(self, method: str) -> int:
        return sum(request.path.endswith(method) for request in self.requests)


def client(url: str) -> SlackClient:
    return SlackClient(BOT_TOKEN, f"{url}/api/")


@contextmanager
def people(**answers: object) -> Iterator[tuple[SlackPeople, FakeSlackAPI]]:
    with FakeSlackAPI(**answers) as slack:
        yield SlackPeople(client(slack.url)), slack


def user(**more: object) -> Mapping[str, object]:
    return {"ok": True, "user": {**MEMBER, **more}}


@pytest.mark.parametrize(
    ("shape", "standing"),
    [
        ({}, Membership.MEMBER),
        ({"is_admin": True, "is_owner": True}, Membership.MEMBER),
        (
            {"is_bot": False, "deleted": False, "is_restricted": False, "is_stranger": False},
            Membership.MEMBER,
        ),
        ({"team_id": None}, Membership.MEMBER),
        ({"is_restricted": True}, Membership.GUEST),
        ({"is_restricted": True, "is_ultra_restricted": True}, Membership.GUEST),
        ({"is_ultra_restricted": True}, Membership.GUEST),
        ({"is_bot": True}, Membership.BOT),
        ({"is_workflow_bot": True}, Membership.BOT),
        ({"id": "USLACKBOT", "is_bot": False}, Membership.BOT),
        ({"deleted": True}, Membership.DEACTIVATED),
        ({"deleted": True, "is_restricted": True}, Membership.DEACTIVATED),
        ({"is_stranger": True}, Membership.STRANGER),
        ({"team_id": ELSEWHERE}, Membership.STRANGER),
        ({"team_id": ELSEWHERE, "is_restricted": True}, Membership.GUEST),
        ({"enterprise_user": {}}, Membership.MEMBER),
        ({"enterprise_user": None}, Membership.MEMBER),
        ({"team_id": ELSEWHERE, "enterprise_user": {"enterprise_id": GRID}}, Membership.STRANGER),
        ({"team_id": ELSEWHERE, "enterprise_user": {"teams": [ELSEWHERE, HOME]}}, Membership.MEMBER),
        ({"team_id": None, "enterprise_user": {"teams": [ELSEWHERE]}}, Membership.STRANGER),
        ({"team_id": None, "enterprise_user": {"teams": None}}, Membership.MEMBER),
    ],
)
def test_reads_the_membership_of_a_person(shape: Mapping[str, object], standing: Membership) -> None:
    with people(users_info=user(**shape)) as (slack_people, _):
        assert slack_people.get_membership(ME) is standing


def test_counts_every_workspace_of_the_grid_as_home() -> None:
    shape = user(team_id=ELSEWHERE, enterprise_user={"enterprise_id": GRID, "teams": [ELSEWHERE]})

    with people(auth_test=IN_GRID, users_info=shape) as (slack_people, _):
        assert slack_people.get_membership(ME) is Membership.MEMBER
        assert slack_people.get_membership(Actor(ME.user_id, GRID)) is Membership.MEMBER


@pytest.mark.parametrize(
    ("team", "shape", "membership"),
    [
        (
            ELSEWHERE,
            {"enterprise_user": {"enterprise_id": GRID, "teams": [HOME, ELSEWHERE]}},
            Membership.MEMBER,
        ),
        (GRID, {"enterprise_user": {"enterprise_id": GRID, "teams": [HOME, ELSEWHERE]}}, Membership.MEMBER),
        (ELSEWHERE, {"enterprise_user": {"enterprise_id": GRID}}, Membership.MEMBER),
        ("", {}, Membership.MEMBER),
        (ELSEWHERE, {}, Membership.STRANGER),
        (ELSEWHERE, {"team_id": None}, Membership.STRANGER),
        (ELSEWHERE, {"team_id": ELSEWHERE}, Membership.STRANGER),
        (
            ELSEWHERE,
            {"team_id": ELSEWHERE, "enterprise_user": {"enterprise_id": OTHER_GRID, "teams": [ELSEWHERE]}},
            Membership.STRANGER,
        ),
        ("", {"team_id": None}, Membership.STRANGER),
        ("", {"team_id": ELSEWHERE}, Membership.STRANGER),
        ("", {"is_stranger": True}, Membership.STRANGER),
        (
            ELSEWHERE,
            {"team_id": ELSEWHERE, "enterprise_user": {"enterprise_id": GRID, "teams": [ELSEWHERE]}},
            Membership.STRANGER,
        ),
        (HOME, {"team_id": ELSEWHERE, "is_stranger": True}, Membership.STRANGER),
        (GRID, {"team_id": ELSEWHERE, "enterprise_user": {"enterprise_id": OTHER_GRID}}, Membership.STRANGER),
    ],
)
def test_believes_no_payload_about_the_team_of_a_person(
    team: str, shape: Mapping[str, object], membership: Membership
) -> None:
    with people(auth_test=IN_GRID, users_info=user(**shape)) as (slack_people, _):
        assert slack_people.get_membership(Actor(ME.user_id, team)) is membership


def test_takes_no_empty_organization_for_a_shared_one() -> None:
    shape = user(enterprise_user={"id": "", "enterprise_id": "", "teams": []})

    with people(users_info=shape) as (slack_people, _):
        assert slack_people.get_membership(Actor(ME.user_id, ELSEWHERE)) is Membership.STRANGER


def test_asks_nothing_about_people_of_other_teams_without_an_organization() -> None:
    with people(users_info=None) as (slack_people, _):
        assert slack_people.get_membership(Actor(ME.user_id, ELSEWHERE)) is Membership.STRANGER


def test_says_that_a_team_is_unconfirmed_while_slack_cannot_be_asked() -> None:
    with people(auth_test=IN_GRID, users_info=None) as (slack_people, _):
        with pytest.raises(TeamUnconfirmedError):
            slack_people.get_membership(Actor(ME.user_id, ELSEWHERE))
        with pytest.raises(SlackUnavailableError) as caught:
            slack_people.get_membership(ME)

    assert not isinstance(caught.value, TeamUnconfirmedError)


@pytest.mark.parametrize(
    ("team", "shape", "known_by"),
    [
        (ELSEWHERE, {"enterprise_user": {"enterprise_id": GRID, "teams": [HOME, ELSEWHERE]}}, HOME),
        ("", {}, HOME),
        (HOME, {}, HOME),
        (ELSEWHERE, {}, ELSEWHERE),
        (ELSEWHERE, {"team_id": ELSEWHERE, "is_stranger": True}, ELSEWHERE),
        (ELSEWHERE, {"team_id": ELSEWHERE, "enterprise_user": {"enterprise_id": GRID}}, ELSEWHERE),
    ],
)
def test_knows_a_member_by_the_bots_own_workspace(
    team: str, shape: Mapping[str, object], known_by: str
) -> None:
    with people(auth_test=IN_GRID, users_info=user(**shape)) as (slack_people, _):
        assert slack_people.resolve(Actor(ME.user_id, team)).team_id == known_by


def test_knows_the_names_of_people_it_asked_about_and_asks_for_none() -> None:
    with people(users_info=user(real_name="Mira Meyer")) as (slack_people, slack):
        assert slack_people.find_name(ME.user_id) == ""
        slack_people.get_membership(ME)
        with freeze_time(timedelta(seconds=FRESH_SECONDS + 1)):
            assert slack_people.find_name(ME.user_id) == "Mira Meyer"
        assert slack.count("users.info") == 1


def test_asks_for_the_name_of_a_person_that_another_process_met() -> None:
    with people(users_info=user(real_name="Mira Meyer")) as (slack_people, slack):
        assert [slack_people.ask_name(ME.user_id) for _ in range(3)] == ["Mira Meyer"] * 3
        assert slack.count("users.info") == 1


def test_asks_slack_for_no_name_of_a_terminal() -> None:
    with people(users_info=user(real_name="Mira Meyer")) as (slack_people, slack):
        assert slack_people.ask_name("terminal:mira") == ""
        assert slack.requests == []


def test_waits_once_for_a_name_that_slack_does_not_give() -> None:
    with ScriptedServer(hang()) as slack:
        slack_people = SlackPeople(client(slack.url))

        assert [slack_people.ask_name(ME.user_id) for _ in range(20)] == [""] * 20
        assert len(slack.requests) == 1


def test_leaves_a_person_as_named_while_slack_says_nothing() -> None:
    with people(users_info=None) as (slack_people, _):
        assert slack_people.resolve(Actor(ME.user_id, ELSEWHERE)).team_id == ELSEWHERE


def test_asks_nothing_about_a_person_named_by_the_bots_workspace() -> None:
    with people(users_info=user()) as (slack_people, slack):
        assert slack_people.resolve(ME).team_id == HOME
        assert slack.count("users.info") == 0


@pytest.mark.parametrize("code", ["user_not_found", "user_not_visible", "users_not_found"])
def test_calls_whom_slack_does_not_know_a_stranger(code: str) -> None:
    with people(users_info={"ok": False, "error": code}) as (slack_people, _):
        assert slack_people.get_membership(ME) is Membership.STRANGER


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "user": None}, {"ok": True, "user": []}])
def test_guesses_nothing_from_an_answer_without_a_person(body: object) -> None:
    with people(users_info=body) as (slack_people, _), pytest.raises(SlackUnavailableError):
        slack_people.get_membership(ME)


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "team_id": ""}])
def test_guesses_no_home(body: object) -> None:
    with people(auth_test=body) as (slack_people, _), pytest.raises(SlackUnavailableError):
        slack_people.get_membership(ME)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"ok": False, "error": "invalid_auth"}, "invalid_auth"),
        ({"ok": False, "error": "missing_scope"}, "missing_scope"),
        ({"ok": False}, "not a code"),
        (b"<html>gateway</html>", "not a code"),
    ],
)
def test_names_slacks_code_when_it_will_not_say(body: object, detail: str) -> None:
    answers = dict.fromkeys(("users_info", "usergroups_users_list", "conversations_info"), body)

    with people(**answers) as (slack_people, _):
        for ask in (
            lambda: slack_people.get_membership(ME),
            lambda: slack_people.list_group("S01"),
            lambda: slack_people.is_shared_outside("C01"),
        ):
            with pytest.raises(SlackUnavailableError) as caught:
                ask()
            assert caught.value.detail == detail
            assert BOT_TOKEN not in str(caught.value)


@pytest.mark.parametrize("body", [[], None, 7])
def test_takes_an_answer_of_another_shape_for_none(body: object) -> None:
    with people(auth_test=answer_bytes(body)) as (slack_people, _), pytest.raises(SlackUnavailableError):
        slack_people.get_identity()


def answer_bytes(body: object) -> bytes:
    return b"null" if body is None else str(body).encode()


def test_cannot_ask_a_slack_that_is_not_there() -> None:
    slack_people = SlackPeople(client("http://127.0.0.1:9"))

    with pytest.raises(SlackUnavailableError, match="could not be reached") as caught:
        slack_people.get_membership(ME)

    assert "127.0.0.1" not in str(caught.value)


def test_reads_the_bots_identity() -> None:
    with people() as (slack_people, _):
        identity = slack_people.get_identity()

    assert (identity.home, identity.team, identity.user_id) == (frozenset({HOME}), "Home", "U01BOT")
    assert identity.scopes == {"chat:write", "commands"}


def test_asks_who_the_bot_is_only_once() -> None:
    with freeze_time() as clock, people() as (slack_people, slack):
        first = slack_people.get_identity()
        clock.tick(timedelta(days=30))

        assert slack_people.get_identity() == first
        assert slack.count("auth.test") == 1


def test_remembers_people_for_a_minute() -> None:
    with freeze_time() as clock, people(users_info=user()) as (slack_people, slack):
        slack_people.get_membership(ME)
        slack.answers["users_info"] = user(deleted=True)
        clock.tick(FRESH_SECONDS - 1)
        assert slack_people.get_membership(ME) is Membership.MEMBER
        clock.tick(2)

        assert slack_people.get_membership(ME) is Membership.DEACTIVATED
        assert slack.count("users.info") == 2


def test_remembers_groups_for_a_minute() -> None:
    body = {"ok": True, "users": ["U01ME"]}

    with freeze_time() as clock, people(usergroups_users_list=body) as (slack_people, slack):
        assert slack_people.list_group("S01") == slack_people.list_group("S01") == {"U01ME"}
        assert slack.count("usergroups.users.list") == 1
        clock.tick(FRESH_SECONDS + 1)
        slack.answers["usergroups_users_list"] = {"ok": True, "users": []}

        assert slack_people.list_group("S01") == frozenset()


def test_never_remembers_a_failure() -> None:
    with people(users_info={"ok": False, "error": "internal_error"}) as (slack_people, slack):
        with pytest.raises(SlackUnavailableError):
            slack_people.get_membership(ME)
        slack.answers["users_info"] = user()

        assert slack_people.get_membership(ME) is Membership.MEMBER


def test_asks_once_while_slack_cannot_be_reached() -> None:
    with freeze_time() as clock, people() as (slack_people, slack):
        for _ in range(3):
            with pytest.raises(SlackUnavailableError, match="could not be reached"):
                slack_people.get_membership(ME, bypass_cache=True)
            with pytest.raises(SlackUnavailableError, match="could not be reached"):
                slack_people.list_group("S01")
        # Once more over a new connection, as the first may have been closed for being idle.
        assert (slack.count("users.info"), slack.count("usergroups.users.list")) == (2, 0)
        slack.answers["users_info"] = user()
        clock.tick(UNREACHABLE_SECONDS + 1)

        assert slack_people.get_membership(ME) is Membership.MEMBER


@pytest.mark.parametrize("response", [hang(), *DRIPS.values()], ids=["nothing", *DRIPS])
def test_gives_up_on_a_slack_that_never_ends_its_answer(response: ServerResponse) -> None:
    with ScriptedServer(response) as slack:
        slack_people = SlackPeople(SlackClient(BOT_TOKEN, f"{slack.url}/api/", Limits(people=0.3)))
        for _ in range(3):
            with pytest.raises(SlackUnavailableError, match="could not be reached"):
                slack_people.get_membership(ME)

        assert len(slack.requests) <= 1


def listed(slack_people: SlackPeople, group: str) -> str:
    """List a group's members; empty when Slack does not answer."""
    try:
        return ",".join(slack_people.list_group(group))
    except SlackUnavailableError:
        return ""


def test_asks_many_questions_within_the_time_of_one() -> None:
    def slowly(connection: socket.socket, request: ReceivedRequest, stopped: threading.Event) -> None:
        stopped.wait(0.4)
        answer({"ok": True, "users": [ME.user_id]})(connection, request, stopped)

    with ScriptedServer(slowly) as slack:
        slack_people = SlackPeople(SlackClient(BOT_TOKEN, f"{slack.url}/api/", Limits(people=1.0)))

        with slack_people.within(1.0):
            found = [listed(slack_people, f"S{number}") for number in range(9)]

        assert found[-1] == ""
        assert len(slack.requests) <= 3
        # Slow is not unreachable: the next call is made.
        assert slack_people.list_group("S9")


def test_keeps_people_apart() -> None:
    with people(users_info=user()) as (slack_people, slack):
        slack_people.get_membership(ME)
        slack.answers["users_info"] = user(is_restricted=True)

        assert slack_people.get_membership(Actor("U02OTHER", HOME)) is Membership.GUEST
        assert slack_people.get_membership(ME) is Membership.MEMBER


@pytest.mark.parametrize(
    ("channel", "shared"),
    [
        ({}, False),
        ({"is_ext_shared": False, "is_pending_ext_shared": False}, False),
        ({"is_ext_shared": True}, True),
        ({"is_pending_ext_shared": True}, True),
        ({"is_shared": True, "is_org_shared": True}, False),
    ],
)
def test_reads_whether_other_organizations_share_a_channel(channel: object, shared: bool) -> None:  # noqa: FBT001 - a column
    with people(conversations_info={"ok": True, "channel": channel}) as (slack_people, _):
        assert slack_people.is_shared_outside("C01") is shared


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "channel": None}])
def test_raises_on_an_answer_without_a_channel(body: object) -> None:
    with people(conversations_info=body) as (slack_people, _), pytest.raises(SlackUnavailableError):
        slack_people.is_shared_outside("C01")


def test_knows_everybody_in_the_local_workspace() -> None:
    expected = {
        PersonKind.MEMBER: Membership.MEMBER,
        PersonKind.GUEST: Membership.GUEST,
        PersonKind.STRANGER: Membership.STRANGER,
        PersonKind.DEACTIVATED: Membership.DEACTIVATED,
        PersonKind.BOT: Membership.BOT,
    }

    with BackgroundServer(make_app(make_workspace())) as slack:
        slack_people = SlackPeople(client(slack.url))

        assert {person.id: slack_people.get_membership(Actor(person.id, TEAM_ID)) for person in PEOPLE} == {
            person.id: expected[person.kind] for person in PEOPLE
        }
        assert slack_people.get_membership(Actor(GROUP_EDITOR.id, PARTNER_TEAM_ID)) is Membership.STRANGER
        assert slack_people.list_group(EDITORS_GROUP_ID) == {GROUP_EDITOR.id}
        assert [slack_people.is_shared_outside(channel) for channel in (ONCALL, PARTNERS)] == [False, True]
        assert slack_people.get_identity().scopes == set(SCOPES)
