"""Sample results of the core, one of every kind."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from bot.core.commands import SPECS, LookupCommand, ShowHistory
from bot.core.fields import NICK, Domain, Field, custom_field, defaults, named
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.model import (
    NOTHING,
    AccountResult,
    Actor,
    App,
    AuditEvent,
    Change,
    Entry,
    Grantees,
    LookupStatus,
    Outcome,
    Role,
    Surface,
    Values,
)
from bot.core.parsing.presets import parse_presets
from bot.core.policy import NO_CHANGE_SENT
from bot.core.results import (
    Form,
    Help,
    History,
    LaterChange,
    Lookup,
    Origin,
    Preview,
    RoleReport,
    Settled,
    Unchanged,
)
from bot.errors import IMError, NotAskedError, UnavailableError
from bot.im.codes import error_for

VIP = custom_field("Vip", "VIP tier")
PROD = App("prod", "Singapore", (VIP,))

WITH_PRESETS = replace(
    PROD,
    presets=parse_presets(
        "reset-nick: nick=, avatar=, birthday=; unmute: forbid=allowed; hide: Vip=☃", (VIP,)
    ),
)

ALICE: Values = {
    "Tag_Profile_IM_Nick": "Alice Zhang",
    "Tag_Profile_IM_Gender": "Gender_Type_Female",
    "Tag_Profile_IM_BirthDay": 19900419,
    "Tag_Profile_IM_Location": "Pudong",
    "Tag_Profile_IM_AllowType": "AllowType_Type_NeedConfirm",
    "Tag_Profile_IM_AdminForbidType": "AdminForbid_Type_None",
    "Tag_Profile_IM_Level": 7,
    "Tag_Profile_IM_Role": 2,
    "Tag_Profile_IM_Language": 1,
    "Tag_Profile_IM_SelfSignature": "on the road again",
    "Tag_Profile_IM_Image": "https://img.example/a/77.png",
    VIP.tag: "gold",
}
BOB: Values = {
    "Tag_Profile_IM_Nick": "free_coins_4u",
    "Tag_Profile_IM_Gender": "Gender_Type_Unknown",
    "Tag_Profile_IM_BirthDay": 0,
    "Tag_Profile_IM_AllowType": "AllowType_Type_AllowAny",
    "Tag_Profile_IM_AdminForbidType": "AdminForbid_Type_SendOut",
    "Tag_Profile_IM_Level": 1,
    "Tag_Profile_IM_Role": 0,
}
FRIEND: Values = {
    "Tag_Profile_IM_Nick": "Bob",
    "Tag_SNS_IM_Remark": "the neighbor",
    "Tag_SNS_IM_Group": ("Family", "Work"),
    "Tag_SNS_IM_AddSource": "AddSource_Type_Web",
}
NOT_IMPORTED = error_for(40003, account=True)
VENDOR_DOWN = error_for(40006)
NOTHING_SENT = UnavailableError(
    "Tencent Chat took too long to answer", advice=f"Try again in a minute. {NO_CHANGE_SENT}"
)
NOT_A_FRIEND = error_for(30001, account=True)
OUT_OF_TIME = NotAskedError("there was no time left to ask Tencent Chat", advice="Ask for fewer ids")

PROBLEMS: dict[LookupStatus, IMError] = {
    LookupStatus.NOT_A_FRIEND: NOT_A_FRIEND,
    LookupStatus.NOT_IMPORTED: NOT_IMPORTED,
    LookupStatus.FAILED: VENDOR_DOWN,
    LookupStatus.NOT_ASKED: OUT_OF_TIME,
}


def found(account: str, values: Values = NOTHING) -> AccountResult:
    return AccountResult(account, LookupStatus.FOUND, values)


def missed(account: str, status: LookupStatus) -> AccountResult:
    return AccountResult(account, status, problem=PROBLEMS[status])


def _ids(rows: Iterable[AccountResult]) -> tuple[str, ...]:
    return tuple(row.account for row in rows)


def profiles(*rows: AccountResult, only: Sequence[str] = (), app: App = PROD) -> Lookup:
    chosen = named(only, Domain.PROFILE, app.custom) if only else defaults(Domain.PROFILE, app.custom)
    return answer(LookupCommand(PROFILES, app, _ids(rows), chosen, named=bool(only)), rows)


def friends(*rows: AccountResult, owner: str = "alice", fields: tuple[Field, ...] | None = None) -> Lookup:
    chosen = defaults(Domain.FRIEND, PROD.custom) if fields is None else fields
    return answer(
        LookupCommand(FRIENDS, PROD, _ids(rows), chosen, named=fields is not None, owner=owner), rows
    )


def attributes(*rows: AccountResult) -> Lookup:
    return answer(LookupCommand(ATTRIBUTES, PROD, _ids(rows)), rows)


def answer(command: LookupCommand, rows: Sequence[AccountResult]) -> Lookup:
    return Lookup(command, tuple(rows))


def crowd(count: int, values: Values = ALICE) -> list[AccountResult]:
    return [found(f"user_{number:03}", values) for number in range(1, count + 1)]


VIEWER = RoleReport(
    Role.VIEWER,
    "every full member of this workspace may look up",
    Grantees(everyone=True),
    Grantees(people=frozenset({"U02ED", "U03EVE"}), groups=frozenset({"S01EDITORS"})),
)
HELP = Help(tuple(SPECS.values()), None, (PROD, App("test", "Frankfurt")))

ED = Actor("U02ED", "T01HOME")
NOON = datetime(2026, 4, 19, 12, 3, 7, tzinfo=UTC)
CHANGE = Change(
    id="op_k3v9q2m7xw4d",
    actor=ED,
    app=PROD.name,
    account="bob_k",
    before={
        "Tag_Profile_IM_Nick": "free_coins_4u",
        "Tag_Profile_IM_AdminForbidType": "AdminForbid_Type_SendOut",
    },
    after={"Tag_Profile_IM_Nick": "Bob K", "Tag_Profile_IM_AdminForbidType": "AdminForbid_Type_None"},
    reason="spam nickname, ticket 4711",
    proposed_at=NOON,
)
UNDO = replace(
    CHANGE, id="op_z8y7x6w5v4u3", before=CHANGE.after, after=CHANGE.before, reason="", undoes=CHANGE.id
)
CLEARING = replace(
    CHANGE,
    before={"Tag_Profile_IM_SelfSignature": "on the road again", "Tag_Profile_IM_BirthDay": 19900419},
    after={"Tag_Profile_IM_SelfSignature": "", "Tag_Profile_IM_BirthDay": 0, VIP.tag: "gold"},
    reason="",
)


def enter(
    number: int = 1042, change: Change = CHANGE, outcome: Outcome = Outcome.SUCCEEDED, **more: Any
) -> Entry:
    """Make an entry about a change; `more` overrides parts of its event."""
    event = AuditEvent(
        change.actor,
        Surface.BUTTON,
        change.app,
        "undo" if change.undoes else "set",
        (change.account,),
        outcome,
        change.reason,
        before=change.before,
        after=change.after,
        change_id=change.id,
    )
    return chain(number, replace(event, **more))


def chain(number: int, event: AuditEvent) -> Entry:
    """Make the entry of an event."""
    heads = [sha256(str(place).encode()).hexdigest() for place in (number - 1, number)]
    return Entry(number, NOON + timedelta(minutes=number), event, *heads)


def settled(outcome: Outcome, problem: IMError | None = None, change: Change = CHANGE) -> Settled:
    return Settled(PROD, replace(change, outcome=outcome), enter(12, change, outcome), problem)


LOOKED_UP = chain(
    1038,
    AuditEvent(
        Actor("U01ALICE", "T01HOME"), Surface.COMMAND, "prod", "profile", ("bob_k",), Outcome.ANSWERED
    ),
)
CANCELLED_LOOKUP = chain(
    1039,
    replace(
        LOOKED_UP.event,
        outcome=Outcome.CANCELLED,
        problem="cancelled after 0 of 1 accounts were answered",
    ),
)
DENIED_ENTRY = chain(
    1043,
    AuditEvent(
        Actor("U01ALICE", "T01HOME"),
        Surface.COMMAND,
        "prod",
        "set",
        ("bob_k",),
        Outcome.DENIED,
        problem="Only editors can change profiles",
    ),
)
LATER = (
    LaterChange(
        NICK, "free_coins_4u", "Bob", Origin(Actor("U03GRACE", "T01HOME"), timedelta(minutes=1, seconds=9))
    ),
    LaterChange(VIP, None, "gold"),
    LaterChange(VIP, "gold", "silver", is_outside=False),
)
PREVIEW = Preview(PROD, replace(CHANGE, kept={"Tag_Profile_IM_Level": 3}))
UNCHANGED = Unchanged(PROD, "bob_k", CHANGE.after)
FORM = Form(PROD, "alice", ALICE)
HISTORY = History(
    PROD,
    "bob_k",
    (DENIED_ENTRY, enter(), enter(1041, outcome=Outcome.ATTEMPTED), LOOKED_UP),
    older=ShowHistory(PROD, "bob_k", 1038),
    with_values=True,
)
