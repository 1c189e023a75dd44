"""A running bot between the local Slack and the sandbox, over HTTP or Socket Mode, and its users."""

import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from bot.app import Bot, connect_socket_mode, make_bot
from bot.core.model import Entry, Outcome
from bot.playground.blockkit.checker import check_message
from bot.playground.people import AUDIT_CHANNEL_ID, VIEWER, Person
from bot.playground.server import make_app
from bot.playground.state.rate_limits import CallLimit, PostingLimit
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings, make_workspace
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.serving.http_app import HTTPApp
from bot.serving.http_server import HTTPServer
from bot.serving.metrics import Metrics
from bot.settings import Settings
from bot.slack.delivery.audit.audit_relay import RelayTiming
from bot.store.export import export
from bot.store.record import Store
from tests.support.delaying_proxy import DelayingProxy, run_delaying_proxy
from tests.support.entries import unaltered
from tests.support.held_answers import HeldAnswers
from tests.support.migrated import migrated_file
from tests.support.slack import ONCALL, Page, open_page, wait_until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Transport = Literal["socket", "http", "pair"]
"""Socket Mode, HTTP, or HTTP to two bots with one database, which get each request in turn."""

_WORKING = ("Looking up", "Sending the CSV", "The answer follows", "Contacting Tencent Chat")
"""Beginnings of progress messages."""
_LINKED = "|Audit message>"
_OUTCOME = "Looked up "
"""The beginning of a file lookup's outcome, which is shown again once it is kept, maybe beside a view."""
_PACE = 0.1
"""Seconds between two changes of messages about file lookups: the local Slack takes any number."""
_RELAY_TIMING = RelayTiming(spacing=0.1)
"""The same between two messages in the audit channel."""


@dataclass(frozen=True, slots=True)
class RunningBot:
    url: str
    workspace: Workspace
    sandbox: Sandbox
    vendor: HeldAnswers
    """The sandbox over HTTP."""
    settings: Settings
    bots: Sequence[Bot]

    @property
    def bot(self) -> Bot:
        """The only bot, or the first of two."""
        return self.bots[0]

    def wait_until_posted(self) -> None:
        """Wait until the audit channel has every entry, so that the next message there is of a new one."""
        wait_until(lambda: self.bot.audit.store.count_waiting()[0] == 0)

    @contextmanager
    def act_as(self, person: Person = VIEWER) -> Iterator["SlackUser"]:
        with open_page(self.url, person) as page:
            yield SlackUser(page)


@dataclass(frozen=True, slots=True)
class SlackUser:
    """A person at the page; every message shown has to pass the Block Kit check, house rules included."""

    page: Page
    audited: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)

    def ask(self, text: str, channel: str = ONCALL) -> dict[str, Any]:
        """Send a command; return its answer."""
        return self.result(self.begin(text, channel))

    def begin(self, text: str, channel: str = ONCALL) -> dict[str, Any]:
        """Send a command; return the first message, which may be a progress message."""
        assert self.page.send(text, channel) == {"ok": True}
        return self.answer()

    def press(self, message: dict[str, Any], label: str, times: int = 1) -> dict[str, Any]:
        """Press a button, several times unless an answer replaces it; returns the last answer."""
        self.click(message, label)
        pressed = 1 + sum(self.try_click(message, label) for _ in range(times - 1))
        return [self.result() for _ in range(pressed)][-1]

    def click(self, message: dict[str, Any], label: str) -> None:
        """Press a button, and wait for nothing."""
        if not self.try_click(message, label):
            # It was shown again meanwhile, with the link that is added later.
            assert self.try_click(self._find_again(message), label)

    def _find_again(self, message: dict[str, Any]) -> dict[str, Any]:
        """Wait for an update of a message, unless it has come."""
        while (latest := self.shown.get(message["ts"], message)) == message:
            self.next_message()
        return latest

    def try_click(self, message: dict[str, Any], label: str) -> bool:
        """Press a button; return False if the message has changed."""
        block_id, button = next(
            (block["block_id"], element)
            for block in message["blocks"]
            for element in (*block.get("elements", ()), *filter(None, [block.get("accessory")]))
            if element["type"] == "button" and element["text"]["text"] == label
        )
        place = {"channel": message["channel"], "ts": message["ts"], "block_id": block_id}
        pressed = {"action_id": button["action_id"], "value": button["value"]}
        return bool(self.page._post("press", {**place, **pressed})["ok"])

    def answer(self) -> dict[str, Any]:
        message = self.next_message()
        while is_audit_message(message) or is_linked(message):
            message = self.next_message()
        return message

    def linked(self) -> dict[str, Any]:
        """Wait for the update that adds a link to the audit channel to an answer."""
        while not is_linked(message := self.next_message()):
            pass
        return message

    def result(self, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a message, or the next answer, past progress messages."""
        message = message or self.answer()
        while message["text"].startswith(_WORKING):
            message = self.answer()
        return message

    def audit(self, *, updated: bool = False) -> dict[str, Any]:
        """Wait for the next message in the audit channel that is no checkpoint; a new or an updated one."""
        while True:
            while not self.audited:
                self.next_message()
            message = self.audited.pop(0)
            is_updated = "Undone by" in message["text"]
            if is_updated is updated and not message["text"].startswith("Checkpoint"):
                return message

    def view(self, *says: str) -> dict[str, Any]:
        """Wait for a view with these words; messages to the audit channel are kept for `audit`."""
        while not (view := self._next_view()) or any(words not in str(view["blocks"]) for words in says):
            pass
        return dict(view)

    def close(self, view: dict[str, Any], *, clear: bool = True) -> None:
        """Close a view or the whole modal, and wait until no view is open."""
        self.page.close(view, clear=clear)
        while self._next_view():
            pass

    def _next_view(self) -> dict[str, Any] | None:
        """Wait for the next view, or for None when the last one closed."""
        while "view" not in (news := self._next_news()) or is_linked(news["view"] or {}):
            message = news.get("message", {})
            if message and not is_linked(message):
                if message["text"].startswith(_OUTCOME):
                    continue
                assert is_audit_message(message), message["text"]
                self.audited.append(message)
        view: dict[str, Any] | None = news["view"]
        return view

    def _next_news(self) -> dict[str, Any]:
        news: dict[str, Any] = self.page.next()
        if message := news.get("message"):
            self.shown[message["ts"]] = message
        return news

    def next_message(self) -> dict[str, Any]:
        """Wait for the next message in any channel; those in the audit channel are kept for `audit`."""
        news = self._next_news()
        while "message" not in news:
            news = self._next_news()
        message: dict[str, Any] = news["message"]
        if is_audit_message(message):
            self.audited.append(message)
        content = {"text": message["text"], "blocks": message["blocks"] or []}
        # People also send files without words.
        assert message["error"] or message["files"] or check_message(content) == []
        return message


def read_history(running_bot: RunningBot, account: str) -> list[Entry]:
    """Read the entries about an account, the newest first."""
    with closing(Store(running_bot.settings.database_url)) as store:
        return unaltered(store.list_history("demo", account, None, 100))


def read_denials(running_bot: RunningBot, person: Person) -> list[dict[str, Any]]:
    """Read all denials of a person from the record, the newest last."""
    said = map(json.loads, export(running_bot.settings.database_url, "jsonl"))
    return [each for each in said if (each["user"], each["outcome"]) == (person.id, Outcome.DENIED)]


def is_audit_message(message: dict[str, Any]) -> bool:
    """Whether a message is for the whole audit channel, and no ephemeral answer there."""
    return bool(message["channel"] == AUDIT_CHANNEL_ID and not message["ephemeral"])


def is_linked(shown: dict[str, Any]) -> bool:
    """Whether a message or a view about a change has the link to the audit channel, which is added later."""
    return any(_LINKED in str(block) for block in shown.get("blocks") or () if block["type"] == "context")


@contextmanager
def run_bot(
    transport: Transport,
    im_url: str = "",
    *,
    ack_delay: float = 0.0,
    in_organization: bool = False,
    **changes: Any,
) -> Iterator[RunningBot]:
    """Run the bot between a local Slack and a sandbox.

    Args:
        transport: How Slack's payloads reach it.
        im_url: Another IM server than the sandbox.
        ack_delay: Seconds by which each ack is delayed, and nothing else.
        in_organization: Whether the workspace is one of an Enterprise organization.
        changes: Other settings.
    """
    workspace, sandbox = make_workspace(), open_sandbox()
    vendor = HeldAnswers(WebApp(sandbox))
    workspace.posting_limit, workspace.call_limit = PostingLimit(enabled=False), CallLimit(enabled=False)
    if in_organization:
        workspace.join_organization()
    with (
        TemporaryDirectory() as folder,
        BackgroundServer(vendor) as im,
        BackgroundServer(make_app(workspace)) as slack,
        run_delaying_proxy(DelayingProxy(slack.url, there=ack_delay)) as proxy,
    ):
        api = proxy if ack_delay else slack.url
        record = Path(folder) / "im-bot.db"
        migrated_file(record)
        settings = make_settings(workspace, api, sandbox, im_url or im.url, record).model_copy(update=changes)
        with ExitStack() as stack:
            if transport == "socket":
                bots = [stack.enter_context(_by_socket(settings))]
            else:
                bots = [stack.enter_context(_open(settings)) for _ in range(1 + (transport == "pair"))]
                stack.enter_context(_by_http(bots, settings, workspace, ack_delay))
            yield RunningBot(slack.url, workspace, sandbox, vendor, settings, bots)


@contextmanager
def _by_socket(settings: Settings) -> Iterator[Bot]:
    bot = make_bot(settings, pace=_PACE, relay_timing=_RELAY_TIMING)
    with connect_socket_mode(bot, settings):
        yield bot


@contextmanager
def _open(settings: Settings) -> Iterator[Bot]:
    with closing(make_bot(settings, pace=_PACE, relay_timing=_RELAY_TIMING)) as bot:
        bot.start()
        yield bot


@contextmanager
def _by_http(
    bots: Sequence[Bot], settings: Settings, workspace: Workspace, ack_delay: float
) -> Iterator[None]:
    secret = settings.slack_signing_secret.get_secret_value()
    turns = cycle([HTTPApp(bot.bolt, Metrics(), [], secret) for bot in bots])
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def take_turns(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return next(turns)(environ, start_response)

    with (
        HTTPServer(take_turns, listener),
        run_delaying_proxy(DelayingProxy(url, back=ack_delay)) as proxy,
    ):
        workspace.app.request_url = f"{proxy if ack_delay else url}/slack/events"
        yield
