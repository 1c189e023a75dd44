"""The actions of the buttons of files of ids: look up, choose, cancel, resume, and send what was read."""

from collections.abc import Mapping
from functools import partial

from bot.slack.delivery.request import SlackRequest
from bot.slack.modals.lookup import TITLE
from bot.slack.runner import Action, CommandRunner


def _start(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.file_lookups.start(request, key)
    return "StartFileLookup"


def _choose(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    saved = runner.file_lookups.find(request.actor, key)
    make = partial(runner.file_lookups.make_form, request, saved, key)
    runner.forms.open(request, TITLE, make, forgets=False)
    return "AskAboutFile"


def _cancel(runner: CommandRunner, request: SlackRequest, id_: str) -> str:
    runner.file_lookups.lookups.cancel(request.actor, id_)
    return "CancelFileLookup"


def _resume(runner: CommandRunner, request: SlackRequest, id_: str) -> str:
    runner.file_lookups.lookups.resume(request.actor, id_)
    return "ResumeFileLookup"


def _send_part(runner: CommandRunner, request: SlackRequest, id_: str) -> str:
    runner.file_lookups.lookups.send_part(request.actor, id_)
    return "SendFilePart"


FILE_ACTIONS: Mapping[str, Action] = {
    "look_up_file": _start,
    "choose_file": _choose,
    "cancel_file_lookup": _cancel,
    "resume_file_lookup": _resume,
    "send_file_part": _send_part,
}
"""The actions by action id."""
