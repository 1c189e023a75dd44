from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.core import policy
from bot.core.model import Actor, Grantees, Membership, Role
from bot.core.policy import Rules
from bot.errors import PermissionDeniedError, TeamUnconfirmedError
from tests.support.fakes import FakePeople

NOBODY, EVERYONE = Grantees(), Grantees(everyone=True)
ME = Actor("U01ME", "T01HOME")
BY_ID = Grantees(people=frozenset({"U01OTHER", ME.user_id}))
OTHERS = Grantees(people=frozenset({"U01OTHER"}))
MINE, THEIRS, UNREADABLE = "S01MINE", "S02THEIRS", "S00LOST"
BY_GROUP = Grantees(groups=frozenset({UNREADABLE, THEIRS, MINE}))
NOT_BY_GROUP = Grantees(groups=frozenset({THEIRS}))
UNKNOWN_GROUP = Grantees(groups=frozenset({UNREADABLE, THEIRS}))

SLACK = FakePeople(groups={MINE: frozenset({ME.user_id}), THEIRS: frozenset({"U01OTHER"})})
DOWN = replace(SLACK, reachable=False)

NO = None
MATRIX = (
    # ROLES__VIEWERS, ROLES__EDITORS, Slack, why they may look up, why they may change; NO when refused
    (EVERYONE, NOBODY, SLACK, "every full member", NO),
    (NOBODY, NOBODY, SLACK, NO, NO),
    (OTHERS, OTHERS, SLACK, NO, NO),
    (BY_ID, NOBODY, SLACK, "you are listed by name", NO),
    (BY_GROUP, NOBODY, SLACK, f"you are in the user group {MINE}", NO),
    (NOT_BY_GROUP, NOT_BY_GROUP, SLACK, NO, NO),
    (UNKNOWN_GROUP, NOBODY, SLACK, NO, NO),
    (NOBODY, BY_ID, SLACK, "you are listed by name", "you are listed by name"),
    (OTHERS, BY_GROUP, SLACK, f"user group {MINE}", f"user group {MINE}"),
    (BY_GROUP, BY_ID, SLACK, "you are listed by name", "you are listed by name"),
    (EVERYONE, BY_GROUP, SLACK, "every full member", f"user group {MINE}"),
    (EVERYONE, UNKNOWN_GROUP, SLACK, "every full member", NO),
    (UNKNOWN_GROUP, BY_GROUP, SLACK, f"user group {MINE}", f"user group {MINE}"),
    # Without an answer of Slack lookups fall back to user ids; changes are refused.
    (EVERYONE, NOBODY, DOWN, NO, NO),
    (BY_GROUP, BY_GROUP, DOWN, NO, NO),
    (
        BY_ID,
        NOBODY,
        DOWN,
        "you are listed by name; Slack could not confirm that you are a full member",
        NO,
    ),
    (
        EVERYONE,
        BY_ID,
        DOWN,
        "you are listed by name; Slack could not confirm that you are a full member",
        NO,
    ),
)


def cells() -> Iterator[tuple[Role, Grantees, Grantees, FakePeople, str | None]]:
    for viewers, editors, slack, may_look_up, may_change in MATRIX:
        yield Role.VIEWER, viewers, editors, slack, may_look_up
        yield Role.EDITOR, viewers, editors, slack, may_change


@pytest.mark.parametrize(("role", "viewers", "editors", "slack", "why"), [*cells()])
def test_gives_a_role_by_the_settings_alone(
    role: Role, viewers: Grantees, editors: Grantees, slack: FakePeople, why: str | None
) -> None:
    rules = Rules(viewers, editors)

    if why:
        assert why in policy.check(ME, role, rules, slack)
    else:
        with pytest.raises(PermissionDeniedError):
            policy.check(ME, role, rules, slack)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "standing", [standing for standing in Membership if standing is not Membership.MEMBER]
)
def test_refuses_all_but_full_members_even_if_listed(role: Role, standing: Membership) -> None:
    slack = replace(SLACK, standings={ME.user_id: standing})

    with pytest.raises(PermissionDeniedError, match=r"only full members .* you are (a|from)"):
        policy.check(
            ME, role, Rules(EVERYONE, Grantees(people=BY_ID.people, groups=frozenset({MINE}))), slack
        )


REFUSALS = (
    # the cause, the rule named, who can help
    (
        Role.VIEWER,
        Rules(OTHERS, NOBODY),
        SLACK,
        "Only viewers can look up accounts",
        "",
    ),
    (
        Role.EDITOR,
        Rules(EVERYONE, NOBODY),
        SLACK,
        "Only editors can change profiles",
        "",
    ),
    (
        Role.EDITOR,
        Rules(EVERYONE, UNKNOWN_GROUP),
        SLACK,
        "Slack could not say whether you are an editor",
        "Try again in a minute; if that fails, tell the bot's operator",
    ),
    (
        Role.VIEWER,
        Rules(EVERYONE, NOBODY),
        DOWN,
        "Slack could not confirm who you are, and you are not listed by name",
        "Try again in a minute; if that fails, tell the bot's operator",
    ),
    (
        Role.EDITOR,
        Rules(EVERYONE, BY_ID),
        DOWN,
        "Slack could not confirm who you are, and editors must be confirmed",
        "Try again in a minute; if that fails, tell the bot's operator",
    ),
    (
        Role.VIEWER,
        Rules(EVERYONE, BY_ID),
        replace(SLACK, standings={ME.user_id: Membership.GUEST}),
        "only full members of this workspace may use this bot, and you are a guest",
        "Ask a full member to do it for you",
    ),
)


@pytest.mark.parametrize(("role", "rules", "slack", "words", "advice"), REFUSALS)
def test_a_refusal_names_the_rule_and_who_can_help_and_that_nothing_was_sent(
    role: Role, rules: Rules, slack: FakePeople, words: str, advice: str
) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        policy.check(ME, role, rules, slack)

    assert str(caught.value) == words
    assert caught.value.advice == f"{advice}. Nothing was sent to Tencent Chat".removeprefix(". ")


def test_names_those_to_ask_and_tells_the_settings_to_the_log_alone() -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        policy.check(ME, Role.EDITOR, Rules(EVERYONE, OTHERS), SLACK)

    assert Grantees(people=caught.value.people, groups=caught.value.groups) == OTHERS
    assert caught.value.detail == "ROLES__EDITORS lists neither U01ME nor a user group of theirs"
    assert "ROLES__" not in f"{caught.value} {caught.value.advice}"


class ElsewherePeople(FakePeople):
    """Slack's people, while it cannot be asked about a person of another team."""

    def get_membership(self, actor: Actor, *, bypass_cache: bool = False) -> Membership:
        raise TeamUnconfirmedError(f"Slack could not be reached {actor.user_id} {bypass_cache}")


def test_trusts_no_listed_id_of_a_team_that_slack_does_not_confirm() -> None:
    with pytest.raises(PermissionDeniedError, match="your request names another workspace"):
        policy.check(ME, Role.VIEWER, Rules(BY_ID, NOBODY), ElsewherePeople())


def test_checks_anew_each_time() -> None:
    rules = Rules(NOBODY, BY_GROUP)
    slack = replace(SLACK, groups={MINE: frozenset({ME.user_id}), THEIRS: frozenset()})
    policy.check(ME, Role.EDITOR, rules, slack)

    slack.groups = {MINE: frozenset(), THEIRS: frozenset()}

    with pytest.raises(PermissionDeniedError):
        policy.check(ME, Role.EDITOR, rules, slack)
