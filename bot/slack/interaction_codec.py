"""State behind button and form ids as JSON: accounts and fields; what else it holds is encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from bot.command_codec import SavedCommand, find_fields, pack_command, unpack_command
from bot.core.commands import SearchRecord, ShowHistory
from bot.core.fields import Domain
from bot.core.model import NOTHING, AccountResult, App, EntryKind, LookupStatus, Value
from bot.core.results import Form, Lookup
from bot.encryption import Cipher
from bot.errors import IMError
from bot.slack.interactions import (
    ElsewhereCancelable,
    FinishedLookup,
    HistoryPage,
    Interaction,
    LookupPage,
    OpenForm,
    OpenLookup,
    OpenReview,
    RunningLookup,
    SavedAccount,
    SavedFile,
    SavedLookup,
    SavedText,
    ShownHome,
    WaitingRequest,
)


class _Row(msgspec.Struct, array_like=True):
    """An account's result; its problem by its place in the answer's list, -1 for none."""

    account: str
    status: LookupStatus
    problem: int = -1
    values: dict[str, Value] = {}


class _Problem(msgspec.Struct, array_like=True):
    """An error; its kind by the name of its class."""

    kind: str
    words: str
    code: int | None
    advice: str


class _Page(msgspec.Struct, tag="lookup page", omit_defaults=True):
    command: SavedCommand
    rows: tuple[_Row, ...]
    problems: tuple[_Problem, ...]
    number: int
    size: int
    failed: tuple[str, ...] = ()
    cancelled: bool = False


class _History(msgspec.Struct, tag="history page", omit_defaults=True):
    app: str
    account: str
    before: int | None = None
    newer: tuple[int | None, ...] = ()
    kind: EntryKind | None = None
    fields: tuple[str, ...] = ()


class _Search(msgspec.Struct, tag="search page"):
    command: SearchRecord


class _SavedLookup(msgspec.Struct, tag="lookup"):
    command: SavedCommand


class _SavedText(msgspec.Struct, tag="text"):
    text: str


class _SavedAccount(msgspec.Struct, tag="account"):
    app: str
    account: str


class _OpenForm(msgspec.Struct, tag="form", omit_defaults=True):
    app: str
    account: str
    values: str
    url: str = ""


class _OpenLookup(msgspec.Struct, tag="lookup form", omit_defaults=True):
    channel_id: str
    thread_ts: str = ""
    url: str = ""


class _SavedFile(msgspec.Struct, tag="file", omit_defaults=True):
    file_id: str
    name: str
    command: SavedCommand
    column: str = ""


class _OpenReview(msgspec.Struct, tag="review"):
    change_id: str


class _ShownHome(msgspec.Struct, tag="home"):
    pass


class _Cancelable(msgspec.Struct, tag="cancelable"):
    pass


class _Finished(msgspec.Struct, tag="finished"):
    pass


_Saved: TypeAlias = (
    _Page
    | _History
    | _Search
    | _SavedLookup
    | _SavedText
    | _SavedAccount
    | _OpenForm
    | _OpenLookup
    | _OpenReview
    | _ShownHome
    | _SavedFile
    | _Cancelable
    | _Finished
)


# Made while loading: two threads that decode a type for the first time at once can crash the process.
_DECODER = msgspec.json.Decoder(_Saved)


@dataclass(frozen=True, slots=True)
class InteractionCodec:
    """Turns state into JSON and back, for other processes and versions of the bot.

    The values of a form, response URLs, typed text, and the names of files and their columns are encrypted.

    Args:
        apps: The apps by name.
        cipher: Encrypts them.
    """

    apps: Mapping[str, App]
    cipher: Cipher

    def encode(self, what: Interaction) -> str | None:
        """Return state as JSON; None for what only its own process can use."""
        saved = _to_struct(what, self.cipher)
        return msgspec.json.encode(saved).decode() if saved else None

    def decode(self, content: str) -> Interaction | None:
        """Return the state that JSON stands for; None if it is not state, or its app is gone."""
        try:
            return _from_struct(_DECODER.decode(content), self.apps, self.cipher)
        except (msgspec.MsgspecError, LookupError):
            return None


def _to_struct(  # noqa: C901, PLR0912 - one case for each kind of state
    what: Interaction, cipher: Cipher
) -> _Saved | None:
    match what:
        case LookupPage():
            return _pack_page(what)
        case HistoryPage(command=ShowHistory() as command):
            return _pack_history(command)
        case HistoryPage(command=SearchRecord() as command):
            return _Search(command)
        case SavedLookup(command=command):
            return _SavedLookup(pack_command(command))
        case SavedText(text=text):
            return _SavedText(cipher.encrypt(text))
        case SavedAccount(app=app, account=account):
            return _SavedAccount(app.name, account)
        case OpenForm(form=form, response_url=url):
            values = msgspec.json.encode(dict(form.values)).decode()
            return _OpenForm(form.app.name, form.account, cipher.encrypt(values), cipher.encrypt(url))
        case OpenLookup(channel_id=channel_id, thread_ts=thread_ts, response_url=url):
            return _OpenLookup(channel_id, thread_ts, cipher.encrypt(url))
        case OpenReview(change_id=change_id):
            return _OpenReview(change_id)
        case ShownHome():
            return _ShownHome()
        case SavedFile(name=name, command=command, column=column):
            typed = (cipher.encrypt(name), pack_command(command), cipher.encrypt(column))
            return _SavedFile(what.file_id, *typed)
        case RunningLookup() | WaitingRequest():
            return _Cancelable()
        case FinishedLookup():
            return _Finished()
        case _:
            return None


def _from_struct(  # noqa: C901, PLR0912 - as above
    saved: _Saved, apps: Mapping[str, App], cipher: Cipher
) -> Interaction:
    match saved:
        case _Page():
            return _unpack_page(saved, apps)
        case _History():
            return HistoryPage(_unpack_history(saved, apps))
        case _Search(command=command):
            return HistoryPage(command)
        case _SavedLookup(command=command):
            return SavedLookup(unpack_command(command, apps))
        case _SavedText(text=text):
            return SavedText(_decrypt(text, cipher))
        case _SavedAccount(app=app, account=account):
            return SavedAccount(apps[app], account)
        case _OpenForm(app=app, account=account, values=token, url=url):
            values = msgspec.json.decode(_decrypt(token, cipher), type=dict[str, Value])
            return OpenForm(Form(apps[app], account, values), cipher.decrypt(url))
        case _OpenLookup(channel_id=channel_id, thread_ts=thread_ts, url=url):
            return OpenLookup(channel_id, cipher.decrypt(url), thread_ts)
        case _OpenReview(change_id=change_id):
            return OpenReview(change_id)
        case _ShownHome():
            return ShownHome()
        case _SavedFile(name=name, command=command, column=column):
            typed = (_decrypt(name, cipher), unpack_command(command, apps), cipher.decrypt(column))
            return SavedFile(saved.file_id, *typed)
        case _Cancelable():
            return ElsewhereCancelable()
        case _Finished():
            return FinishedLookup()


def _decrypt(token: str, cipher: Cipher) -> str:
    if not (text := cipher.decrypt(token)):
        raise LookupError
    return text


def _pack_history(command: ShowHistory) -> _History:
    return _History(
        command.app.name,
        command.account,
        command.before,
        command.newer,
        command.kind,
        tuple(field.tag for field in command.fields),
    )


def _unpack_history(saved: _History, apps: Mapping[str, App]) -> ShowHistory:
    app = apps[saved.app]
    return ShowHistory(
        app,
        saved.account,
        before=saved.before,
        newer=saved.newer,
        kind=saved.kind,
        fields=find_fields(Domain.PROFILE, app, saved.fields),
    )


def _pack_page(page: LookupPage) -> _Page:
    answer = page.answer
    problems: dict[int, IMError] = {id(row.problem): row.problem for row in answer.rows if row.problem}
    places = {key: place for place, key in enumerate(problems)}
    return _Page(
        pack_command(answer.command),
        tuple(
            _Row(row.account, row.status, places.get(id(row.problem), -1), dict(row.values))
            for row in answer.rows
        ),
        tuple(_Problem(type(each).__name__, str(each), each.code, each.advice) for each in problems.values()),
        page.number,
        page.size,
        page.failed,
        answer.cancelled,
    )


def _unpack_page(saved: _Page, apps: Mapping[str, App]) -> LookupPage:
    problems = [
        _find_errors()[each.kind](each.words, code=each.code, advice=each.advice) for each in saved.problems
    ]
    rows = tuple(
        AccountResult(
            row.account, row.status, row.values or NOTHING, None if row.problem < 0 else problems[row.problem]
        )
        for row in saved.rows
    )
    answer = Lookup(unpack_command(saved.command, apps), rows, cancelled=saved.cancelled)
    return LookupPage(answer, saved.number, saved.size, saved.failed)


def _find_errors(base: type[IMError] = IMError) -> dict[str, type[IMError]]:
    """Map the names of an error's kinds to their classes."""
    found = {base.__name__: base}
    for kind in base.__subclasses__():
        found.update(_find_errors(kind))
    return found
