"""People, channels and user groups of the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

TEAM_ID = "T07IMBOT4QX"
TEAM_NAME = "Playground"
TEAM_DOMAIN = "playground"
PARTNER_TEAM_ID = "T05PRTNR8ZK"
ENTERPRISE_ID = "E07IMBOTG1D"
ENTERPRISE_NAME = "Playground Group"
SISTER_TEAM_ID = "T07SISTR3WB"
APP_ID = "A07IMBOTX3M"
BOT_ID = "B07IMBOTX3M"


class PersonKind(StrEnum):
    """A person's kind of membership in the workspace."""

    MEMBER = "member"
    GUEST = "guest"
    STRANGER = "stranger"
    DEACTIVATED = "deactivated"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Person:
    """A person, or a bot.

    Args:
        id: The user id.
        handle: Slack's `user_name`.
        name: The display name.
        title: Shown beside the name.
        kind: Kind of membership.
        single_channel: A single-channel guest.
        team_id: The home workspace; of several in an organization, the one that interactions name.
        organization_teams: All their workspaces in an Enterprise organization; empty outside one.
    """

    id: str
    handle: str
    name: str
    title: str
    kind: PersonKind = PersonKind.MEMBER
    single_channel: bool = False
    team_id: str = TEAM_ID
    organization_teams: tuple[str, ...] = ()


@dataclass(slots=True)
class Channel:
    """A channel, or a direct message: between a person and the bot, or of a group."""

    id: str
    name: str
    members: set[str]
    direct: bool = False
    group: bool = False
    shared: bool = False


@dataclass(slots=True)
class Group:
    """A user group."""

    id: str
    handle: str
    name: str
    members: list[str] = field(default_factory=list)


VIEWER = Person("U07VERA2K1Q", "vera", "Vera Lindqvist", "Viewer")
EDITOR = Person("U07EDMK5T8W", "ed", "Ed Okafor", "Editor")
GROUP_EDITOR = Person("U07GRACE4N7", "grace", "Grace Kim", "Editor by user group")
GUEST = Person("U07GUSP9R2D", "gus", "Gus Weber", "Guest", PersonKind.GUEST)
SINGLE_GUEST = Person(
    "U07SOLX6F3H", "sol", "Sol Ito", "Single-channel guest", PersonKind.GUEST, single_channel=True
)
STRANGER = Person(
    "U05STELLA8J", "stella", "Stella Park", "Slack Connect", PersonKind.STRANGER, team_id=PARTNER_TEAM_ID
)
LEAVER = Person("U07DANA1B5V", "dana", "Dana Novak", "Deactivated", PersonKind.DEACTIVATED)
BOT = Person("U07IMBOTX3M", "im-bot", "im-bot", "App", PersonKind.BOT)
SLACKBOT = Person("USLACKBOT", "slackbot", "Slackbot", "Slack", PersonKind.BOT)

COLLEAGUE = Person(
    "U07CLEOM2H9",
    "cleo",
    "Cleo Marin",
    "Member of two workspaces",
    team_id=SISTER_TEAM_ID,
    organization_teams=(TEAM_ID, SISTER_TEAM_ID),
)
"""Only there once the workspace has joined an organization."""

PEOPLE = (VIEWER, EDITOR, GROUP_EDITOR, GUEST, SINGLE_GUEST, STRANGER, LEAVER, BOT)

EDITORS_GROUP_ID = "S07EDITORS9"
AUDIT_CHANNEL_ID = "C07IMAUDT2C"

_STAFF = (VIEWER, EDITOR, GROUP_EDITOR, COLLEAGUE, BOT)

_CHANNELS = (
    ("C07ONCALL4A", "oncall", False, (*_STAFF, GUEST)),
    ("C07SUPPRT7B", "support", False, (*_STAFF, GUEST, SINGLE_GUEST, LEAVER)),
    (AUDIT_CHANNEL_ID, "im-audit", False, _STAFF),
    ("C07PARTNR5D", "partners", True, (*_STAFF, STRANGER)),
)


def make_people(bot: Person = BOT, *, in_organization: bool = False) -> dict[str, Person]:
    """Make the people, by id.

    Args:
        bot: The app's bot as people see it.
        in_organization: Whether the workspace belongs to an Enterprise organization.
    """
    people = {person.id: person for person in PEOPLE} | {bot.id: bot}
    if not in_organization:
        return people
    own = [person for person in PEOPLE if person.kind in (PersonKind.MEMBER, PersonKind.GUEST)]
    joined = {person.id: replace(person, organization_teams=(TEAM_ID,)) for person in own}
    return {**people, **joined, COLLEAGUE.id: COLLEAGUE}


def make_channels(people: Mapping[str, Person]) -> dict[str, Channel]:
    """Make the channels of these people and their direct messages with the bot, by id."""
    channels = [
        Channel(id_, name, {person.id for person in members} & people.keys(), shared=shared)
        for id_, name, shared, members in _CHANNELS
    ]
    direct = [
        Channel(f"D{person.id[1:]}", people[BOT.id].name, {person.id, BOT.id}, direct=True)
        for person in people.values()
        if person.kind in (PersonKind.MEMBER, PersonKind.GUEST)
    ]
    return {channel.id: channel for channel in (*channels, *direct)}


def make_groups() -> dict[str, Group]:
    """Make the user groups, by id."""
    editors = Group(EDITORS_GROUP_ID, "im-editors", "IM editors", [GROUP_EDITOR.id])
    return {editors.id: editors}
