"""The role check, called at every step."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.model import Actor, Grantees, Membership, Role
from bot.core.ports import People
from bot.errors import (
    PermissionDeniedError,
    RoleUnconfirmedError,
    SlackUnavailableError,
    TeamUnconfirmedError,
)

NOTHING_SENT = "Nothing was sent to Tencent Chat"
"""The end of every refusal; true because the check comes before everything else."""
NO_CHANGE_SENT = "No change was sent to Tencent Chat"
"""The end of every failure after reading and before writing."""

_SETTING = {Role.VIEWER: "ROLES__VIEWERS", Role.EDITOR: "ROLES__EDITORS"}
_A_HOLDER = {Role.VIEWER: "a viewer", Role.EDITOR: "an editor"}
_ONLY = {Role.VIEWER: "Only viewers can look up accounts", Role.EDITOR: "Only editors can change profiles"}
_ARE = {
    Membership.GUEST: "a guest",
    Membership.STRANGER: "from another organization or workspace",
    Membership.BOT: "a bot",
    Membership.DEACTIVATED: "a deactivated user",
}
_TRY_AGAIN = "Try again in a minute; if that fails, tell the bot's operator"


@dataclass(frozen=True, slots=True)
class Rules:
    """The grantees of each role; an editor may also look up."""

    viewers: Grantees
    editors: Grantees

    def holders(self, role: Role) -> Iterator[Grantees]:
        """Yield the grantees of a role, then those of the role that includes it."""
        if role is Role.VIEWER:
            yield self.viewers
        yield self.editors


def check(actor: Actor, role: Role, rules: Rules, people: People, *, bypass_cache: bool = False) -> str:
    """Check that an actor holds a role; return the reason.

    If Slack cannot be asked, viewers are checked by the user ids in the settings, unless their request names
    another team than the bot's; editors are refused.

    Raises:
        PermissionDeniedError: They do not hold it; the text names the rule.
    """
    try:
        membership = people.get_membership(actor, bypass_cache=bypass_cache)
    except TeamUnconfirmedError:
        raise _refusal(
            "Slack could not confirm who you are, and your request names another workspace",
            _TRY_AGAIN,
            kind=RoleUnconfirmedError,
        ) from None
    except SlackUnavailableError:
        if role is Role.VIEWER and (reason := _listed(actor, role, rules)):
            return f"{reason}; Slack could not confirm that you are a full member"
        raise _refusal(
            f"Slack could not confirm who you are, and {_without_slack(role)}",
            _TRY_AGAIN,
            kind=RoleUnconfirmedError,
        ) from None
    if membership is not Membership.MEMBER:
        raise _refusal(
            f"only full members of this workspace may use this bot, and you are {_ARE[membership]}",
            "Ask a full member to do it for you",
        )
    reason, unread = _granted(actor, role, rules, people, bypass_cache=bypass_cache)
    if reason:
        return reason
    raise _lacking(actor, role, rules, unread)


def _listed(actor: Actor, role: Role, rules: Rules) -> str:
    named = any(actor.user_id in holders.people for holders in rules.holders(role))
    return "you are listed by name" if named else ""


def _granted(
    actor: Actor, role: Role, rules: Rules, people: People, *, bypass_cache: bool
) -> tuple[str, str]:
    """Return the rule that grants the role, or else a group that could not be read."""
    if reason := _listed(actor, role, rules):
        return reason, ""
    if role is Role.VIEWER and rules.viewers.everyone:
        return "every full member of this workspace may look up", ""
    unread = ""
    for holders in rules.holders(role):
        for group in sorted(holders.groups):
            try:
                if actor.user_id in people.list_group(group, bypass_cache=bypass_cache):
                    return f"you are in the user group {group}", ""
            except SlackUnavailableError:
                unread = group
    return "", unread


def _without_slack(role: Role) -> str:
    return "you are not listed by name" if role is Role.VIEWER else "editors must be confirmed"


def _lacking(actor: Actor, role: Role, rules: Rules, unread: str) -> PermissionDeniedError:
    setting = _SETTING[role]
    if unread:
        return _refusal(
            f"Slack could not say whether you are {_A_HOLDER[role]}",
            _TRY_AGAIN,
            detail=f"user group {unread} of {setting} could not be listed",
            kind=RoleUnconfirmedError,
        )
    holders = next(rules.holders(role))
    return PermissionDeniedError(
        _ONLY[role],
        advice=NOTHING_SENT,
        detail=f"{setting} lists neither {actor.user_id} nor a user group of theirs",
        people=holders.people,
        groups=holders.groups,
        lacks_role=True,
    )


def _refusal(
    words: str,
    advice: str,
    *,
    detail: str = "",
    kind: type[PermissionDeniedError] = PermissionDeniedError,
) -> PermissionDeniedError:
    return kind(words, advice=f"{advice}. {NOTHING_SENT}", detail=detail)
