"""The expected shapes of Slack's payloads, and readers of their common parts."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from bot.core.model import Actor


def read_actor(body: Mapping[str, Any]) -> Actor:
    """Read the actor of an interaction."""
    user, team = body.get("user") or {}, body.get("team") or {}
    return Actor(text(user, "id"), text(user, "team_id") or text(team, "id"))


def text(payload: Mapping[str, Any], key: str) -> str:
    """Read a text; empty if there is none."""
    return str(payload.get(key) or "")


class NotSlacksError(Exception):
    """A payload does not have Slack's shape; the text names the place, never the content."""


class _Id(msgspec.Struct, kw_only=True):
    id: str


class _User(msgspec.Struct, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    team_id: str | None = None


class _Action(msgspec.Struct, kw_only=True):
    action_id: str
    block_id: str | None = None
    value: str | None = None


class _Option(msgspec.Struct, kw_only=True):
    value: str


class _File(msgspec.Struct, kw_only=True):
    id: str
    name: str | None = None
    title: str | None = None
    mimetype: str | None = None
    size: int | None = None
    mode: str | None = None
    is_external: bool | None = None
    file_access: str | None = None
    url_private_download: str | None = None


class _Held(msgspec.Struct, kw_only=True):
    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_date: str | None = None
    files: list[_File] | None = None


class _State(msgspec.Struct, kw_only=True):
    values: dict[str, dict[str, _Held]]


class _Block(msgspec.Struct, kw_only=True):
    type: str
    block_id: str


class _View(msgspec.Struct, kw_only=True):
    type: str
    id: str | None = None
    callback_id: str | None = None
    private_metadata: str | None = None
    blocks: list[_Block] = []
    state: _State | None = None


class _FilledIn(_View, kw_only=True):
    state: _State


class _ResponseUrl(msgspec.Struct, kw_only=True):
    response_url: str
    channel_id: str | None = None


class _Interaction(msgspec.Struct, kw_only=True):
    user: _User
    team: _Id | None = None
    channel: _Id | None = None
    container: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    response_url: str | None = None
    trigger_id: str | None = None
    view: _View | None = None


class _Press(_Interaction, kw_only=True):
    actions: Annotated[list[_Action], msgspec.Meta(min_length=1)]


class _Shortcut(_Interaction, kw_only=True):
    callback_id: str


class _Submission(_Interaction, kw_only=True):
    view: _FilledIn
    response_urls: list[_ResponseUrl] | None = None


class _Closing(_Interaction, kw_only=True):
    view: _View


class _Authorization(msgspec.Struct, kw_only=True):
    user_id: str | None = None
    team_id: str | None = None
    is_bot: bool | None = None


class _Event(msgspec.Struct, kw_only=True):
    type: str
    subtype: str | None = None
    user: str | None = None
    bot_id: str | None = None
    team: str | None = None
    user_team: str | None = None
    channel: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    text: str | None = None
    tab: str | None = None
    files: list[_File] | None = None


class _Message(_Event, kw_only=True):
    channel: str
    ts: str


class _Callback(msgspec.Struct, kw_only=True):
    event: _Event
    team_id: str | None = None
    event_id: str | None = None
    authorizations: list[_Authorization] | None = None


class _MessageCallback(_Callback, kw_only=True):
    event: _Message
    event_id: str


class _Command(msgspec.Struct, kw_only=True):
    command: str
    user_id: Annotated[str, msgspec.Meta(min_length=1)]
    team_id: str
    channel_id: str | None = None
    text: str | None = None
    response_url: str | None = None
    trigger_id: str | None = None


_SHAPES: Mapping[str, type] = {
    "block_actions": _Press,
    "shortcut": _Shortcut,
    "message_action": _Shortcut,
    "view_submission": _Submission,
    "view_closed": _Closing,
    "event_callback": _Callback,
}
"""The shape of the parts that are read, by the payload's type; other parts may be anything."""
_MESSAGES = ("message", "app_mention")

# Made while loading: two threads that read a type for the first time at once can crash the process.
for _shape in (*_SHAPES.values(), _Command, _MessageCallback):
    msgspec.json.Decoder(_shape)


def check_payload(body: object) -> None:
    """Check that a payload has Slack's shape, as far as it is read.

    Raises:
        NotSlacksError: It does not.
    """
    if not isinstance(body, dict):
        raise NotSlacksError("it is not an object")
    kind = body.get("type")
    if not isinstance(kind, str | None):
        raise NotSlacksError("its type is not a text")
    shapes = [shape] if (shape := _SHAPES.get(kind or "")) else []
    if "command" in body:
        shapes.append(_Command)
    try:
        for shape in shapes:
            read: object = msgspec.convert(body, shape)
            if isinstance(read, _Callback) and read.event.type in _MESSAGES:
                msgspec.convert(body, _MessageCallback)
    except msgspec.ValidationError as error:
        # Its text names only types and the place.
        raise NotSlacksError(str(error)) from None
