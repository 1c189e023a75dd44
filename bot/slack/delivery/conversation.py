"""The second way to answer: in a direct message or a thread, by messages that the bot can change."""

from dataclasses import dataclass, replace

from bot.slack.api.channels import DIRECT
from bot.slack.api.errors import SlackCallError
from bot.slack.delivery.channel import Channel
from bot.slack.messages.blocks import Message

_PEOPLE = ("U", "W")
"""The first letters of the ids of people, to whom Slack delivers in their direct messages with the bot."""
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}


@dataclass(slots=True)
class Conversation:
    """Where one message of a person's is answered.

    Args:
        channel: The channel or thread.
        user_id: Whose message it is.
    """

    channel: Channel
    user_id: str
    _ts: str = ""

    @property
    def public(self) -> bool:
        """Whether others see what is said in it."""
        return not self.channel.id.startswith((DIRECT, *_PEOPLE))

    @property
    def begun(self) -> bool:
        """Whether there is a message that another can take the place of."""
        return bool(self._ts)

    def say(self, message: Message, *, replaces: bool) -> None:
        """Post a message, or put it in the place of the last one.

        Raises:
            SlackCallError: Slack did not take it, or did not say so.
        """
        if replaces and self._ts:
            try:
                self.channel.change(self._ts, message)
            except SlackCallError as error:
                if error.code not in _GONE:
                    raise
            else:
                return
        channel_id, self._ts = self.channel.post(message)
        self.channel = replace(self.channel, id=channel_id)

    def post_ephemeral(self, message: Message) -> None:
        """Say something to the person alone, as far as Slack can.

        Raises:
            SlackCallError: Slack did not take it, or did not say so.
        """
        if self.public:
            self.channel.post_for(self.user_id, message)
        else:
            self.channel.post(message)
