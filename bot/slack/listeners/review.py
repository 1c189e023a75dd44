"""Review of a form in its modal: the preview to confirm, and the outcome of the change."""

import logging
from collections.abc import Callable
from functools import partial

from bot.core.commands import SetFields, metric_of
from bot.core.model import Actor, Surface
from bot.core.results import Preview, Settled, Unchanged
from bot.errors import BotError
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.request import SlackRequest
from bot.slack.modals.review import review_view, settled_view, unchanged_view
from bot.slack.runner import CommandRunner

log = logging.getLogger(__name__)


def review(runner: CommandRunner, request: SlackRequest, open_view: OpenView, command: SetFields) -> None:
    """Show the preview of a form's change, to be confirmed."""
    propose = partial(runner.services.changes.propose, request.actor, command, request.surface)
    _run(runner, request, open_view, propose, metric_of(command))


def confirm(runner: CommandRunner, request: SlackRequest, open_view: OpenView, change_id: str) -> None:
    """Confirm a reviewed change, and show its outcome."""
    change = partial(runner.services.changes.confirm, request.actor, change_id, request.surface)
    _run(runner, request, open_view, change, "ConfirmChange")


def cancel_review(runner: CommandRunner, actor: Actor, change_id: str) -> None:
    """Cancel a change whose review was closed; if that fails, it expires."""
    try:
        runner.services.changes.cancel(actor, change_id, Surface.FORM)
    except BotError as error:
        log.info("a change whose review was closed is left to expire (%s)", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - nothing else would log it
        runner.report_crash(error)


def _run(
    runner: CommandRunner,
    request: SlackRequest,
    open_view: OpenView,
    step: Callable[[], Preview | Unchanged | Settled],
    metric: str,
) -> None:
    def run() -> str:
        _show(runner, request, open_view, step())
        return metric

    runner.run_guarded(request, run)


def _show(
    runner: CommandRunner, request: SlackRequest, open_view: OpenView, result: Preview | Unchanged | Settled
) -> None:
    """Show the result of a step; as a message once the modal is closed."""
    match result:
        case Preview():
            view = review_view(result)
        case Unchanged():
            view = unchanged_view(result)
        case Settled():
            view = settled_view(result, runner.command, runner.channel_note(result))
    if not open_view.show(view):
        runner.answer(request, result)
