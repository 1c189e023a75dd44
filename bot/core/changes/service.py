"""Changes: proposed, confirmed, written once, read back, undone; recorded before anything is sent."""

import logging
import secrets
from base64 import b32encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.core import fields, policy
from bot.core.changes import journal
from bot.core.changes.applying import WAITS, WriteResult, apply
from bot.core.changes.conflicts import find_later
from bot.core.changes.expiry import CONFIRM_WITHIN, expires_at
from bot.core.changes.journal import (
    before_sending,
    keeps_waiting,
    not_open,
    undo_reason,
    word_of,
)
from bot.core.changes.reconciler import GRACE, settle_open
from bot.core.commands import EditProfile, SetFields
from bot.core.fields import NICK, Domain, Field
from bot.core.lookups.profile import find_fields, read_fields
from bot.core.model import (
    NOTHING,
    Actor,
    App,
    AuditEvent,
    Change,
    Deadline,
    Outcome,
    Role,
    Surface,
    Value,
    Values,
)
from bot.core.parsing.command_line import Apps
from bot.core.parsing.usage_errors import quote
from bot.core.parsing.values import changed_fields, check_text, equivalent, undo_value
from bot.core.policy import NOTHING_SENT, Rules
from bot.core.ports import IM, People, Record
from bot.core.results import (
    ChangeResult,
    Form,
    Overwritten,
    Preview,
    Settled,
    Unchanged,
)
from bot.core.time_limits import CHANGING_SECONDS, WRITE_SECONDS
from bot.errors import (
    AlteredError,
    AuditError,
    ExpiredError,
    OutcomeUnknownError,
    PermissionDeniedError,
)

log = logging.getLogger(__name__)

_ID_CHARACTERS = 12
_AGAIN = f"Run the command again for a new preview. {NOTHING_SENT}"
_HISTORY = f"Find the change in the account's history. {NOTHING_SENT}"


@dataclass(frozen=True, slots=True)
class Changes:
    """The use cases that write profiles, for every surface.

    Args:
        apps: The configured apps.
        ims: The vendor's clients, by the app's name.
        rules: The grantees of each role.
        people: The members and groups of the workspace.
        record: The record; a step counts only when recorded.
        audited: Whether AUDIT_CHANNEL is set, if only to `none`; otherwise all changes are refused.
        waits: The seconds before each try to read back.
    """

    apps: Apps
    ims: Mapping[str, IM]
    rules: Rules
    people: People
    record: Record
    audited: bool
    waits: Sequence[float] = WAITS

    def edit(self, actor: Actor, command: EditProfile, surface: Surface = Surface.COMMAND) -> Form:
        """Read the values for a form.

        Raises:
            BotError: The actor may not change it, or the profile or the record failed.
        """
        app, account = command.app, command.account
        asked = AuditEvent(actor, surface, app.name, "set", (account,), Outcome.ANSWERED)
        self.check(asked)
        values = self._read(app, account, fields.defaults(Domain.PROFILE, app.custom))
        with before_sending():
            self.record.add(asked)
        return Form(app, account, values)

    def propose(
        self, actor: Actor, command: SetFields, surface: Surface = Surface.COMMAND
    ) -> Preview | Unchanged:
        """Preview a change of the fields whose values differ; nothing is written to the vendor.

        Raises:
            BotError: The actor may not change it, or the profile or the record failed.
        """
        app, account, reason = command.app, command.account, command.reason
        self.check(AuditEvent(actor, surface, app.name, "set", (account,), Outcome.DENIED))
        check_text("the reason", reason)
        now = self._read_named(app, account, tuple(command.values)) if command.values else NOTHING
        change = self._new(actor, app, account, now, command.values, reason=reason)
        return self._preview(app, change, surface, now)

    def confirm(self, actor: Actor, change_id: str, surface: Surface = Surface.BUTTON) -> ChangeResult:
        """Apply a change once if the profile is unchanged since its preview; else return a new preview.

        Raises:
            ExpiredError: It is too old, another person's, or was already confirmed or cancelled.
            BotError: The actor may no longer change it, or the profile or the record failed. It names the
                change if that still waits.
        """
        deadline = Deadline.after(CHANGING_SECONDS)
        with keeps_waiting(change_id):
            change = self._own(actor, change_id, surface)
            app, touched = find_fields(change, self.apps)
            self._check_age(change, surface)
            now = self._read_shown(app, change)
        if anew := self._replace_if_moved(app, change, now, surface):
            return anew
        # Starts before the intent is recorded: nothing is sent once another process may settle the change.
        to_write = deadline.within(WRITE_SECONDS)
        with keeps_waiting(change_id), before_sending():
            attempted, _ = journal.move(self.record, change, Outcome.ATTEMPTED, surface)
        write = partial(self.ims[app.name].set_profile, change.account, change.after, to_write)
        read = partial(read_fields, app, change.account, touched, self.ims)
        try:
            result = apply(attempted, touched, write, read, waits=self.waits, deadline=deadline)
        except Exception:
            # It may have been sent, so the actor must not be advised to try again.
            log.exception("the outcome of change %s could not be determined", change.id)
            result = WriteResult(
                Outcome.UNKNOWN, OutcomeUnknownError("an error in the bot interrupted the change")
            )
        return journal.close(self.record, app, attempted, result, surface)

    def review(
        self, actor: Actor, change_id: str, surface: Surface = Surface.BUTTON
    ) -> Preview | Unchanged | Overwritten:
        """Return the preview of an open change again, with the profile's current values.

        Raises:
            BotError: As for confirming.
        """
        change = self._own(actor, change_id, surface)
        app, _ = find_fields(change, self.apps)
        self._check_age(change, surface)
        now = self._read_shown(app, change)
        return self._replace_if_moved(app, change, now, surface) or Preview(
            app, change, nick=str(now.get(NICK.tag, ""))
        )

    def recall(self, actor: Actor, change_id: str, surface: Surface = Surface.BUTTON) -> Preview:
        """Return the preview of an open change as it was first shown; asks the record alone.

        Raises:
            BotError: As for confirming.
        """
        change = self._own(actor, change_id, surface)
        app, _ = find_fields(change, self.apps)
        return Preview(app, change)

    def cancel(self, actor: Actor, change_id: str, surface: Surface = Surface.BUTTON) -> Settled:
        """Cancel an open change.

        Raises:
            BotError: As for confirming.
        """
        change = self._own(actor, change_id, surface)
        app, _ = find_fields(change, self.apps)
        with before_sending():
            cancelled, entry = journal.move(self.record, change, Outcome.CANCELLED, surface)
        return Settled(app, cancelled, entry)

    def undo(
        self, actor: Actor, change_id: str, surface: Surface = Surface.COMMAND
    ) -> Preview | Unchanged | Overwritten:
        """Preview restoring the values that a change, of any person, replaced.

        Raises:
            ExpiredError: There is no such change, it was not applied, or it was undone already.
            BotError: As for proposing.
        """
        done = self._find(actor, change_id, surface, word="undo")
        if done is None:
            raise ExpiredError(f"there is no change {quote(change_id)}", advice=_HISTORY)
        app, asked = find_fields(done, self.apps)
        if not (touched := journal.list_written(self.record, done, asked)):
            state = journal.describe_state(self.record, done)
            raise ExpiredError(f"this change cannot be undone: it {state}", advice=_HISTORY)
        if undone_by := journal.find_undo(self.record, done):
            raise ExpiredError(f"it was already undone by change {undone_by}", advice=_HISTORY)
        now = self._read_named(app, done.account, touched)
        if later := find_later(self.record, done, touched, done.after, now):
            with before_sending():
                # It shows current values.
                self.record.add(_refused_undo(actor, done, surface))
            return Overwritten(app, done, later)
        wanted = {field: undo_value(field, done.before.get(field.tag)) for field in touched}
        change = self._new(actor, app, done.account, now, wanted, reason=undo_reason(done.id), undoes=done.id)
        return self._preview(app, change, surface, now)

    def settle_open(self, grace: timedelta = GRACE) -> Iterator[Settled]:
        """Settle, by reading profiles, the changes that a crash or a silent vendor left open.

        Args:
            grace: The time without a move after which a change counts as left open.

        Raises:
            AuditError: The record cannot be read or written.
        """
        return settle_open(self.apps, self.ims, self.record, grace)

    def _read(self, app: App, account: str, touched: tuple[Field, ...]) -> Values:
        with before_sending():
            return read_fields(app, account, touched, self.ims)

    def check(self, asked: AuditEvent, *, bypass_cache: bool = False) -> None:
        """Check that an actor may change profiles; a refusal is recorded.

        Raises:
            PermissionDeniedError: They may not.
        """
        try:
            self._permit(asked.actor, bypass_cache=bypass_cache)
        except PermissionDeniedError as refusal:
            journal.deny(self.record, asked, refusal)
            raise

    def _permit(self, actor: Actor, *, bypass_cache: bool) -> None:
        policy.check(actor, Role.EDITOR, self.rules, self.people, bypass_cache=bypass_cache)
        if not self.audited:
            raise PermissionDeniedError(
                "changes are switched off here: no audit channel is set",
                advice=f"Tell the bot's operator; im-bot doctor says how to set one. {NOTHING_SENT}",
                detail="AUDIT_CHANNEL is empty",
            )

    def _find(
        self, actor: Actor, change_id: str, surface: Surface, *, word: str = "", bypass_cache: bool = False
    ) -> Change | None:
        """Find a change; check the role, and record a refusal, even if there is no change."""
        try:
            change = journal.find(self.record, change_id)
        except AlteredError as error:
            journal.deny(self.record, replace(_asked(actor, None, surface, word), change_id=change_id), error)
            raise
        self.check(_asked(actor, change, surface, word), bypass_cache=bypass_cache)
        return change

    def _own(self, actor: Actor, change_id: str, surface: Surface) -> Change:
        """Find an open change that an actor may confirm or cancel."""
        change = self._find(actor, change_id, surface, bypass_cache=True)
        if change is None:
            raise ExpiredError("there is no such change in the record", advice=_AGAIN)
        if change.actor != actor:
            refusal = ExpiredError(
                "only the person who proposed a change may confirm or cancel it",
                advice=f"Ask them, or propose it yourself. {NOTHING_SENT}",
            )
            journal.deny(self.record, _asked(actor, change, surface), refusal)
            raise refusal
        if change.outcome is not Outcome.PROPOSED:
            raise not_open(self.record, change)
        return change

    def _check_age(self, change: Change, surface: Surface) -> None:
        if journal.now(self.record) < expires_at(change):
            return
        with suppress(AuditError):
            journal.move(self.record, change, Outcome.CANCELLED, surface, journal.EXPIRED)
        minutes = CONFIRM_WITHIN // timedelta(minutes=1)
        raise ExpiredError(f"this preview is older than {minutes} minutes", advice=_AGAIN)

    def _read_named(self, app: App, account: str, touched: tuple[Field, ...]) -> Values:
        """Read the fields of a change, and the nickname."""
        return self._read(app, account, tuple(dict.fromkeys((*touched, NICK))))

    def _read_shown(self, app: App, change: Change) -> Values:
        """Read what the preview of a change shows."""
        return self._read_named(app, change.account, _shown_fields(app, change))

    def _preview(self, app: App, change: Change, surface: Surface, now: Values) -> Preview | Unchanged:
        if not change.after:
            return Unchanged(app, change.account, change.kept)
        journal.propose(self.record, change, surface)
        return Preview(app, change, nick=str(now.get(NICK.tag, "")))

    def _replace_if_moved(
        self, app: App, old: Change, now: Values, surface: Surface
    ) -> Preview | Unchanged | Overwritten | None:
        """Cancel a change whose profile changed since its preview, and propose it anew; None if it did not.

        What needed no change counts, too: the actor was told that it is so.
        An undo is not proposed anew: it would overwrite the later change, even one to the same value.
        """
        shown, then = _shown_fields(app, old), {**old.kept, **old.before}
        changed = shown if old.undoes else changed_fields(shown, now, then)
        if not changed:
            return None
        with keeps_waiting(old.id):
            later = find_later(self.record, old, changed, then, now)
            if not later:
                return None
            with before_sending():
                journal.move(self.record, old, Outcome.CANCELLED, surface, journal.MOVED)
        if old.undoes:
            return Overwritten(app, old, later)
        asked = {**old.kept, **old.after}
        wanted = {field: asked[field.tag] for field in shown}
        change = self._new(old.actor, app, old.account, now, wanted, reason=old.reason, undoes=old.undoes)
        anew = self._preview(app, change, surface, now)
        return replace(anew, later=later) if isinstance(anew, Preview) else anew

    def _new(
        self,
        actor: Actor,
        app: App,
        account: str,
        now: Values,
        wanted: Mapping[Field, Value],
        *,
        reason: str = "",
        undoes: str = "",
    ) -> Change:
        """Make the change from a profile's current to the wanted values; empty if none differ."""
        after = {
            field.tag: value
            for field, value in wanted.items()
            if not equivalent(field, now.get(field.tag), value)
        }
        return Change(
            id="op_" + b32encode(secrets.token_bytes(8)).decode().lower()[:_ID_CHARACTERS],
            actor=actor,
            app=app.name,
            account=account,
            before={tag: now[tag] for tag in after if tag in now},
            after=after,
            reason=reason,
            proposed_at=journal.now(self.record),
            undoes=undoes,
            kept={field.tag: value for field, value in wanted.items() if field.tag not in after},
        )


def _shown_fields(app: App, change: Change) -> tuple[Field, ...]:
    """List the fields of a change, and those that were asked for and need none."""
    return fields.named((*change.after, *change.kept), Domain.PROFILE, app.custom)


def _refused_undo(actor: Actor, done: Change, surface: Surface) -> AuditEvent:
    """Make the event of an undo that is not proposed; it is no step of the change."""
    return AuditEvent(
        actor,
        surface,
        done.app,
        "undo",
        (done.account,),
        Outcome.ANSWERED,
        reason=undo_reason(done.id),
        problem="it would overwrite what was changed later",
    )


def _asked(actor: Actor, change: Change | None, surface: Surface, word: str = "") -> AuditEvent:
    if change is None:
        return AuditEvent(actor, surface, "", word or "set", (), Outcome.DENIED)
    word = word or word_of(change)
    accounts = (change.account,)
    return AuditEvent(actor, surface, change.app, word, accounts, Outcome.DENIED, change_id=change.id)
