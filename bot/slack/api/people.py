"""People, user groups and channels of the workspace, read by the Web API and cached for a minute."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar

from slack_sdk.web import SlackResponse

from bot.core.model import TERMINAL, Actor, Membership
from bot.errors import SlackUnavailableError, TeamUnconfirmedError
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError

FRESH_SECONDS = 60.0
"""Seconds for which answers are cached."""
UNREACHABLE_SECONDS = 5.0
"""Seconds for which calls fail at once after Slack could not be reached."""
RESOLVE_SECONDS = 0.8
"""The most seconds for resolving an actor: a form must be opened within three of the press."""
NAME_SECONDS = 1.0
"""The most seconds for asking for a name."""
REMEMBERED = 5000
"""The most answers that are cached."""

_NEARLY = 0.9
_SLACKBOT = "USLACKBOT"
_UNKNOWN_PERSON = {"user_not_found", "user_not_visible", "users_not_found"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot's workspace, and its identity there.

    Args:
        team_id: The workspace.
        enterprise_id: Its Enterprise organization; empty if there is none.
        team: The workspace's name.
        user_id: The bot's own user id.
        scopes: The OAuth scopes its token has; empty if Slack does not say.
        url: The workspace's address, with a slash at its end; empty if Slack does not say.
    """

    team_id: str
    enterprise_id: str
    team: str
    user_id: str
    scopes: frozenset[str]
    url: str = ""

    @property
    def home(self) -> frozenset[str]:
        """The ids of the workspace and of its organization."""
        return frozenset({self.team_id, self.enterprise_id} - {""})


@dataclass(frozen=True, slots=True)
class _Person:
    """A person as Slack describes them.

    Args:
        membership: Their membership, if their workspaces do not matter.
        teams: The ids of their workspaces and of their organization; empty if Slack names none.
        name: Their full name; empty if Slack gives none.
    """

    membership: Membership = Membership.MEMBER
    teams: frozenset[str] = frozenset()
    name: str = ""


class SlackPeople:
    """Asks Slack about people; any failure is a SlackUnavailableError, never a guess."""

    def __init__(self, slack: SlackClient) -> None:
        self._slack = slack
        self._known: dict[tuple[str, str], tuple[float, Any]] = {}
        self._unreachable = (0.0, "")
        self._lock = Lock()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit all calls of the running thread in this context to so many seconds together."""
        with self._slack.within(seconds):
            yield

    def get_identity(self) -> Identity:
        """Return the bot's identity (auth.test), cached for good.

        Raises:
            SlackUnavailableError: Slack could not be asked, or refuses the token.
        """
        return self._remember(("auth.test", ""), self._ask_identity, lasting=True)

    def link(self, channel_id: str, ts: str) -> str:
        """Return the link to a message; empty if the workspace's address is not known."""
        try:
            url = self.get_identity().url
        except SlackUnavailableError:
            return ""
        return f"{url}archives/{channel_id}/p{ts.replace('.', '')}" if url else ""

    def get_membership(self, actor: Actor, *, bypass_cache: bool = False) -> Membership:
        """Return an actor's membership of the workspace (users.info).

        Raises:
            SlackUnavailableError: Slack could not be asked; a TeamUnconfirmedError if the actor's team is
                another one than the bot's.
        """
        identity = self.get_identity()
        is_away = bool(actor.team_id) and actor.team_id not in identity.home
        if is_away and not identity.enterprise_id:
            return Membership.STRANGER
        try:
            person = self._find_person(actor.user_id, bypass_cache=bypass_cache)
        except SlackUnavailableError as error:
            if is_away:
                raise TeamUnconfirmedError(str(error), detail=error.detail) from None
            raise
        if person.membership is Membership.MEMBER and not _is_from_home(person, actor, identity):
            return Membership.STRANGER
        return person.membership

    def resolve(self, actor: Actor) -> Actor:
        """Return an actor with the bot's workspace, if it is one of theirs.

        Interactions name any one workspace of a person with several. Unchanged if Slack cannot be asked.
        """
        try:
            with self.within(RESOLVE_SECONDS):
                team_id = self.get_identity().team_id
                if actor.team_id == team_id or self.get_membership(actor) is not Membership.MEMBER:
                    return actor
                is_theirs = team_id in self._find_person(actor.user_id).teams
        except SlackUnavailableError:
            return actor
        return replace(actor, team_id=team_id) if is_theirs else actor

    def find_name(self, user_id: str) -> str:
        """Return a person's name as Slack last gave it; empty if it never did. Asks nothing."""
        with self._lock:
            _, person = self._known.get(("users.info", user_id), (0.0, _Person()))
        return str(person.name)

    def ask_name(self, user_id: str) -> str:
        """Return a person's name; ask Slack for it, within a second, if it never gave it."""

        def ask() -> str:
            with suppress(SlackUnavailableError), self.within(NAME_SECONDS):
                return self._find_person(user_id).name
            return ""

        name = self.find_name(user_id)
        if name or user_id.startswith(TERMINAL):
            return name
        # Remembered even if empty: Slack must not hold up a message for each mention of a person.
        return self._remember(("name", user_id), ask)

    def list_group(self, group_id: str, *, bypass_cache: bool = False) -> frozenset[str]:
        """List the user ids in a user group (usergroups.users.list).

        Raises:
            SlackUnavailableError: Slack could not be asked, or will not say.
        """
        return self._remember(
            ("usergroups.users.list", group_id),
            lambda: frozenset(self._ask("usergroups.users.list", usergroup=group_id).get("users") or ()),
            bypass_cache=bypass_cache,
        )

    def is_shared_outside(self, channel_id: str) -> bool:
        """Return whether people from other organizations can read a channel (conversations.info).

        Raises:
            SlackUnavailableError: Slack could not be asked, or the bot cannot see the channel.
        """
        return _is_outside(self._ask_channel(channel_id))

    def describe_channel(self, channel_id: str) -> tuple[str, bool]:
        """Return a channel's name, and whether people from other organizations can read it; cached.

        The name is empty where members name it, as for group direct messages.

        Raises:
            SlackUnavailableError: As for `is_shared_outside`.
        """

        def ask() -> tuple[str, bool]:
            channel = self._ask_channel(channel_id)
            return "" if channel.get("is_mpim") else str(channel.get("name") or ""), _is_outside(channel)

        return self._remember(("conversations.info", channel_id), ask)

    def is_member(self, channel_id: str) -> bool:
        """Return whether the bot is in a channel (conversations.info).

        Raises:
            SlackUnavailableError: Slack could not be asked, or the bot cannot see the channel.
        """
        return bool(self._ask_channel(channel_id).get("is_member"))

    def _ask_channel(self, channel_id: str) -> Mapping[str, Any]:
        channel = self._ask("conversations.info", channel=channel_id).get("channel")
        if not isinstance(channel, dict):
            raise SlackUnavailableError("Slack did not say who can read the channel")
        return channel

    def _ask_identity(self) -> Identity:
        answer = self._ask("auth.test")
        headers = {name.lower(): str(value) for name, value in answer.headers.items()}
        scopes = frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope)
        team_id, enterprise_id, team, user_id, url = (
            str(answer.get(key) or "") for key in ("team_id", "enterprise_id", "team", "user_id", "url")
        )
        identity = Identity(team_id, enterprise_id, team, user_id, scopes, url)
        if not identity.home:
            raise SlackUnavailableError("Slack did not say which workspace the bot belongs to")
        return identity

    def _find_person(self, user_id: str, *, bypass_cache: bool = False) -> _Person:
        key = ("users.info", user_id)
        return self._remember(key, lambda: self._ask_person(user_id), bypass_cache=bypass_cache)

    def _ask_person(self, user_id: str) -> _Person:
        try:
            user = self._ask("users.info", user=user_id).get("user")
        except SlackUnavailableError as error:
            if error.detail in _UNKNOWN_PERSON:
                return _Person(Membership.STRANGER)
            raise
        if not isinstance(user, dict):
            raise SlackUnavailableError("Slack did not say who you are")
        return replace(_read_person(user), name=str(user.get("real_name") or ""))

    def _ask(self, method: str, **arguments: str) -> SlackResponse:
        """Call a Web API method; the error names Slack's error code as its detail."""
        until, reason = self._unreachable
        if until > time.monotonic():
            raise _unreached(reason)
        if (left := self._slack.seconds_left) <= 0:
            raise _unreached("no time left")
        try:
            return self._slack.call(method, **arguments)
        except SlackCallError as error:
            if error.answered:
                code = error.code or "not a code"
                raise SlackUnavailableError(f"Slack refused to answer ({code})", detail=code) from None
            # A time-out after less time than usual proves nothing for calls with more.
            if left >= self._slack.limits.people * _NEARLY:
                self._unreachable = (time.monotonic() + UNREACHABLE_SECONDS, error.reason)
            raise _unreached(error.reason) from None

    def _remember(
        self,
        key: tuple[str, str],
        request: Callable[[], T],
        *,
        lasting: bool = False,
        bypass_cache: bool = False,
    ) -> T:
        with self._lock:
            expiry, value = self._known.get(key, (0.0, None))
        if expiry > time.monotonic() and not bypass_cache:
            known: T = value
            return known
        asked = request()
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = (time.monotonic() + (float("inf") if lasting else FRESH_SECONDS), asked)
        return asked


def _is_outside(channel: Mapping[str, Any]) -> bool:
    return bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))


def _unreached(reason: str) -> SlackUnavailableError:
    return SlackUnavailableError("Slack could not be reached", detail=reason)


def _read_person(user: Mapping[str, Any]) -> _Person:
    # Slack does not mark Slackbot as a bot.
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == _SLACKBOT:
        return _Person(Membership.BOT)
    if user.get("deleted"):
        return _Person(Membership.DEACTIVATED)
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return _Person(Membership.GUEST)
    if user.get("is_stranger"):
        return _Person(Membership.STRANGER)
    organization = user.get("enterprise_user") or {}
    teams = {user.get("team_id"), organization.get("enterprise_id"), *(organization.get("teams") or ())}
    return _Person(teams=frozenset(teams - {None, ""}))


def _is_from_home(person: _Person, actor: Actor, identity: Identity) -> bool:
    """Check that a person belongs to the bot's workspace, and that the actor's team is one of theirs."""
    # Slack may leave the teams out; the payload that names the actor's is signed.
    teams = person.teams or {actor.team_id}
    if actor.team_id in identity.home:
        return not identity.home.isdisjoint(teams)
    # Interactions name any one workspace of a person with several; the bot's must be among them.
    is_theirs = actor.team_id in {"", *teams} or identity.enterprise_id in teams
    return is_theirs and (identity.team_id or identity.enterprise_id) in teams
