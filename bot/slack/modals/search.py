"""Search modal: the view that asks what to look for in the record, and its submission."""

from collections.abc import Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    DatePickerElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.core.commands import SearchRecord
from bot.core.fields import Domain, Field, offered
from bot.core.model import Actor, EntryKind, RecordQuery
from bot.core.parsing.command_line import Apps, read_accounts
from bot.core.text.visible_text import make_visible
from bot.errors import UsageError
from bot.slack.messages.history import KIND_LABELS
from bot.slack.messages.text import cut, unescape
from bot.slack.modals.errors import FormError, in_words
from bot.slack.modals.inputs import INPUT, read_input
from bot.slack.modals.profile import ACCOUNT, REASON, app_inputs, read_app

TITLE = "Search the record"
"""The title of the form."""
SEARCH_MODAL = "search_modal"
"""The callback id of the view."""
PERSON = "person"
"""The block id of the input for a person."""
KIND = "kind"
"""The block id of the input for the kind of entry."""
FIELD = "field"
"""The block id of the input for a field that changed."""
SINCE = "since"
"""The block id of the input for the first day."""
UNTIL = "until"
"""The block id of the input for the last day."""

_MOST_TYPED = 200
_MOST_OPTIONS = 100
_MAX_LABEL = 75


def search_view(apps: Apps, key: str, *, anybody: bool) -> dict[str, Any]:
    """Make the view.

    Args:
        apps: The configured apps.
        key: The opaque id of the answer's destination.
        anybody: Whether the actor may search without an account, and for people.
    """
    fields = [
        Option(value=field.tag, label=cut(make_visible(field.label), _MAX_LABEL))
        for field in _list_fields(apps)
    ]
    kinds = [Option(value=kind.value, label=label) for kind, label in KIND_LABELS.items() if kind]
    account = PlainTextInputElement(action_id=INPUT, placeholder="alice")
    inputs: list[Block] = [_ask("Account", ACCOUNT, account, optional=anybody), *app_inputs(apps)]
    if anybody:
        inputs.append(_ask("Person", PERSON, UserSelectElement(action_id=INPUT)))
    inputs += [
        _ask("Show", KIND, StaticSelectElement(action_id=INPUT, options=kinds, placeholder="Everything")),
        _ask("Changed field", FIELD, StaticSelectElement(action_id=INPUT, options=fields, placeholder="Any")),
        _ask(
            "Words in the reason",
            REASON,
            PlainTextInputElement(action_id=INPUT, max_length=_MOST_TYPED, placeholder="ticket 4711"),
        ),
        _ask("From", SINCE, DatePickerElement(action_id=INPUT)),
        _ask("To", UNTIL, DatePickerElement(action_id=INPUT), hint="Days are in UTC, the last one included."),
    ]
    return View(
        type="modal",
        callback_id=SEARCH_MODAL,
        title=PlainTextObject(text=TITLE),
        submit=PlainTextObject(text="Search"),
        blocks=inputs,
        private_metadata=key,
    ).to_dict()


def read_search(view: Mapping[str, Any], apps: Apps) -> SearchRecord:
    """Read a submitted search.

    Raises:
        FormError: An input is not valid.
    """
    values = view["state"]["values"]
    try:
        accounts = read_accounts(unescape(read_input(values, ACCOUNT) or ""))
    except UsageError as error:
        raise FormError(view, {ACCOUNT: in_words(error)}) from None
    if len(accounts) > 1:
        raise FormError(view, {ACCOUNT: "enter one account id; quote an id that contains a space"})
    since, until = (_read_day(read_input(values, block_id)) for block_id in (SINCE, UNTIL))
    if until and until.year >= MAXYEAR:
        raise FormError(view, {UNTIL: "choose an earlier day"})
    if since and until and until < since:
        raise FormError(view, {UNTIL: "this is before the first day"})
    person = values.get(PERSON, {}).get(INPUT, {}).get("selected_user")
    kind, tag = read_input(values, KIND), read_input(values, FIELD)
    return SearchRecord(
        RecordQuery(
            accounts[0] if accounts else "",
            read_app(view, apps).name if accounts else "",
            Actor(str(person), "") if person else None,
            kind=EntryKind(kind) if kind else None,
            reason=" ".join(unescape(read_input(values, REASON) or "").split()),
            since=since,
            until=until + timedelta(days=1) if until else None,
            fields=(tag,) if tag else (),
        )
    )


def _list_fields(apps: Apps) -> list[Field]:
    """List the profile fields of all apps, each once, as many as a menu takes."""
    custom = [field for app in apps.by_name.values() for field in app.custom]
    return list({field.tag: field for field in offered(Domain.PROFILE, custom)}.values())[:_MOST_OPTIONS]


def _ask(
    label: str, block_id: str, element: InputInteractiveElement, *, optional: bool = True, hint: str = ""
) -> Block:
    return InputBlock(label=label, element=element, block_id=block_id, optional=optional, hint=hint or None)


def _read_day(day: str | None) -> datetime | None:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None
