"""What comes of a form: the difference to confirm in its modal, and what became of the change."""

import logging

from bot.core.commands import SetFields
from bot.core.model import Actor, Surface
from bot.core.results import Preview, Settled, Unchanged
from bot.errors import BotError
from bot.slack.delivery.open_view import Pane
from bot.slack.delivery.request import Ask
from bot.slack.modals.review import review_view, settled_view, unchanged_view
from bot.slack.runner import Answering

log = logging.getLogger(__name__)


def review(answering: Answering, ask: Ask, pane: Pane, command: SetFields) -> None:
    """Show what a form would change, to be confirmed."""

    def run() -> str:
        _show(answering, ask, pane, answering.services.changes.propose(ask.actor, command, ask.surface))
        return type(command).__name__

    answering.always_answer(ask, run)


def confirm(answering: Answering, ask: Ask, pane: Pane, change_id: str) -> None:
    """Make a change that was reviewed, and show what became of it."""

    def run() -> str:
        _show(answering, ask, pane, answering.services.changes.confirm(ask.actor, change_id, ask.surface))
        return "ConfirmChange"

    answering.always_answer(ask, run)


def give_up(answering: Answering, actor: Actor, change_id: str) -> None:
    """Cancel a change whose review was closed; nobody waits for an answer, and what is left expires."""
    try:
        answering.services.changes.cancel(actor, change_id, Surface.FORM)
    except BotError as error:
        log.info("a change whose review was closed is left to expire (%s)", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - nobody else would tell of it
        answering.own_up(error)


def _show(answering: Answering, ask: Ask, pane: Pane, result: Preview | Unchanged | Settled) -> None:
    """Show what came of a step, and as a message to whoever has closed the modal."""
    match result:
        case Preview():
            view = review_view(result)
        case Unchanged():
            view = unchanged_view(result)
        case Settled():
            view = settled_view(result, answering.command, answering.note_on(result))
    if not pane.show(view):
        answering.answer(ask, result)
