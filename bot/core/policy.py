"""The role check, called at every step."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.model import Actor, Grantees, Membership, Role
from bot.core.ports import People
from bot.errors import PermissionDeniedError, SlackUnavailableError, TeamUnconfirmedError

NOTHING_SENT = "Nothing was sent to Tencent Chat"
"""The end of every refusal; true because the check comes before everything else."""
NO_CHANGE_SENT = "No change was sent to Tencent Chat"
"""The end of every failure after reading and before writing."""

_SETTING = {Role.VIEWER: "ROLES__VIEWERS", Role.EDITOR: "ROLES__EDITORS"}
_A_HOLDER = {Role.VIEWER: "a viewer", Role.EDITOR: "an editor"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The grantees of each role; an editor may also look up."""

    viewers: Grantees
    editors: Grantees

    def holders(self, role: Role) -> Iterator[tuple[str, Grantees]]:
        """Yield the settings that grant a role, with their grantees."""
        if role is Role.VIEWER:
            yield _SETTING[Role.VIEWER], self.viewers
        yield _SETTING[Role.EDITOR], self.editors


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
            "Try again in a minute; if that fails, tell the bot's operator",
        ) from None
    except SlackUnavailableError:
        if role is Role.VIEWER and (reason := _listed(actor, role, rules)):
            return f"{reason}; Slack could not confirm that you are a full member"
        raise _refusal(
            f"Slack could not confirm who you are, and {_without_slack(role)}",
            "Try again in a minute; if that fails, tell the bot's operator",
        ) from None
    if membership is not Membership.MEMBER:
        raise _refusal(
            f"only full members of this workspace may use this bot, and you are a {membership}",
            "Ask a full member to do it for you",
        )
    reason, unread = _granted(actor, role, rules, people, bypass_cache=bypass_cache)
    if reason:
        return reason
    raise _lacking(actor, role, unread)


def _listed(actor: Actor, role: Role, rules: Rules) -> str:
    for setting, holders in rules.holders(role):
        if actor.user_id in holders.people:
            return f"your user id is in {setting}"
    return ""


def _granted(
    actor: Actor, role: Role, rules: Rules, people: People, *, bypass_cache: bool
) -> tuple[str, str]:
    """Return the rule that grants the role, or else a group that could not be read."""
    if reason := _listed(actor, role, rules):
        return reason, ""
    if role is Role.VIEWER and rules.viewers.everyone:
        return "every full member of this workspace may look up (ROLES__VIEWERS is *)", ""
    unread = ""
    for setting, holders in rules.holders(role):
        for group in sorted(holders.groups):
            try:
                if actor.user_id in people.list_group(group, bypass_cache=bypass_cache):
                    return f"you are in the user group {group}, which is in {setting}", ""
            except SlackUnavailableError:
                unread = group
    return "", unread


def _without_slack(role: Role) -> str:
    if role is Role.VIEWER:
        return f"your user id is in neither {_SETTING[Role.VIEWER]} nor {_SETTING[Role.EDITOR]}"
    return "editors must be confirmed"


def _lacking(actor: Actor, role: Role, unread: str) -> PermissionDeniedError:
    giver = f"ask the bot's operator to add {actor.user_id} to {_SETTING[role]}"
    if unread:
        return _refusal(
            f"Slack could not list the user group {unread}, so it grants no role right now",
            f"Try again in a minute; if that fails, {giver}",
        )
    return _refusal(
        f"you are not {_A_HOLDER[role]}: {_SETTING[role]} lists neither you nor a user group you are in",
        f"Ask {_A_HOLDER[role]} to do it (whoami lists them), or {giver}",
    )


def _refusal(words: str, advice: str) -> PermissionDeniedError:
    return PermissionDeniedError(words, advice=f"{advice}. {NOTHING_SENT}")
