"""Changes and drafts to record."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.core.model import Actor, AlteredEntry, AuditEvent, Change, Entry, Outcome, Surface, Values

ALICE = Actor("U1", "T1")


def looked_up(*accounts: str, app: str = "demo") -> AuditEvent:
    return AuditEvent(ALICE, Surface.COMMAND, app, "profile", accounts or ("alice",), Outcome.ANSWERED)


def denied(command: str) -> AuditEvent:
    return AuditEvent(
        ALICE, Surface.COMMAND, "demo", command, ("alice",), Outcome.DENIED, problem="not an editor"
    )


def a_change(
    change_id: str = "op_1", after: Values | None = None, accounts: Sequence[str] = ("bob",)
) -> Change:
    return Change(
        id=change_id,
        actor=ALICE,
        app="demo",
        account=accounts[0],
        before={"Tag_Profile_IM_Nick": "Bob", "Tag_Profile_Custom_Likes": ("tea", "chess")},
        after=after or {"Tag_Profile_IM_Nick": "Bob K", "Tag_Profile_IM_Level": 3},
        reason="ticket 4711",
        proposed_at=datetime.now(UTC),
    )


def step(change: Change, outcome: Outcome) -> AuditEvent:
    return AuditEvent(
        actor=change.actor,
        surface=Surface.BUTTON,
        app=change.app,
        command="set",
        accounts=(change.account,),
        outcome=outcome,
        reason=change.reason,
        before=change.before,
        after=change.after,
        change_id=change.id,
    )


def unaltered(entries: Iterable[Entry | AlteredEntry]) -> list[Entry]:
    """Return the entries; fails on an altered one."""
    found = list(entries)
    assert not any(isinstance(each, AlteredEntry) for each in found)
    return [each for each in found if isinstance(each, Entry)]
