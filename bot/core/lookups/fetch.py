"""Execution of lookups: calls in parallel chunks, and a result for every account."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import chain

from bot.core.commands import LookupCommand
from bot.core.fields import PROFILE_FIELDS, Field
from bot.core.ids import MAX_ID_BYTES, fits
from bot.core.lookups.kinds import PROFILES, Found, Query
from bot.core.lookups.mutual import add_other_direction
from bot.core.model import AccountResult, App, Deadline, LookupStatus, Values
from bot.core.parsing.usage_errors import CHECK_ID, quote
from bot.core.ports import CALL_ACCOUNTS, IM
from bot.errors import IMError, InvalidResponseError, NotAFriendError, NotAskedError, NotFoundError

_FINDINGS: Mapping[type, LookupStatus] = {
    NotAskedError: LookupStatus.NOT_ASKED,
    NotAFriendError: LookupStatus.NOT_A_FRIEND,
}


def look_up(
    command: LookupCommand,
    im: IM,
    deadline: Deadline,
    pool: Executor,
    report: Callable[[Sequence[AccountResult]], None] = lambda _: None,
) -> tuple[AccountResult, ...]:
    """Look up every account of a command; return one row each, in the order asked, whatever fails.

    Args:
        command: The command.
        im: The vendor's client.
        deadline: The time limit; no call starts after it.
        pool: Runs the calls in parallel; a single call runs in the caller's thread.
        report: Called by several threads with the rows of each call.
    """
    chunk_of, chunks = _Chunk(command, im, deadline, report), split(command)
    answered = map(chunk_of.rows, chunks) if len(chunks) == 1 else pool.map(chunk_of.rows, chunks)
    rows = {row.account: row for row in chain(never_asked(command), chain.from_iterable(answered))}
    ordered = tuple(rows[account] for account in command.accounts)
    return add_other_direction(command, ordered, im, deadline, pool) if command.both else ordered


def never_asked(command: LookupCommand) -> list[AccountResult]:
    """List rows for the ids that are too long for the vendor and never sent."""
    why = NotAskedError(f"over {MAX_ID_BYTES} bytes", advice="Check the id; quote one that contains a space")
    return [
        AccountResult(account, LookupStatus.NOT_ASKED, problem=why)
        for account in command.accounts
        if not fits(account)
    ]


def split(command: LookupCommand) -> list[tuple[str, ...]]:
    """Split the accounts to look up into chunks for one call each."""
    # The owner takes a place in the call that checks accounts.
    size = CALL_ACCOUNTS - 1 if command.kind.has_owner else CALL_ACCOUNTS
    accounts = tuple(filter(fits, command.accounts))
    return [accounts[start : start + size] for start in range(0, len(accounts), size)]


_NO_SUCH_FIELD = 40009
"""The vendor's code for an unknown field, which it does not name."""


def read_profile(app: App, account: str, fields: tuple[Field, ...], im: IM, deadline: Deadline) -> Values:
    """Read one account's profile.

    Raises:
        NotFoundError: The account is not imported, or the app has no such field.
        IMError: It could not be read.
    """
    command = LookupCommand(PROFILES, app, (account,), fields)
    (row,) = _Chunk(command, im, deadline).rows(command.accounts)
    if row.status is LookupStatus.NOT_IMPORTED:
        code = row.problem.code if row.problem else None
        raise NotFoundError(f"no such account {quote(account)}", code=code, advice=check_id(app))
    if row.problem is not None:
        raise _naming(row.problem, fields)
    return row.values


def _naming(problem: IMError, fields: Sequence[Field]) -> IMError:
    """Add to an unknown-field error the fields that may be meant: the app's own."""
    own = [field.word for field in fields if field not in PROFILE_FIELDS]
    if problem.code != _NO_SUCH_FIELD or not own:
        return problem
    words = f"{problem}: {' or '.join(own)}"
    return type(problem)(words, code=problem.code, advice=problem.advice, detail=problem.detail)


def check_id(app: App) -> str:
    """Return the advice about an account that an app does not know; it may be in another app."""
    others = " or ".join(f"--app {name}" for name in app.others)
    return f"{CHECK_ID}, or try {others}" if others else CHECK_ID


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The lookup of one chunk, with a check of the accounts that the answer leaves open."""

    command: LookupCommand
    im: IM
    deadline: Deadline
    report: Callable[[Sequence[AccountResult]], None] = lambda _: None

    def rows(self, accounts: Sequence[str]) -> list[AccountResult]:
        rows = self._settle(accounts)
        self.report(rows)
        return rows

    def _settle(self, accounts: Sequence[str]) -> list[AccountResult]:
        try:
            found, imported = self._ask(accounts)
        except IMError as problem:
            return [_missed(account, problem) for account in accounts]
        return [_row(account, found.get(account), imported.get(account)) for account in accounts]

    def _ask(self, accounts: Sequence[str]) -> tuple[Found, Mapping[str, bool | IMError]]:
        try:
            found = self._call(accounts)
        except NotFoundError as problem:
            # One unknown account may fail the whole call: repeat it with the imported ones.
            imported = self._check(accounts)
            known = [account for account in accounts if imported[account] is True]
            if len(known) == len(accounts):
                return dict.fromkeys(accounts, problem), imported
            unsettled = {account: why for account, why in imported.items() if isinstance(why, IMError)}
            return {**unsettled, **self._call_again(known)}, imported
        return found, self._check([account for account in accounts if _is_open(found.get(account))])

    def _call_again(self, accounts: Sequence[str]) -> dict[str, Values | IMError]:
        if not accounts:
            return {}
        try:
            return dict(self._call(accounts))
        except IMError as problem:
            return dict.fromkeys(accounts, problem)

    def _call(self, accounts: Sequence[str]) -> Found:
        command = self.command
        tags = [field.tag for field in command.fields]
        return command.kind.read(self.im, Query(accounts, tags, command.owner, self.deadline))

    def _check(self, accounts: Sequence[str]) -> dict[str, bool | IMError]:
        """Return, by account, whether it is imported, or the error that kept it unknown.

        Raises:
            NotFoundError: The owner of the friend list is not imported.
        """
        if not accounts:
            return {}
        owner = [self.command.owner] if self.command.kind.has_owner else []
        try:
            imported = self.im.check_accounts([*dict.fromkeys([*owner, *accounts])], self.deadline)
        except IMError as problem:
            return dict.fromkeys(accounts, problem)
        if owner and imported.get(owner[0]) is False:
            raise NotFoundError(f"no such account {owner[0]}, the owner", advice=check_id(self.command.app))
        unsaid = InvalidResponseError("Tencent Chat did not say whether it is imported", advice="Try again")
        return {account: imported.get(account, unsaid) for account in accounts}


def _is_open(answer: Values | IMError | None) -> bool:
    """Check whether an answer leaves open if the account is imported: an error, missing or empty."""
    return isinstance(answer, IMError) or not answer


def _row(account: str, answer: Values | IMError | None, imported: bool | IMError | None) -> AccountResult:  # noqa: FBT001 - three states, from the API
    if imported is False:
        return AccountResult(
            account, LookupStatus.NOT_IMPORTED, problem=answer if isinstance(answer, IMError) else None
        )
    if answer is None:
        answer = InvalidResponseError("Tencent Chat's answer left it out", advice="Try again")
    if isinstance(answer, IMError):
        return _missed(account, answer)
    if not answer and isinstance(imported, IMError):
        return _missed(account, imported)
    return AccountResult(account, LookupStatus.FOUND, values=answer)


def _missed(account: str, problem: IMError) -> AccountResult:
    status = next((_FINDINGS[kind] for kind in type(problem).mro() if kind in _FINDINGS), LookupStatus.FAILED)
    return AccountResult(account, status, problem=problem)


def attribute_names(rows: Iterable[AccountResult]) -> tuple[str, ...]:
    """List the attribute names in an answer, sorted."""
    return tuple(sorted({name for row in rows for name in row.values}))
