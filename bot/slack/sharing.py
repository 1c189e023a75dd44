"""Which channels an answer may be shown to."""

from bot.errors import NotSharedError, SlackUnavailableError
from bot.slack.conversation import DIRECT
from bot.slack.people import SlackPeople


def is_private(channel_id: str) -> bool:
    """Tell whether nobody but the actor reads what is posted where they asked, or it is no channel at all."""
    return not channel_id or channel_id.startswith(DIRECT)


def check_share(people: SlackPeople, channel_id: str) -> None:
    """Check that an answer may be shown to a channel.

    Raises:
        NotSharedError: It may not.
    """
    if is_private(channel_id):
        raise NotSharedError("this is a direct message", advice="Use --share in a channel")
    try:
        shared_outside = people.is_shared_outside(channel_id)
    except SlackUnavailableError:
        raise NotSharedError(
            "Slack did not say whether people of other organizations can read this channel",
            advice="In a private channel, invite the bot first",
        ) from None
    if shared_outside:
        raise NotSharedError("people of other organizations can read this channel")
