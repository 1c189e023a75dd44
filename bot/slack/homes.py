"""The bot's Home tab, published whenever somebody opens it or has pressed a button in it."""

from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk.web import WebClient

from bot.core.answers import Again, Answers
from bot.core.dispatcher import Dispatcher
from bot.core.model import Actor
from bot.core.results import Home
from bot.errors import SlackUnavailableError
from bot.slack.messages import render_home


@dataclass(frozen=True, slots=True)
class Homes:
    """Publishes Home tabs (views.publish).

    Args:
        slack: The client of Slack's Web API.
        command: The slash command's name, slash included.
        dispatcher: What knows what somebody has here.
        answers: What buttons lead back to.
        told: Says how far the audit channel has been told.
    """

    slack: WebClient
    command: str
    dispatcher: Dispatcher
    answers: Answers
    told: Callable[[], str]

    def publish(self, actor: Actor) -> str:
        """Publish somebody's Home tab as it is now; names what was done.

        Raises:
            SlackUnavailableError: Slack did not take it.
        """
        home = self.dispatcher.show_home(actor)
        view = render_home(home, self._keep(actor, home), self.told(), command=self.command)
        try:
            self.slack.api_call("views.publish", json={"user_id": actor.user_id, "view": view})
        except Exception as error:  # noqa: BLE001 - slack_sdk lets errors of several libraries through
            raise SlackUnavailableError(
                "Slack did not take your Home tab",
                advice=f"Open it again in a minute; {self.command} works all the same",
                detail=type(error).__name__,
            ) from None
        return "ShowHome"

    def _keep(self, actor: Actor, home: Home) -> dict[int, str]:
        return {
            recent.entry.sequence: self.answers.keep(actor, Again(recent.again))
            for recent in home.recent
            if recent.again
        }
