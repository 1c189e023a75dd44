"""Lookup modal: the views that ask for ids, fields and a conversation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ConversationSelectElement,
    InputBlock,
    Option,
    OptionGroup,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticMultiSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from bot.core.commands import LookupCommand
from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS, Field
from bot.core.id_detection import Candidate
from bot.core.lookups.kinds import LOOKUP_KINDS, PROFILES, LookupKind
from bot.core.parsing.command_line import Apps
from bot.core.parsing.usage_errors import pasted
from bot.core.text.visible_text import make_visible
from bot.slack.api.shared_files import ENDINGS, MEGABYTES
from bot.slack.messages.blocks import Truncator, bold, context, paragraph, words
from bot.slack.messages.text import cut
from bot.slack.messages.values import field_label
from bot.slack.modals.inputs import INPUT, is_showable
from bot.slack.modals.open_views import with_blocks
from bot.slack.modals.profile import app_inputs

TITLE = "Look up accounts"
"""The title of the form."""
NEXT_TO_IT = "next to the message"
IN_THREAD = "in this thread"
IN_CHANNEL = "in the channel: the bot is no member, so it cannot answer in this thread"
LOOKUP_MODAL = "lookup_modal"
"""The callback id of the view."""
FILE = "file"
"""The block id of the input for a file."""
FILE_INPUT = "file_input"
"""The kind of element that Slack refuses to an app without the scope files:read."""
FOUND = "found"
"""The block id of the menu of other words in a message."""
IDS = "ids"
"""The block id of the input for ids."""
KIND = "kind"
"""The block id of the input for the kind of lookup; its values are command words."""
CHOOSE_KIND = "choose_kind"
"""The action id of that input, sent at each choice."""
OWNER = "owner"
"""The block id of the input for the owner of a friend list."""
FIELDS = "fields"
"""The block id of the input for fields; its values are tags."""
WHERE = "where"
"""The block id of the input for a conversation."""

_NOT_OFFERED = "There is no room for them here. Type or paste the ones you want."
_MOST_OPTIONS = 100
_MOST_LETTERS = 75
_MOST_TYPED = 3000


def lookup_view(apps: Apps, *, with_file: bool = True) -> dict[str, Any]:
    """Make the view that asks for ids or a file of them, and for a conversation for the answer.

    Args:
        apps: The configured apps.
        with_file: Whether it has an input for a file, for which the app needs the scope files:read.
    """
    where = InputBlock(
        label="Answer in",
        element=ConversationSelectElement(
            action_id=INPUT, default_to_current_conversation=True, response_url_enabled=True
        ),
        block_id=WHERE,
        optional=True,
        hint="Only you see it. Leave this empty to get a direct message.",
    )
    file = [_file()] if with_file else []
    return _view([_ids("Account ids", optional=with_file), *file, *ask_kind(apps), where])


def message_view(
    apps: Apps, found: Sequence[Candidate], key: str, more: int = 0, place: str = NEXT_TO_IT
) -> dict[str, Any]:
    """Make the view that offers the ids of a message.

    Args:
        apps: The configured apps.
        found: The possible ids; likely ones stand in the input.
        key: The opaque id of the answer's destination.
        more: The number of further candidates, which are not offered.
        place: Says where the answer appears.
    """
    typed, others, left_out = _divide(found)
    more += left_out
    ids = _ids("Account ids", optional=bool(others), initial=typed)
    offered = [ids, *_offer_words(others)]
    if not found:
        lines = [bold("This message holds no account ids.")], [words("Type or paste them instead.")]
        offered = [paragraph(*lines), ids]
    if more:
        offered.append(
            paragraph([bold(f"At least {more} more may be account ids too.")], [words(_NOT_OFFERED)])
        )
    note = context(f"only you will see the answer, {place}")
    return _view([*offered, *ask_kind(apps), note], private_metadata=key)


def _divide(found: Sequence[Candidate]) -> tuple[str, list[str], int]:
    """Divide a message's ids into the text of the input, the options, and the number that fits in neither.

    The likely ids stand in the input as far as it has room; the others, and its rest, are options.
    """
    typed, others = "", []
    for each in sorted(found, key=lambda each: not each.likely):
        longer = ", ".join(filter(None, (typed, pasted(each.account))))
        if each.likely and len(longer) <= _MOST_TYPED and is_showable(each.account):
            typed = longer
        else:
            others.append(each.account)
    return typed, others[:_MOST_OPTIONS], len(others[_MOST_OPTIONS:])


def _offer_words(others: Sequence[str]) -> Iterator[Block]:
    if others:
        yield InputBlock(
            label="Other words of the message",
            element=StaticMultiSelectElement(
                action_id=INPUT,
                placeholder="Choose the ones that are ids",
                options=[option(each, each) for each in others],
            ),
            block_id=FOUND,
            optional=True,
        )


def _ids(title: str, *, optional: bool = False, initial: str = "") -> Block:
    return InputBlock(
        label=title,
        element=PlainTextInputElement(
            action_id=INPUT,
            multiline=True,
            max_length=_MOST_TYPED,
            placeholder="alice, bob_k",
            initial_value=initial or None,
        ),
        block_id=IDS,
        optional=optional,
        hint="Separate ids by spaces, commas or new lines. Quote an id that contains a space.",
    )


def _file() -> Block:
    return InputBlock(
        label="Or a file of ids",
        element=FileInputElement(action_id=INPUT, filetypes=list(ENDINGS), max_files=1),
        block_id=FILE,
        optional=True,
        hint=f"CSV or plain text, up to {MEGABYTES} MB. You choose the column next. "
        "The answer is a CSV in your direct messages.",
    )


def ask_kind(apps: Apps, command: LookupCommand | None = None) -> Iterator[Block]:
    """Make the inputs for what to look up: the kind, the owner of a friend list, the app and the fields.

    Args:
        apps: The configured apps.
        command: The lookup that is chosen already; None for none.
    """
    options = {word: option(word, kind.choice) for word, kind in LOOKUP_KINDS.items()}
    chosen = options[command.kind.word if command else PROFILES.word]
    element = RadioButtonsElement(
        action_id=CHOOSE_KIND, options=list(options.values()), initial_option=chosen
    )
    yield InputBlock(label="What to look up", element=element, block_id=KIND, dispatch_action=True)
    if command and command.kind.has_owner:
        yield _owner(command.owner)
    yield from app_inputs(apps, command.app.name if command else None)
    yield _fields(apps, command.fields if command and command.named else ())


def _fields(apps: Apps, chosen: Sequence[Field]) -> Block:
    custom = {field.tag: field for app in apps.by_name.values() for field in app.custom}
    groups = {
        "Profiles and friends": (*PROFILE_FIELDS, *custom.values())[:_MOST_OPTIONS],
        "Friends only": FRIEND_FIELDS,
    }
    by_group = {title: {field.tag: _field(field) for field in fields} for title, fields in groups.items()}
    offered = {tag: each for by_tag in by_group.values() for tag, each in by_tag.items()}
    # Slack refuses an initial option that is not one of the options, letter for letter.
    initial = [offered[field.tag] for field in chosen if field.tag in offered]
    return InputBlock(
        label="Fields",
        element=StaticMultiSelectElement(
            action_id=INPUT,
            placeholder="Default fields",
            option_groups=[
                OptionGroup(label=PlainTextObject(text=title), options=list(by_tag.values()))
                for title, by_tag in by_group.items()
            ],
            initial_options=initial or None,
        ),
        block_id=FIELDS,
        optional=True,
    )


def choose_kind(view: Mapping[str, Any], word: str) -> dict[str, Any]:
    """Make the view again for a chosen kind of lookup, which may need an owner or have no fields.

    What was entered stays: Slack keeps the values of inputs whose ids stay.

    Args:
        view: The open view, as Slack sends it.
        word: The word of the chosen kind.
    """
    kind, blocks = LOOKUP_KINDS[word], list[Any]()
    for block in view["blocks"]:
        if block["block_id"] == FIELDS:
            blocks.append(_explain_fields(block, kind))
        elif block["block_id"] != OWNER:
            blocks.append(block)
        if block["block_id"] == KIND and kind.has_owner:
            blocks.append(_owner().to_dict())
    return with_blocks(view, blocks)


def _explain_fields(block: Mapping[str, Any], kind: LookupKind) -> dict[str, Any]:
    """Say at the input for fields where a kind of lookup has none to choose."""
    plain = {key: part for key, part in block.items() if key != "hint"}
    hint = PlainTextObject(text=f"Leave this empty: {kind.noun} are always shown in full.").to_dict()
    return plain if kind.fields_example else {**plain, "hint": hint}


def _owner(initial: str = "") -> Block:
    return InputBlock(
        label="Owner of the friend list",
        element=PlainTextInputElement(
            action_id=INPUT, placeholder="alice", initial_value=initial if is_showable(initial) else None
        ),
        block_id=OWNER,
        hint="One account id.",
    )


def _field(field: Field) -> Option:
    return option(field.tag, field_label(field, Truncator(_MOST_LETTERS)))


def option(value: str, text: str, description: str = "") -> Option:
    """Make an option of visible text, perhaps with a description, cut to Slack's limit."""
    label, more = (
        PlainTextObject(text=cut(make_visible(each), _MOST_LETTERS), emoji=False)
        for each in (text, description)
    )
    return Option(value=value, text=label, description=more if description else None)


def _view(blocks: Sequence[Block], **more: Any) -> dict[str, Any]:
    title, submit = PlainTextObject(text=TITLE), PlainTextObject(text="Look up")
    parts: Mapping[str, Any] = {"callback_id": LOOKUP_MODAL, "title": title, "submit": submit, **more}
    return View(type="modal", blocks=blocks, **parts).to_dict()
