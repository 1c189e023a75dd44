"""The listener for the slash command."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.model import Actor, Surface
from bot.slack.admission import Admission
from bot.slack.api.payloads import text
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.runner import CommandRunner


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the slash command with Bolt."""

    @app.command(runner.command)
    def on_command(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, url = Actor(text(body, "user_id"), text(body, "team_id")), text(body, "response_url")
        request = SlackRequest(
            actor,
            Surface.COMMAND,
            Reply(responder.reach(url, actor.user_id)),
            text(body, "channel_id"),
            text(body, "trigger_id"),
            url,
        )
        typed = text(body, "text")
        run = partial(runner.run_guarded, request, partial(runner.run_text, request, typed))
        message = admission.admit_command(request, run, typed)
        if message is None:
            ack()
        else:
            ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
