"""People at the page who work on whatever becomes of the bots, and note each answer and its absence."""

import csv
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, TypeAlias

import requests

from bot.playground.people import Person
from tests.support.running_bot import is_audit_message, is_linked
from tests.support.slack import Page, open_page

ANSWERED_WITHIN = 30.0
"""Seconds after which a person counts as unanswered: 20 for the command, the rest for a busy machine."""
GIVEN_UP_AFTER = 8.0
"""Seconds after which a person goes on if the process that had the request was killed."""

TRIES = 10
"""Tries of a press while the message changes."""

_UNDER_WAY = re.compile(r"Looking up|Contacting|Waiting|The answer follows|Sending the CSV|Cancelling")
_REFUSAL = re.compile(r"(?i)record|database|expired|too old")
_OUTAGE = re.compile(
    r"Tencent Chat (took too long|is down|could not be reached)|this has already (ended|started)"
)
"""Words of an answer whose call did not come through: on a slow machine, the far end is slow."""

Shown: TypeAlias = dict[str, Any]
"""A message or a view."""


class LostError(Exception):
    """A request went unanswered, or its answer said that the bot could not be reached."""


class RefusedError(LostError):
    """The answer said that the record or the vendor could not be used, or what was pressed was too old."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a person, and what became of it.

    Args:
        person: The person's id.
        asked: The text, or the label of the button.
        began: When (monotonic seconds).
        seconds: Until the answer; until the person gave up without one.
        answered: Whether there was one.
    """

    person: str
    asked: str
    began: float
    seconds: float
    answered: bool


@dataclass
class PersonAtWork:
    """A person at the page.

    Args:
        page: The page.
        url: The workspace's address.
        died_since: Tells whether a process was killed since a moment (monotonic seconds).
    """

    page: Page
    url: str
    died_since: Callable[[float], bool]
    requests: list[Request] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What no person should see, and answers that belong to no request."""
    refusals: list[str] = field(default_factory=list)
    """Answers that said that the record could not be used, or what was pressed was too old."""
    notices: list[str] = field(default_factory=list)
    """Direct messages that answer no request: how a change ended that was unknown."""
    _refused: int = 0
    """The refused requests, each of which may be answered yet: whether it came through is unknown."""
    _seen: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    """The beginnings of the last messages."""
    _linked: dict[str, Shown] = field(default_factory=dict)
    """The messages about changes that have a link to the audit channel by now, by time stamp."""

    @property
    def id(self) -> str:
        return self.page.person.id

    def ask(self, text: str, *says: str) -> Shown:
        """Send a command; return its answer, which has these words.

        Raises:
            LostError: There was none.
        """
        began = time.monotonic()
        self.page.send(text)
        return self._wait_for_message(text, began, says)

    def press(self, message: Shown, label: str, *says: str) -> Shown:
        """Press a button of a message; return the answer, which has these words.

        Raises:
            LostError: There was none.
        """
        began = time.monotonic()
        self._click(message, label)
        return self._wait_for_message(label, began, says)

    def download(self, message: Shown, label: str, *says: str) -> list[str]:
        """Press the button for a CSV file; return the accounts in it.

        Raises:
            LostError: There was no file, or no answer that names it.
        """
        began = time.monotonic()
        self._click(message, label)
        sent = self._wait(label, began, lambda news: bool(news.get("files")) and news)
        content = requests.get(self.url + sent["files"][0]["url"], timeout=30).content.decode("utf-8-sig")
        self._wait_for_message(f"answer after {label}", began, ("The CSV is in", *says))
        return [row["account"] for row in csv.DictReader(StringIO(content, newline=""))]

    def cancel(self, text: str) -> Shown:
        """Send a command, and cancel it; return the last answer.

        Raises:
            LostError: There was none.
        """
        began = time.monotonic()
        self.page.send(text)
        working = self._wait(text, began, lambda news: _has(news, "Cancel") and news)
        began = time.monotonic()
        self._click(working, "Cancel")
        return self._wait_for_message("Cancel", began, ("Cancelled",))

    def open_form(self, text: str, *says: str) -> Shown:
        """Send a command that opens a form; return the form.

        Raises:
            LostError: None came.
        """
        began = time.monotonic()
        self.page.send(text)
        return self._wait_for_view(text, began, says)

    def choose(self, form: Shown, tag: str) -> Shown:
        """Choose a field to change in a form; return the form with its input.

        Raises:
            LostError: It did not come.
        """
        began = time.monotonic()
        what = next(block for block in form["blocks"] if block.get("block_id") == "what")
        pressed = {"selected_options": [each for each in what["element"]["options"] if each["value"] == tag]}
        action_id = what["element"]["action_id"]
        self.page.press_in(form, "what", action_id, state={"what": {action_id: pressed}}, **pressed)
        return self._wait_for_view("choice", began, (f'"block_id": "{tag}"',))

    def submit(self, view: Shown, values: Mapping[str, str], *says: str) -> Shown:
        """Submit a form with texts by the ids of their blocks; return the view that follows.

        Raises:
            LostError: None came.
        """
        began = time.monotonic()
        state = {}
        for block_id, text in values.items():
            element = next(each["element"] for each in view["blocks"] if each.get("block_id") == block_id)
            state[block_id] = {element["action_id"]: {"type": "plain_text_input", "value": text}}
        self.page.submit(view, state)
        return self._wait_for_view("submit", began, says)

    def close(self, view: Shown) -> None:
        """Close the whole modal."""
        self.page.close(view, clear=True)

    def drain(self, seconds: float) -> None:
        """Read what still comes within some seconds; an answer then belongs to no request."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._read()

    def _click(self, message: Shown, label: str) -> None:
        """Press a button where it stands now: the link to the audit channel may have moved it meanwhile."""
        place = {"channel": message["channel"], "ts": message["ts"]}
        for _ in range(TRIES):
            block_id, button = _find_button(self._linked.get(message["ts"], message), label)
            pressed = {"block_id": block_id, "action_id": button["action_id"], "value": button["value"]}
            if self.page._post("press", {**place, **pressed})["ok"]:
                return
            self._read()
        raise AssertionError(f"{label} cannot be pressed")

    def _wait_for_message(self, asked: str, began: float, says: tuple[str, ...]) -> Shown:
        def choose(news: Shown) -> Shown | bool:
            said = _words(news)
            return news if "text" in news and all(each in said for each in says) else False

        return self._wait(asked, began, choose)

    def _wait_for_view(self, asked: str, began: float, says: tuple[str, ...]) -> Shown:
        def choose(news: Shown) -> Shown | bool:
            said = _words(news)
            return news if "stack_depth" in news and all(each in said for each in says) else False

        return self._wait(asked, began, choose)

    def _wait(self, asked: str, began: float, choose: Callable[[Shown], Shown | bool]) -> Shown:
        """Wait for a message or a view; any other answer meanwhile belongs to no request."""
        answer: Shown | None = None
        refused = False
        while answer is None and time.monotonic() - began < (
            GIVEN_UP_AFTER if self.died_since(began) else ANSWERED_WITHIN
        ):
            news = self._read(choose, asked)
            if news and (news.get("error") or news.get("problem")):
                break  # Slack says that the bot could not be reached
            if news and (chosen := choose(news)):
                answer = dict(chosen)  # type: ignore[arg-type]  # a bool is False here
            elif news and (refused := bool(_REFUSAL.search(_words(news)) or _OUTAGE.search(_words(news)))):
                break
        self._refused += refused
        answered = refused or answer is not None
        self.requests.append(Request(self.id, asked, began, time.monotonic() - began, answered))
        if answer is None:
            raise RefusedError(asked) if refused else LostError(asked)
        return answer

    def _read(
        self, choose: Callable[[Shown], Shown | bool] = lambda _: False, asked: str = "nothing"
    ) -> Shown | None:
        """Read the next message or view that is for this person; None if it is none, or none comes."""
        try:
            news = json.loads(self.page._socket.recv(0.5))
        except TimeoutError:
            return None
        if view := news.get("view"):
            return dict(view)
        message: Shown | None = news.get("message")
        if message is None or is_audit_message(message):
            return None
        if is_linked(message):
            self._linked[message["ts"]] = message
            return None
        mine = message["ephemeral"] or message["channel"] == f"D{self.id[1:]}" or choose(message)
        if not mine:
            return None
        self._note(message, asked, chosen=bool(choose(message)))
        return message

    def _note(self, message: Shown, asked: str, *, chosen: bool) -> None:
        """Note what a message says beside its request."""
        text = message["text"]
        self._seen.append(f"{message['ts']} {text[:80]}")
        if _REFUSAL.search(text):
            self.refusals.append(f"{self.id} asked {asked[:60]}: {text}")
        elif _OUTAGE.search(text) or chosen:
            return
        elif not message["ephemeral"] and not message["files"]:
            self.notices.append(text)
        elif message["error"] or _UNDER_WAY.search(text):
            return
        elif self._refused:
            self._refused -= 1
        else:
            after = [each.asked[:60] for each in self.requests[-3:]]
            said = f"{self.id} got an answer to no request, asked {asked[:60]} after {after}: {text[:200]}"
            self.wrong.append(f"{said}; the messages before: {[*self._seen]}")


def _words(news: Shown) -> str:
    return json.dumps([news.get("text"), news.get("blocks")], ensure_ascii=False)


def _find_button(message: Shown, label: str) -> tuple[str, Shown]:
    """Find a button of a message; returns its block's id too."""
    return next(
        (block["block_id"], element)
        for block in message["blocks"]
        for element in (*block.get("elements", ()), *filter(None, [block.get("accessory")]))
        if element["type"] == "button" and element["text"]["text"] == label
    )


def _has(news: Shown, label: str) -> bool:
    return any(
        element.get("text", {}).get("text") == label
        for block in news.get("blocks") or ()
        for element in block.get("elements", ())
        if isinstance(element.get("text"), dict)
    )


@contextmanager
def at_work(url: str, person: Person, died_since: Callable[[float], bool]) -> Iterator[PersonAtWork]:
    """Open the page of a person until the context ends."""
    with open_page(url, person) as page:
        yield PersonAtWork(page, url, died_since)
