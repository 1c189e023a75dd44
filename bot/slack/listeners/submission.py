"""Submissions of modals: acknowledged with what is wrong with them, or admitted."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from slack_bolt import Ack

from bot.slack.admission import Admission
from bot.slack.delivery.request import SlackRequest
from bot.slack.modals.errors import FormError, busy_error


@contextmanager
def show_mistakes(ack: Ack) -> Iterator[None]:
    """Acknowledge a submission with its mistakes, shown beside the inputs, if a FormError is raised."""
    try:
        yield
    except FormError as error:
        ack(response_action="errors", errors=error.mistakes)


def admit_submission(
    admission: Admission, request: SlackRequest, run: Callable[[], object], view: Mapping[str, Any]
) -> None:
    """Admit what a submitted view asks for.

    Raises:
        FormError: There is no room.
    """
    if not admission.try_to_admit(request, run):
        raise busy_error(view)
