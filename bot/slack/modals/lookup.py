"""Lookup modal: the views that ask for ids, fields and a conversation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    ConversationSelectElement,
    InputBlock,
    Option,
    OptionGroup,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticMultiSelectElement,
)
from slack_sdk.models.views import View

from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS, Field
from bot.core.id_detection import Candidate
from bot.core.lookups.kinds import LOOKUP_KINDS
from bot.core.parsing.command_line import Apps
from bot.slack.messages.blocks import Truncator, bold, context, paragraph, words
from bot.slack.messages.text import cut, make_visible
from bot.slack.messages.values import field_label
from bot.slack.modals.inputs import INPUT
from bot.slack.modals.profile import app_inputs

TITLE = "Look up accounts"
"""The title of the form."""
NEXT_TO_IT = "next to the message"
IN_THREAD = "in this thread"
IN_CHANNEL = "in the channel: the bot is no member, so it cannot answer in this thread"
LOOKUP_MODAL = "lookup_modal"
"""The callback id of the view."""
FOUND = "found"
"""The prefix of the block ids of checkboxes with a message's ids."""
IDS = "ids"
"""The block id of the input for ids."""
KIND = "kind"
"""The block id of the input for the kind of lookup; its values are command words."""
OWNER = "owner"
"""The block id of the input for the owner of a friend list."""
FIELDS = "fields"
"""The block id of the input for fields; its values are tags."""
WHERE = "where"
"""The block id of the input for a conversation."""

_NOT_OFFERED = "There is no room for them here. Type or paste the ones you want."
_GROUP = 10
"""The most checkboxes of one element."""
_MOST_OPTIONS = 100
_MOST_LETTERS = 75
_MOST_TYPED = 3000


def lookup_view(apps: Apps) -> dict[str, Any]:
    """Make the view that asks for ids and a conversation for the answer."""
    where = InputBlock(
        label="Answer in",
        element=ConversationSelectElement(
            action_id=INPUT, default_to_current_conversation=True, response_url_enabled=True
        ),
        block_id=WHERE,
        optional=True,
        hint="Only you see it. Leave this empty to get a direct message.",
    )
    return _view([_ids("Account ids"), *_question(apps), where])


def message_view(
    apps: Apps, found: Sequence[Candidate], key: str, more: int = 0, place: str = NEXT_TO_IT
) -> dict[str, Any]:
    """Make the view that offers the ids of a message.

    Args:
        apps: The configured apps.
        found: The possible ids; likely ones are ticked.
        key: The opaque id of the answer's destination.
        more: The number of further candidates, which are not offered.
        place: Says where the answer appears.
    """
    if found:
        offered: list[Block] = list(_offer(found))
    else:
        lines = [bold("No account ids were found in this message.")], [words("Type or paste them instead.")]
        offered = [paragraph(*lines)]
    if more:
        offered.append(
            paragraph([bold(f"At least {more} more may be account ids too.")], [words(_NOT_OFFERED)])
        )
    ids = _ids("More ids" if found else "Account ids", optional=bool(found))
    return _view(
        [*offered, ids, *_question(apps), context(f"only you see the answer, {place}")], private_metadata=key
    )


def _offer(found: Sequence[Candidate]) -> Iterator[Block]:
    for first in range(0, len(found), _GROUP):
        group = {each: _option(each.account, each.account) for each in found[first : first + _GROUP]}
        ticked = [option for each, option in group.items() if each.likely]
        yield InputBlock(
            label="More from the message" if first else "From the message",
            element=CheckboxesElement(
                action_id=INPUT, options=list(group.values()), initial_options=ticked or None
            ),
            block_id=f"{FOUND}{first}",
            optional=True,
        )


def _ids(title: str, *, optional: bool = False) -> Block:
    return InputBlock(
        label=title,
        element=PlainTextInputElement(
            action_id=INPUT, multiline=True, max_length=_MOST_TYPED, placeholder="alice, bob_k"
        ),
        block_id=IDS,
        optional=optional,
        hint="Separate ids by spaces, commas or new lines. Quote an id that contains a space.",
    )


def _question(apps: Apps) -> Iterator[Block]:
    kinds = [_option(word, kind.choice) for word, kind in LOOKUP_KINDS.items()]
    element = RadioButtonsElement(action_id=INPUT, options=kinds, initial_option=kinds[0])
    yield InputBlock(label="What to look up", element=element, block_id=KIND)
    yield InputBlock(
        label="Owner of the friend list",
        element=PlainTextInputElement(action_id=INPUT, placeholder="alice"),
        block_id=OWNER,
        optional=True,
        hint="Only for friends: one account id.",
    )
    yield from app_inputs(apps)
    custom = {field.tag: field for app in apps.by_name.values() for field in app.custom}
    groups = {
        "Profiles and friends": (*PROFILE_FIELDS, *custom.values())[:_MOST_OPTIONS],
        "Friends only": FRIEND_FIELDS,
    }
    yield InputBlock(
        label="Fields",
        element=StaticMultiSelectElement(
            action_id=INPUT,
            placeholder="Default fields",
            option_groups=[
                OptionGroup(label=PlainTextObject(text=title), options=[_field(each) for each in fields])
                for title, fields in groups.items()
            ],
        ),
        block_id=FIELDS,
        optional=True,
        hint="Attributes are always shown in full.",
    )


def _field(field: Field) -> Option:
    return _option(field.tag, field_label(field, Truncator(_MOST_LETTERS)))


def _option(value: str, text: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=cut(make_visible(text), _MOST_LETTERS), emoji=False))


def _view(blocks: Sequence[Block], **more: Any) -> dict[str, Any]:
    title, submit = PlainTextObject(text=TITLE), PlainTextObject(text="Look up")
    parts: Mapping[str, Any] = {"callback_id": LOOKUP_MODAL, "title": title, "submit": submit, **more}
    return View(type="modal", blocks=blocks, **parts).to_dict()
