"""A workspace, the pages of its people, and bots' connections to it."""

import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, BinaryIO

import requests
from starlette.types import Receive, Scope, Send
from websockets.sync.client import ClientConnection, connect

from bot.playground.installed_app import InstalledApp
from bot.playground.manifest import Shortcut, SlashCommand
from bot.playground.people import Person
from bot.playground.workspace import Workspace

BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"
SIGNING_SECRET = "made-up"
ONCALL = "C07ONCALL4A"
SUPPORT = "C07SUPPRT7B"
PARTNERS = "C07PARTNR5D"
SCOPES = ("chat:write", "commands", "users:read", "usergroups:read", "channels:read", "im:read", "im:write")
TIMEOUT = 30
"""Seconds that a test waits at most."""
_OF_APP = [field.name for field in fields(InstalledApp)]


def make_workspace(**changes: Any) -> Workspace:
    """Make a workspace with an app; changes are the app's or the workspace's."""
    parts: dict[str, Any] = {
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secret": SIGNING_SECRET,
        "scopes": SCOPES,
        "commands": [SlashCommand(command="/im", usage_hint="profile <id>…", description="Look up accounts")],
        "shortcuts": [
            Shortcut(
                name="Look up accounts", callback_id="lookup", type="global", description="Ask for any ids"
            ),
            Shortcut(
                name="Look up these ids",
                callback_id="lookup_message",
                type="message",
                description="Ask for the ids in a message",
            ),
        ],
    }
    parts |= changes
    of_app = {name: parts.pop(name) for name in _OF_APP if name in parts}
    sets = {name: frozenset(of_app.get(name, ())) for name in ("scopes", "events")}
    lists = {name: tuple(of_app[name]) for name in ("commands", "shortcuts")}
    return Workspace(InstalledApp(**{**of_app, **sets, **lists}), **parts)


class SwitchableApp:
    """An ASGI application that passes on to another, so that one server serves every test."""

    app: Callable[..., Awaitable[None]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Page:
    """One person's web page, reduced to its protocol."""

    def __init__(self, url: str, person: Person, socket: ClientConnection) -> None:
        self._url = url
        self._socket = socket
        self.person = person
        self.snapshot = self.next()

    def next(self) -> dict[str, Any]:
        news: dict[str, Any] = json.loads(self._socket.recv(TIMEOUT))
        return news

    def next_message(self) -> dict[str, Any]:
        message: dict[str, Any] = self.next()["message"]
        return message

    def next_view(self) -> dict[str, Any]:
        view: dict[str, Any] = self.next()["view"]
        return view

    def send(self, text: str, channel: str = ONCALL, **more: Any) -> dict[str, Any]:
        return self._post("send", {"channel": channel, "text": text, **more})

    def upload(
        self, name: str, content: bytes | BinaryIO, channel: str = ONCALL, text: str = "", **more: Any
    ) -> dict[str, Any]:
        """Post a message with a file; returns the file."""
        file = self.choose(name, content)
        assert self.send(text, channel, files=[file["id"]], **more) == {"ok": True}
        return file

    def choose(self, name: str, content: bytes | BinaryIO) -> dict[str, Any]:
        """Upload a file that belongs to no message yet; returns what the page knows of it."""
        answer = self.try_upload(name, content)
        assert answer.pop("ok"), answer
        file: dict[str, Any] = answer["file"]
        return file

    def try_upload(self, name: str, content: bytes | BinaryIO) -> dict[str, Any]:
        answer = requests.post(
            f"{self._url}/page/upload",
            content,
            params={"as": self.person.id, "name": name},
            headers={"Content-Type": "application/octet-stream"},
            timeout=TIMEOUT,
        )
        said: dict[str, Any] = answer.json()
        return said

    def delete_file(self, file: dict[str, Any]) -> dict[str, Any]:
        return self._post("delete_file", {"file": file["id"]})

    def edit(self, text: str, **place: Any) -> dict[str, Any]:
        return self._post("edit", {"text": text, **place})

    def open_app(self, tab: str = "home") -> dict[str, Any]:
        return self._post("open_app", {"channel": f"D{self.person.id[1:]}", "tab": tab})

    def press(self, message: dict[str, Any], action_id: str, **more: Any) -> dict[str, Any]:
        block_id = next(
            block["block_id"]
            for block in message["blocks"]
            if any(element.get("action_id") == action_id for element in block.get("elements", ()))
        )
        place = {"channel": message["channel"], "ts": message["ts"]}
        return self._post(
            "press", {**place, "block_id": block_id, "action_id": action_id, "value": "", **more}
        )

    def press_in(self, view: dict[str, Any], block_id: str, action_id: str, **more: Any) -> dict[str, Any]:
        place = {"view_id": view["id"], "block_id": block_id, "action_id": action_id}
        return self._post("press", {**place, **more})

    def suggest(self, typed: str, **place: Any) -> dict[str, Any]:
        return self._post("suggest", {"value": typed, **place})

    def submit(self, view: dict[str, Any], state: object = None) -> dict[str, Any]:
        return self._post("submit", {"view_id": view["id"], "state": state or {}})

    def close(self, view: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self._post("close", {"view_id": view["id"], **more})

    def use_shortcut(self, callback_id: str, channel: str = ONCALL, **more: Any) -> dict[str, Any]:
        return self._post("shortcut", {"channel": channel, "callback_id": callback_id, **more})

    def set_fault(self, dial: str, setting: str) -> dict[str, Any]:
        return self._post("weather", {"dial": dial, "setting": setting})

    def send_unexpected(self) -> None:
        """Send text over the WebSocket, which only the server should send on."""
        self._socket.send("hello?")

    def _post(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            f"{self._url}/page/{what}", json={"as": self.person.id, **body}, timeout=TIMEOUT
        )
        content: dict[str, Any] = answer.json()
        return content


@contextmanager
def open_page(url: str, person: Person) -> Iterator[Page]:
    address = f"{url.replace('http', 'ws', 1)}/page/events?as={person.id}"
    with connect(address, proxy=None) as socket:
        yield Page(url, person, socket)


class SocketModeConnection:
    """A bare Socket Mode connection of a bot; unlike Slack's client it may break the protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.hello = self.receive()

    def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(TIMEOUT))
        return message

    def acknowledge(self, envelope: dict[str, Any], **more: Any) -> None:
        self._socket.send(json.dumps({"envelope_id": envelope["envelope_id"], **more}))

    def send(self, text: str) -> None:
        self._socket.send(text)


@contextmanager
def open_socket_mode(url: str) -> Iterator[SocketModeConnection]:
    headers = {"Authorization": f"Bearer {APP_TOKEN}"}
    answer = requests.post(f"{url}/api/apps.connections.open", headers=headers, timeout=TIMEOUT).json()
    with connect(answer["url"], proxy=None) as socket:
        yield SocketModeConnection(socket)


def wait_until(true: Callable[[], bool], seconds: float = TIMEOUT) -> None:
    """Wait for something that happens in another thread."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)


def make_buttons(*action_ids: str) -> list[dict[str, Any]]:
    """Make the blocks of a message with buttons."""
    text = {"type": "section", "text": {"type": "plain_text", "text": "Which?"}}
    buttons = [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": id_},
            "action_id": id_,
            "value": f"value of {id_}",
        }
        for id_ in action_ids
    ]
    return [text, {"type": "actions", "block_id": "buttons", "elements": buttons}]


def make_text(text: str) -> dict[str, Any]:
    """Make a plain text object."""
    return {"type": "plain_text", "text": text}


def make_option(value: str) -> dict[str, Any]:
    """Make an option whose text is its value."""
    return {"text": make_text(value), "value": value}


def make_input(name: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make an input block whose ids and label are its name."""
    return {
        "type": "input",
        "block_id": name,
        "label": make_text(name),
        "element": {"action_id": name, **element},
        **more,
    }


def make_view(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a modal's view with a submit button, for views.open."""
    parts = {
        "type": "modal",
        "callback_id": "set_modal",
        "title": make_text("Set"),
        "submit": make_text("Go"),
    }
    return {**parts, "blocks": list(blocks), **more}
