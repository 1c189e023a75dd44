"""Short messages: work begun, waiting or not taken on."""

from bot.core.commands import LookupCommand
from bot.core.lookups.job import Progress
from bot.slack.messages.blocks import Button, Message, bold, buttons, make_message, paragraph, words
from bot.slack.messages.progress import show_progress, show_working


def working(command: LookupCommand) -> Message:
    """Say that a lookup is under way; the answer replaces this."""
    return make_message(lambda _: [show_working(command)])


def progressing(command: LookupCommand, progress: Progress, cancel_id: str) -> Message:
    """Say how far a lookup has come; the answer replaces this.

    Args:
        command: What is asked.
        progress: How far it has come.
        cancel_id: The opaque id by which it can be cancelled.
    """
    return make_message(lambda _: show_progress(command, progress, cancel_id))


def shared() -> Message:
    """Say that the answer comes elsewhere, for more than the one person who sees this."""
    return make_message(lambda _: [paragraph([words("The answer follows, visible to everyone here.")])])


def following() -> Message:
    """Say that the answer comes as a message of its own; this stays, and stays true."""
    return make_message(lambda _: [paragraph([words("The answer follows as a new message.")])])


def sending() -> Message:
    """Say that a file is on its way; what comes of it replaces this."""
    return make_message(
        lambda _: [paragraph([bold("Sending the CSV…"), words(" It will arrive in your direct messages.")])]
    )


def changing() -> Message:
    """Say that a change is being prepared or made; the answer replaces this."""
    return make_message(
        lambda _: [
            paragraph([bold("Contacting Tencent Chat…"), words(" The result will replace this message.")])
        ]
    )


def busy() -> Message:
    """Say that too much is being asked at once."""
    return make_message(
        lambda _: [
            paragraph(
                [bold("The bot is busy right now.")],
                [words("Nothing was sent. Try again in a few seconds.")],
            )
        ]
    )


def waiting(cancel_id: str) -> Message:
    """Say that a request waits for its turn.

    Args:
        cancel_id: The opaque id by which it can be taken back.
    """
    return make_message(
        lambda _: [
            paragraph(
                [bold("Waiting in the queue."), words(" The bot is working on other requests.")],
                [words("Yours starts as soon as there is room. You can cancel it until then.")],
            ),
            buttons(Button("Cancel", "cancel_lookup", cancel_id, "danger")),
        ]
    )


def withdrawn() -> Message:
    """Say that a request was cancelled while it waited."""
    return make_message(
        lambda _: [paragraph([bold("Cancelled before it started."), words(" Nothing was sent.")])]
    )


def restarting() -> Message:
    """Say that a request is not done because the bot stops."""
    return make_message(
        lambda _: [
            paragraph(
                [bold("The bot is restarting."), words(" Nothing was sent. Try again in a minute.")],
            )
        ]
    )
