import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Locator, Page, expect
from slack_bolt import Ack, App
from slack_bolt.adapter.asgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.playground.people import EDITOR, VIEWER
from bot.playground.state.messages import MessageContent
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.e2e.conftest import OpenPage
from tests.support.browser import measure_contrast
from tests.support.slack import (
    BOT_TOKEN,
    ONCALL,
    SIGNING_SECRET,
    SUPPORT,
    SwitchableApp,
    make_buttons,
    make_input,
    make_option,
    make_text,
    make_view,
    wait_until,
)

pytestmark = pytest.mark.browser

COLORS = [make_option("red"), make_option("blue")]
NICK = make_input("nick", {"type": "plain_text_input"}, hint=make_text("As others see it"))
REASON = make_input("reason", {"type": "plain_text_input"}, optional=True)
EVERY_INPUT = [
    NICK,
    make_input("about", {"type": "plain_text_input", "multiline": True}),
    make_input("level", {"type": "number_input", "is_decimal_allowed": False, "max_value": "99"}),
    make_input("color", {"type": "static_select", "options": COLORS}),
    make_input("gender", {"type": "radio_buttons", "options": COLORS, "initial_option": COLORS[0]}),
    make_input("likes", {"type": "checkboxes", "options": COLORS}),
    make_input("both", {"type": "multi_static_select", "options": COLORS}),
    make_input("who", {"type": "external_select", "min_query_length": 2}),
    make_input("born", {"type": "datepicker"}),
    make_input("friend", {"type": "users_select"}),
    make_input("place", {"type": "conversations_select"}),
    make_input("mail", {"type": "email_text_input"}),
    make_input("site", {"type": "url_text_input"}),
]
CONFIRM = {
    "title": make_text("Really?"),
    "text": make_text("It cannot be undone."),
    "confirm": make_text("Go on"),
    "deny": make_text("Stop"),
    "style": "danger",
}


class ModalBot:
    """A bot that opens a modal on every shortcut, and answers submissions from a list."""

    def __init__(self, url: str) -> None:
        self.view = make_view(NICK, REASON)
        self.answers: list[dict[str, Any]] = []
        self.submitted: list[dict[str, Any]] = []
        self.payloads: list[dict[str, Any]] = []
        client = WebClient(BOT_TOKEN, base_url=f"{url}/api/")
        self.app = App(client=client, signing_secret=SIGNING_SECRET, process_before_response=True)
        for id_ in ("lookup", "lookup_message"):
            self.app.shortcut(id_)(self.open_view)
        self.app.action(re.compile(""))(self.record_payload)
        self.app.options("who")(self.offer_options)
        self.app.view("set_modal")(self.answer_submission)

    def open_view(self, ack: Ack, client: WebClient, body: dict[str, Any]) -> None:
        ack()
        self.payloads.append(body)
        client.views_open(trigger_id=body["trigger_id"], view=self.view)

    def record_payload(self, ack: Ack, body: dict[str, Any]) -> None:
        ack()
        self.payloads.append(body)

    def offer_options(self, ack: Ack, body: dict[str, Any]) -> None:
        self.payloads.append(body)
        names = ("alice", "albert", "bob_k")
        found = [make_option(name) for name in names if name.startswith(body["value"])]
        ack(option_groups=[{"label": make_text("Accounts"), "options": found}])

    def answer_submission(self, ack: Ack, view: dict[str, Any]) -> None:
        self.submitted.append(view["state"]["values"])
        ack(self.answers.pop(0) if self.answers else {})


@pytest.fixture(scope="module")
def request_url() -> Iterator[tuple[str, SwitchableApp]]:
    switchable_app = SwitchableApp()
    with BackgroundServer(switchable_app) as server:
        yield f"{server.url}/slack/events", switchable_app


@pytest.fixture
def bot(url: str, workspace: Workspace, request_url: tuple[str, SwitchableApp]) -> ModalBot:
    bot = ModalBot(url)
    workspace.app.request_url, switchable_app = request_url
    switchable_app.app = SlackRequestHandler(bot.app)
    return bot


def open_modal(page: Page) -> Locator:
    page.get_by_label("Shortcuts").click()
    page.get_by_role("button", name="Look up accounts").click()
    modal = page.get_by_role("dialog")
    expect(modal).to_be_visible()
    return modal


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until a place has the focus; some inputs have several tab stops."""
    for _ in range(5):
        page.keyboard.press("Tab")
        if place.evaluate("node => node === document.activeElement"):
            return
    expect(place).to_be_focused()


def press_at_once(field: Locator, *keys: str) -> list[bool]:
    """Press keys or type texts without a pause; returns which of them the page handled."""
    taken: list[bool] = field.evaluate(
        """(node, keys) => {
            node.focus();
            return keys.map((key) => {
                if (/^[A-Z]/.test(key)) {
                    const init = { key, bubbles: true, cancelable: true };
                    return !node.dispatchEvent(new KeyboardEvent("keydown", init));
                }
                node.value = key;
                return !node.dispatchEvent(new InputEvent("input", { bubbles: true }));
            });
        }""",
        list(keys),
    )
    return taken


def test_fills_in_every_kind_of_input_by_keyboard(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    bot.view = make_view(*EVERY_INPUT)
    bot.answers = [{"response_action": "errors", "errors": {"nick": "Somebody has it."}}]
    modal = open_modal(page)
    nick = modal.get_by_label("nick")
    expect(nick).to_be_focused()

    page.keyboard.type("Al")
    for label, keys in (
        ("about", ["o", "n", "e", "Enter", "t", "w", "o"]),
        ("level", ["4", "2"]),
        ("color", ["b"]),
        ("red", ["ArrowDown"]),
        ("red", ["Space"]),
        ("both", ["r", "Enter", "ArrowDown", "ArrowDown", "Enter", "Backspace"]),
        ("who", ["a", "l", "WAIT", "ArrowDown", "Enter"]),
        ("born", list("12312001")),
        ("friend", ["E"]),
        ("place", ["#", "ArrowDown"]),
        ("mail", list("al@example.com")),
        ("site", list("https://example.com")),
    ):
        places = modal.get_by_label(label)
        tab_to(page, places.last if keys == ["Space"] else places.first)
        for key in keys:
            if key == "WAIT":
                expect(modal.get_by_role("option", name="albert")).to_be_visible()
            else:
                page.keyboard.press(key)
    page.keyboard.press("Enter")

    expect(nick).to_be_focused()
    expect(nick).to_have_accessible_description("Somebody has it. As others see it")
    expect(nick).to_have_value("Al")
    page.keyboard.type("ice")
    page.keyboard.press("Enter")

    expect(modal).to_be_hidden()
    assert [values["nick"]["nick"]["value"] for values in bot.submitted] == ["Al", "Alice"]
    held = {block: next(iter(values.values())) for block, values in bot.submitted[1].items()}
    assert {
        block: next(value for key, value in one.items() if key != "type") for block, one in held.items()
    } == {
        "nick": "Alice",
        "about": "one\ntwo",
        "level": "42",
        "color": COLORS[1],
        "gender": COLORS[1],
        "likes": [COLORS[0]],
        "both": [COLORS[0]],
        "who": make_option("albert"),
        "born": "2001-12-31",
        "friend": EDITOR.id,
        "place": SUPPORT,
        "mail": "al@example.com",
        "site": "https://example.com",
    }


def test_shows_an_error_at_every_input_it_concerns(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    bot.view = make_view(*EVERY_INPUT)
    modal = open_modal(page)

    modal.get_by_label("nick").fill("Alice")
    modal.get_by_label("level").fill("100")
    modal.get_by_role("button", name="Go").click()

    expect(modal.get_by_label("about")).to_be_focused()
    expect(modal.get_by_label("about")).to_have_attribute("aria-invalid", "true")
    expect(modal.get_by_label("level")).to_have_accessible_description("Please enter a number of at most 99.")
    expect(modal.get_by_text("Please complete this required field.")).to_have_count(10)
    expect(modal.get_by_label("nick")).to_have_value("Alice")
    assert bot.submitted == []


def test_closes_in_three_ways_and_gives_the_focus_back(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()

    for button in ("Cancel", "Close", None):
        modal = open_modal(page)
        if button:
            modal.get_by_role("button", name=button).click()
        else:
            page.keyboard.press("Escape")

        expect(modal).to_be_hidden()
        expect(page.get_by_label("Shortcuts")).to_be_focused()


def test_keeps_the_keyboard_inside(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    modal = open_modal(page)
    stops = [modal.get_by_label("nick"), modal.get_by_label("reason (optional)")]
    stops += [modal.get_by_role("button", name=name) for name in ("Cancel", "Go", "Close")]

    for stop in [*stops[1:], stops[0]]:
        page.keyboard.press("Tab")
        expect(stop).to_be_focused()
    for stop in reversed(stops):
        page.keyboard.press("Shift+Tab")
        expect(stop).to_be_focused()


def test_keeps_what_was_typed_while_the_bot_updates_the_view(
    open_page: OpenPage, bot: ModalBot, slack: WebClient
) -> None:
    page = open_page()
    bot.view = make_view(make_buttons("loading")[0], external_id="form")
    modal = open_modal(page)
    expect(modal.get_by_role("button", name="Cancel")).to_be_focused()

    slack.views_update(external_id="form", view=make_view(NICK, external_id="form"))
    modal.get_by_label("nick").fill("Alice")
    page.keyboard.press("ArrowLeft")
    slack.views_update(external_id="form", view=make_view(REASON, NICK, title=make_text("Changed")))

    expect(modal.get_by_role("heading", name="Changed")).to_be_visible()
    expect(modal.get_by_label("nick")).to_be_focused()
    page.keyboard.type("!")
    expect(modal.get_by_label("nick")).to_have_value("Alic!e")


def test_goes_on_searching_while_the_bot_updates_the_view(
    open_page: OpenPage, bot: ModalBot, slack: WebClient
) -> None:
    page = open_page()
    both = make_input("both", {"type": "multi_static_select", "options": COLORS})
    who = make_input("who", {"type": "external_select", "min_query_length": 2})
    bot.view = make_view(NICK, both, who, external_id="form")
    modal = open_modal(page)

    for label, typed, option in (("both", "bl", "blue"), ("who", "bo", "bob_k")):
        title = f"For {label}"
        modal.get_by_label(label).press_sequentially(typed)
        slack.views_update(
            external_id="form", view=make_view(both, who, NICK, external_id="form", title=make_text(title))
        )
        expect(modal.get_by_role("heading", name=title)).to_be_visible()
        expect(modal.get_by_label(label)).to_be_focused()
        expect(modal.get_by_label(label)).to_have_value(typed)
        expect(modal.get_by_role("option", name=option)).to_be_visible()
        page.keyboard.press("Enter")

    expect(modal.get_by_role("button", name="Remove")).to_have_text(["blue✕"])
    expect(modal.get_by_label("who")).to_have_value("bob_k")
    assert bot.submitted == []


def test_comes_back_to_the_view_below_as_it_was(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    bot.answers = [{"response_action": "push", "view": make_view(REASON, title=make_text("Sure?"))}]
    modal = open_modal(page)
    modal.get_by_label("nick").fill("Alice")

    modal.get_by_role("button", name="Go").click()
    expect(modal.get_by_role("heading", name="Sure?")).to_be_visible()
    page.keyboard.press("Escape")

    expect(modal.get_by_label("nick")).to_have_value("Alice")


def test_says_why_a_submission_came_to_nothing(
    open_page: OpenPage, bot: ModalBot, workspace: Workspace
) -> None:
    page = open_page()
    modal = open_modal(page)
    modal.get_by_label("nick").fill("Alice")

    workspace.app.request_url = None
    page.keyboard.press("Enter")
    expect(modal.get_by_role("alert")).to_have_text("We had some trouble connecting. Try again?")
    expect(modal.get_by_label("nick")).to_have_value("Alice")

    workspace.modals.discard(VIEWER.id)
    page.keyboard.press("Enter")
    expect(modal.get_by_role("alert")).to_have_text("Failed: the modal is closed.")


def test_keeps_several_choices_when_a_form_comes_back(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    group = {"label": make_text("Colors"), "options": [*COLORS, make_option("green")]}
    several = {"type": "multi_static_select", "option_groups": [group], "initial_options": [COLORS[1]]}
    bot.view = make_view(NICK, make_input("colors", several))
    bot.answers = [{"response_action": "errors", "errors": {"nick": "Somebody has it."}}]
    modal = open_modal(page)
    chosen = modal.get_by_role("button", name="Remove")
    expect(chosen).to_have_text(["blue✕"])

    modal.get_by_label("nick").fill("Al")
    chosen.click()
    for color in ("red", "green"):
        modal.get_by_label("colors").fill(color[:2])
        modal.get_by_role("option", name=color).click()
    modal.get_by_role("button", name="Go").click()
    expect(modal).to_contain_text("Somebody has it.")
    expect(chosen).to_have_text(["red✕", "green✕"])
    modal.get_by_role("button", name="Go").click()

    expect(modal).to_be_hidden()
    for state in bot.submitted:
        assert [each["value"] for each in state["colors"]["colors"]["selected_options"]] == ["red", "green"]


def test_dispatches_actions_of_inputs_that_ask_for_it(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    typed = {"type": "plain_text_input"}
    letters = {**typed, "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
    bot.view = make_view(
        make_input("color", {"type": "static_select", "options": COLORS}, dispatch_action=True),
        make_input("id", typed, dispatch_action=True),
        make_input("letters", letters, dispatch_action=True),
    )
    modal = open_modal(page)

    modal.get_by_label("color").select_option("blue")
    modal.get_by_label("id").fill("alice")
    modal.get_by_label("id").press("Enter")
    with page.expect_response(lambda response: "abc" in (response.request.post_data or "")):
        modal.get_by_label("letters").fill("abc")

    wait_until(lambda: len(bot.payloads) == 4)
    actions = [body["actions"][0] for body in bot.payloads[1:]]
    assert actions[0]["selected_option"] == COLORS[1]
    assert [action["value"] for action in actions[1:]] == ["alice", "abc"]
    assert bot.submitted == []


def test_takes_every_key_however_fast_they_come(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    bot.view = make_view(
        make_input("both", {"type": "multi_static_select", "options": COLORS}),
        make_input("who", {"type": "external_select", "min_query_length": 2}),
    )
    modal = open_modal(page)
    both, who = modal.get_by_label("both"), modal.get_by_label("who")
    chosen = modal.get_by_role("button", name="Remove")

    assert press_at_once(both, "r", "Enter", "b", "Enter") == [False, True, False, True]
    expect(chosen).to_have_text(["red✕", "blue✕"])
    press_at_once(both, "Backspace", "ArrowDown", "ArrowDown", "Enter", "Backspace", "Backspace")
    expect(chosen).to_have_count(0)

    assert press_at_once(who, "al", "ArrowDown", "Enter") == [False, True, True]
    expect(who).to_have_value("alice")
    press_at_once(who, "al", "Enter", "bo")
    expect(modal.get_by_role("option", name="bob_k")).to_be_visible()
    expect(who).to_have_value("bo")


def test_sends_the_bot_the_last_choice(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    color = {"type": "static_select", "options": [*COLORS, make_option("green")]}
    bot.view = make_view(make_input("color", color, dispatch_action=True))
    color_field = open_modal(page).get_by_label("color")

    for value in ("red", "blue", "green"):
        color_field.select_option(value)

    wait_until(
        lambda: (
            [body["actions"][0]["selected_option"]["value"] for body in bot.payloads[1:]][-1:] == ["green"]
        )
    )
    expect(color_field.locator("option:checked")).to_have_text("green")


def test_asks_the_bot_what_to_offer(open_page: OpenPage, bot: ModalBot, workspace: Workspace) -> None:
    page = open_page()
    bot.view = make_view(make_input("who", {"type": "external_select", "min_query_length": 2}))
    modal = open_modal(page)
    who = modal.get_by_role("combobox", name="who")
    status = modal.get_by_role("status")

    who.press_sequentially("a")
    expect(status).to_have_text("Type at least 2 characters.")
    who.press_sequentially("x")
    expect(status).to_have_text("No matches.")
    who.fill("al")
    expect(modal.get_by_role("group", name="Accounts").get_by_role("option")).to_have_text(
        ["alice", "albert"]
    )
    expect(who).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(who).to_have_attribute("aria-expanded", "false")
    expect(modal).to_be_visible()
    assert [body["value"] for body in bot.payloads[1:]] == ["ax", "al"]

    who.fill("alb")
    page.keyboard.press("Enter")
    expect(who).to_have_value("albert")
    assert bot.submitted == []

    workspace.app.request_url = None
    who.fill("bo")
    expect(status).to_contain_text("no bot is connected")


def test_a_form_has_no_accessibility_violations(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    bot.view = make_view(*EVERY_INPUT)
    modal = open_modal(page)
    modal.get_by_label("both").fill("red")
    page.keyboard.press("Enter")
    modal.get_by_label("both").press("ArrowDown")
    listbox = modal.get_by_role("listbox", name="Suggestions").filter(visible=True)
    expect(listbox.get_by_role("option", selected=True)).to_have_text(["red"])

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()


def test_asks_before_a_dangerous_press_in_a_modal(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page()
    buttons = make_buttons("remove")
    buttons[1]["elements"][0] |= {"style": "danger", "confirm": CONFIRM}
    bot.view = make_view(*buttons, NICK)
    modal = open_modal(page)
    button = modal.get_by_role("button", name="remove")
    expect(button).to_have_css("background-color", "rgb(208, 23, 80)")

    button.click()
    question = page.get_by_role("dialog", name="Really?")
    expect(question.get_by_role("button", name="Go on")).to_have_css("background-color", "rgb(208, 23, 80)")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(modal).to_be_visible()

    button.click()
    with page.expect_response("**/page/press"):
        question.get_by_role("button", name="Go on").click()
    wait_until(lambda: len(bot.payloads) == 2)
    assert bot.payloads[1]["actions"][0]["action_id"] == "remove"


def test_uses_a_shortcut_on_a_message_by_keyboard(
    open_page: OpenPage, bot: ModalBot, slack: WebClient
) -> None:
    page = open_page()
    slack.chat_postMessage(channel=ONCALL, text="alice cannot log in")
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="psst")
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_label("More actions")).to_have_count(1)

    page.get_by_label("More actions").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_be_visible()
    assert bot.payloads[0]["message"]["text"] == "alice cannot log in"


def test_offers_no_shortcuts_where_there_are_none(open_page: OpenPage, workspace: Workspace) -> None:
    workspace.app.shortcuts = ()
    workspace.post(workspace.channels[ONCALL], EDITOR, MessageContent("hello"))

    page = open_page()

    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_label("Shortcuts")).to_have_count(0)
    expect(page.get_by_label("More actions")).to_have_count(0)


def test_sets_a_form_off_well_in_both_themes(open_page: OpenPage, bot: ModalBot) -> None:
    page = open_page(viewport={"width": 390, "height": 800})
    bot.view = make_view(*EVERY_INPUT, REASON)
    modal = open_modal(page)

    page.keyboard.press("Enter")

    expect(modal.get_by_text("Please complete this required field.").first).to_be_visible()
    assert measure_contrast(page) >= 4.5
    page.emulate_media(color_scheme="dark")
    assert measure_contrast(page) >= 4.5
