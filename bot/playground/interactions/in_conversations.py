"""Commands, button presses and shortcuts in conversations, and their delivery to the bot."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from bot.playground.errors import SlackError
from bot.playground.interactions import payloads, responses
from bot.playground.json_types import Json
from bot.playground.people import SLACKBOT, Channel, Person, PersonKind
from bot.playground.state.messages import Message, MessageContent
from bot.playground.state.response_urls import ResponseUrl
from bot.playground.transport.http import (
    DISPATCH_FAILED,
    EVENTS,
    INTERACTIVE,
    SLASH_COMMANDS,
    EventRetry,
    NotDeliveredError,
    post_signed,
)
from bot.playground.workspace import Workspace

_NOT_INTERACTIVE = "This app is not configured to handle interactive responses."
_INVALID_COMMAND = (
    '{} is not a valid command. In Slack, all messages that start with the "/" character are interpreted as '
    'commands.\n\nIf you are trying to send a message and not run a command, try preceding the "/" with an '
    "empty space."
)


async def run_command(workspace: Workspace, actor: Person, channel: Channel, line: str, address: str) -> None:
    """Run a slash command; an error is shown to the person as in Slack."""
    command, _, text = line.partition(" ")
    offered = any(command == known.command for known in workspace.app.commands)
    # People of other workspaces have the commands of theirs, where this app is not installed.
    if not offered or actor.kind is PersonKind.STRANGER:
        _notify(workspace, actor, channel, _INVALID_COMMAND.format(payloads.escape(command)))
        return
    url = ResponseUrl(channel, actor, workspace.clock(), command=line)
    payload = payloads.make_slash_command(
        actor,
        channel,
        command,
        text.strip(),
        response_url=responses.create_response_url(workspace, url, address),
        trigger_id=workspace.triggers.make(actor, workspace.clock(), channel=channel.id),
    )
    try:
        answer = await deliver(workspace, SLASH_COMMANDS, payload)
        if answer:
            _show(workspace, url, answer)
    except NotDeliveredError as error:
        _notify(workspace, actor, channel, f'{command} failed with the error "{error.code}"')


async def press(workspace: Workspace, actor: Person, message: Message, action: Json, address: str) -> None:
    """Deliver the use of an element in a message; an error is shown to the person."""
    channel = workspace.channels[message.channel]
    url = ResponseUrl(channel, actor, workspace.clock(), source=message, pressed=True)
    payload = payloads.make_block_actions(
        actor,
        channel,
        message,
        action,
        response_url=responses.create_response_url(workspace, url, address),
        trigger_id=workspace.triggers.make(actor, workspace.clock(), channel=channel.id),
    )
    await _interact(workspace, actor, channel, payload)


async def use_shortcut(workspace: Workspace, actor: Person, channel: Channel, callback_id: str) -> None:
    """Deliver the use of a global shortcut; an error is shown to the person in their channel."""
    trigger_id = workspace.triggers.make(actor, workspace.clock(), channel=channel.id)
    payload = payloads.make_shortcut(actor, callback_id, workspace.make_ts(), trigger_id)
    await _interact(workspace, actor, channel, payload)


async def use_message_shortcut(
    workspace: Workspace, actor: Person, message: Message, callback_id: str, address: str
) -> None:
    """Deliver the use of a message shortcut; an error is shown to the person."""
    channel = workspace.channels[message.channel]
    url = ResponseUrl(channel, actor, workspace.clock())
    payload = payloads.make_message_action(
        actor,
        channel,
        message,
        callback_id=callback_id,
        ts=workspace.make_ts(),
        response_url=responses.create_response_url(workspace, url, address),
        trigger_id=workspace.triggers.make(actor, workspace.clock(), channel=channel.id),
    )
    await _interact(workspace, actor, channel, payload)


async def deliver(workspace: Workspace, kind: str, payload: Json, retry: EventRetry | None = None) -> object:
    """Deliver a payload to the bot, and return the body of the acknowledgement.

    Raises:
        NotDeliveredError: The payload was not acknowledged.
    """
    title = payloads.name(payload) + (f", attempt {retry.number + 1}" if retry else "")
    with workspace.inspector.recording("to_bot", kind, title, payload) as exchange:
        try:
            exchange.answer = await _transmit(workspace, kind, payload, retry)
        except NotDeliveredError as error:
            exchange.outcome = error.code
            raise
        exchange.outcome = "acknowledged"
        return exchange.answer


async def _transmit(workspace: Workspace, kind: str, payload: Json, retry: EventRetry | None) -> object:
    if kind == INTERACTIVE and not workspace.app.interactive:
        raise NotDeliveredError(DISPATCH_FAILED, _NOT_INTERACTIVE)
    twice = workspace.faults.deliver_twice
    if workspace.app.request_url is None:
        return await workspace.sockets.deliver(kind, payload, workspace.ack_limit, retry, twice=twice)
    post = partial(
        post_signed,
        kind,
        payload,
        url=workspace.app.request_url,
        secret=workspace.app.signing_secret,
        ack_limit=workspace.ack_limit,
    )
    answer = await post(retry=retry)
    if twice:
        with suppress(NotDeliveredError):
            await post(retry=EventRetry(1, "http_timeout") if kind == EVENTS else None)
    return answer


async def _interact(workspace: Workspace, actor: Person, channel: Channel, payload: Json) -> None:
    try:
        await deliver(workspace, INTERACTIVE, payload)
    except NotDeliveredError as error:
        _notify(workspace, actor, channel, error.sentence)


def _show(workspace: Workspace, url: ResponseUrl, answer: object) -> None:
    if not isinstance(answer, Mapping):
        raise NotDeliveredError(DISPATCH_FAILED)
    try:
        responses.respond(workspace, url, answer)
    except SlackError as error:
        raise NotDeliveredError(error.code) from None


def _notify(workspace: Workspace, actor: Person, channel: Channel, text: str) -> None:
    workspace.post(channel, SLACKBOT, MessageContent(text), only_for=actor.id, error=True)
