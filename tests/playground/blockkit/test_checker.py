import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.playground.blockkit.blocks import UNPLAYED
from bot.playground.blockkit.checker import Problem, check_blocks, check_message, check_view
from bot.playground.blockkit.elements import BUTTONS, INPUTS
from bot.playground.blockkit.rules import Surface
from bot.playground.interactions.input_values import INPUT_SPECS

Json: TypeAlias = dict[str, Any]
SURFACES: tuple[Surface, ...] = get_args(Surface)


def plain(size: int = 3) -> Json:
    return {"type": "plain_text", "text": "x" * size, "emoji": True}


def mrkdwn(size: int = 3) -> Json:
    return {"type": "mrkdwn", "text": "x" * size, "verbatim": True}


def section(**keys: Any) -> Json:
    return {"type": "section", "block_id": "b", **keys}


def section_with(accessory: Json) -> Json:
    return section(text=mrkdwn(), accessory=accessory)


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def context(*elements: Json) -> Json:
    return {"type": "context", "elements": list(elements)}


def asking(element: Json) -> Json:
    return {
        "type": "input",
        "label": plain(),
        "hint": plain(),
        "optional": True,
        "dispatch_action": False,
        "element": element,
    }


def button(**keys: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "go", **keys}


def confirm(**keys: Any) -> Json:
    return {
        "title": plain(),
        "text": mrkdwn(),
        "confirm": plain(),
        "deny": plain(),
        "style": "danger",
        **keys,
    }


def option(**keys: Any) -> Json:
    return {"text": plain(), "value": "v", "description": plain(), **keys}


def options(size: int) -> list[Json]:
    return [option(value=str(number)) for number in range(size)]


def group(**keys: Any) -> Json:
    return {"label": plain(), "options": options(2), **keys}


def menu(kind: str, **keys: Any) -> Json:
    return {
        "type": kind,
        "action_id": "a",
        "placeholder": plain(),
        "confirm": confirm(),
        "focus_on_load": True,
        **keys,
    }


def choice(kind: str, **keys: Any) -> Json:
    return {"type": kind, "action_id": "a", "options": options(2), **keys}


def typed(kind: str, **keys: Any) -> Json:
    return {
        "type": kind,
        "action_id": "a",
        "placeholder": plain(),
        "focus_on_load": False,
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        **keys,
    }


def warned(**keys: Any) -> Json:
    return pressed(confirm=confirm(**keys))


def pressed(**keys: Any) -> Json:
    return section_with(button(**keys))


def offered(**keys: Any) -> Json:
    return section_with(choice("overflow", options=[option(**keys)]))


def picked(kind: str, **keys: Any) -> Json:
    return section_with(menu(kind, **keys))


def filled(kind: str, **keys: Any) -> Json:
    return asking(typed(kind, **keys))


def picture(**keys: Any) -> Json:
    return {"type": "image", "alt_text": "a cat", "image_url": "https://img.example/cat.png", **keys}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def said(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def word(text: str = "x", **style: bool) -> Json:
    return {"type": "text", "text": text, "style": style}


def cell(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def table(*rows: list[Json], **keys: Any) -> Json:
    return {"type": "table", "rows": list(rows), **keys}


def data_table(rows: int = 2, columns: int = 2, **keys: Any) -> Json:
    cells = [[cell() for _ in range(columns)] for _ in range(rows)]
    return {"type": "data_table", "caption": "Accounts", "rows": cells, **keys}


def points(size: int = 2) -> list[Json]:
    return [{"label": "Mon", "value": 1.5}] * size


def series(**keys: Any) -> Json:
    return {"name": "calls", "data": points(), **keys}


def axes(**keys: Any) -> Json:
    return {"categories": ["Mon"], "x_label": "day", "y_label": "calls", **keys}


def plot(**keys: Any) -> Json:
    chart = {"type": "bar", "series": [series()], "axis_config": axes(), **keys}
    return {"type": "data_visualization", "title": "Calls", "chart": chart}


def pie(segments: list[Json]) -> Json:
    return {"type": "data_visualization", "title": "Calls", "chart": {"type": "pie", "segments": segments}}


def card(**keys: Any) -> Json:
    return {
        "type": "card",
        "hero_image": picture(),
        "icon": picture(),
        "title": mrkdwn(),
        "subtitle": plain(),
        "body": mrkdwn(),
        "actions": [button()],
        **keys,
    }


def task(**keys: Any) -> Json:
    return {"type": "task_card", "task_id": "1", "title": "Ask", "status": "complete", **keys}


def container(*blocks: Json, **keys: Any) -> Json:
    return {"type": "container", "title": plain(), "child_blocks": list(blocks), **keys}


def feedback(**keys: Any) -> Json:
    button = {"text": plain(), "value": "good", "accessibility_label": "good"}
    return {
        "type": "feedback_buttons",
        "action_id": "f",
        "positive_button": button,
        "negative_button": button,
        **keys,
    }


def icon_button(**keys: Any) -> Json:
    return {"type": "icon_button", "action_id": "i", "icon": "trash", "text": plain(), **keys}


def context_actions(*elements: Json) -> Json:
    return {"type": "context_actions", "elements": list(elements)}


def video(**keys: Any) -> Json:
    return {
        "type": "video",
        "alt_text": "a film",
        "video_url": "https://film.example/1",
        "thumbnail_url": "https://film.example/1.png",
        "title": plain(),
        "title_url": "https://film.example",
        "description": plain(),
        "author_name": "Ada",
        "provider_name": "Film",
        "provider_icon_url": "https://film.example/i.png",
        **keys,
    }


def workflow_button(**keys: Any) -> Json:
    trigger = {
        "url": "https://slack.example/t",
        "customizable_input_parameters": [{"name": "n", "value": "v"}],
    }
    return {
        "type": "workflow_button",
        "action_id": "w",
        "text": plain(),
        "workflow": {"trigger": trigger},
        **keys,
    }


def modal(**keys: Any) -> Json:
    return {
        "type": "modal",
        "title": plain(),
        "submit": plain(),
        "close": plain(),
        "callback_id": "c",
        "external_id": "e",
        "private_metadata": "m",
        "clear_on_close": True,
        "notify_on_close": True,
        "blocks": [asking(typed("plain_text_input"))],
        **keys,
    }


def home(**keys: Any) -> Json:
    return {"type": "home", "blocks": [{"type": "divider"}], **keys}


CONVERSATION_FILTER = {
    "include": ["im", "private"],
    "exclude_bot_users": True,
    "exclude_external_shared_channels": True,
}
EVERYWHERE: dict[str, Json] = {
    "section": section(text=mrkdwn(), fields=[plain(), mrkdwn()], accessory=button(), expand=True),
    "section with a picture": section_with(picture()),
    "header": {"type": "header", "text": plain()},
    "context": context(mrkdwn(), plain(), {"type": "image", "alt_text": "a", "slack_file": {"id": "F1"}}),
    "divider": {"type": "divider", "block_id": "d"},
    "image": picture(title=plain()),
    "image from a file": {
        "type": "image",
        "alt_text": "a",
        "slack_file": {"url": "https://files.example/F1"},
    },
    "buttons": actions(
        button(
            value="op_7f3a",
            url="https://x.example",
            style="primary",
            accessibility_label="go",
            confirm=confirm(),
        ),
        button(action_id="other", agent_prompt="p", agent_prompt_display="p", visible_to_user_ids=["U1"]),
        {
            "type": "overflow",
            "action_id": "more",
            "options": [option(url="https://x.example")],
            "confirm": confirm(),
        },
    ),
    "static menus": actions(
        menu("static_select", options=options(2), initial_option=options(2)[1]),
        menu(
            "multi_static_select",
            action_id="b",
            option_groups=[group()],
            initial_options=options(2),
            max_selected_items=2,
        ),
    ),
    "external menus": actions(
        menu("external_select", initial_option=option(), min_query_length=0),
        menu(
            "multi_external_select",
            action_id="b",
            initial_options=[option()],
            min_query_length=1,
            max_selected_items=1,
        ),
    ),
    "menus of people": actions(
        menu("users_select", initial_user="U1"),
        menu("multi_users_select", action_id="b", initial_users=["U1"], max_selected_items=1),
    ),
    "menus of conversations": actions(
        menu(
            "conversations_select",
            initial_conversation="C1",
            filter=CONVERSATION_FILTER,
            default_to_current_conversation=True,
            response_url_enabled=False,
        ),
        menu(
            "multi_conversations_select",
            action_id="b",
            initial_conversations=["C1"],
            filter=CONVERSATION_FILTER,
            default_to_current_conversation=True,
            max_selected_items=1,
        ),
    ),
    "menus of channels": actions(
        menu("channels_select", initial_channel="C1", response_url_enabled=False),
        menu("multi_channels_select", action_id="b", initial_channels=["C1"], max_selected_items=1),
    ),
    "choices": actions(
        choice("checkboxes", options=[option(text=mrkdwn())], initial_options=[option(text=mrkdwn())]),
        choice("radio_buttons", action_id="b", initial_option=options(1)[0], confirm=confirm()),
    ),
    "pickers": actions(
        menu("datepicker", initial_date="2026-02-28"),
        menu("timepicker", action_id="b", initial_time="23:59", timezone="Asia/Singapore"),
        {
            "type": "datetimepicker",
            "action_id": "c",
            "initial_date_time": 1628633820,
            "focus_on_load": False,
            "confirm": confirm(),
        },
    ),
    "plain text input": asking(
        typed("plain_text_input", initial_value="", multiline=True, min_length=0, max_length=9)
    ),
    "rich text input": asking(
        typed("rich_text_input", initial_value=rich(said(word())), min_lines=1, max_lines=9)
    ),
    "rich text": rich(
        said(
            word("Done.", bold=True, italic=False, strike=False, underline=False, code=True),
            {
                "type": "link",
                "url": "https://x.example",
                "text": "x",
                "style": {"bold": True},
                "unsafe": True,
            },
            {"type": "user", "user_id": "U1", "style": {"client_highlight": True}},
            {"type": "channel", "channel_id": "C1", "style": {"highlight": True}},
            {"type": "usergroup", "usergroup_id": "S1", "style": {"unlink": True}},
            {"type": "team", "team_id": "T1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "wave", "unicode": "1f44b", "skin_tone": 2, "url": "https://x.example"},
            {"type": "date", "timestamp": 0, "format": "{date}", "url": "https://x.example", "fallback": "-"},
            {"type": "color", "value": "#ffffff"},
        ),
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [said(word())],
            "indent": 0,
            "offset": 1,
            "border": 1,
        },
        {"type": "rich_text_quote", "elements": [word()], "border": 0},
        {"type": "rich_text_preformatted", "elements": [word("/im help")], "border": 0, "language": "sh"},
    ),
    "video": video(),
}
IN_MESSAGES: dict[str, Json] = {
    "table": table(
        [cell("Field"), cell("Now")],
        [{"type": "raw_number", "value": 1.5, "text": "1.5"}, rich(said(word()))],
        column_settings=[None, {"align": "right", "is_wrapped": True}, {}],
    ),
    "markdown": {"type": "markdown", "text": "**x**"},
    "workflow button": actions(workflow_button(style="primary", accessibility_label="x", confirm=confirm())),
    "context actions": context_actions(
        feedback(), icon_button(accessibility_label="x", value="v", visible_to_user_ids=["U1"])
    ),
    "card": card(),
    "carousel": {"type": "carousel", "elements": [card(), card()]},
    "container": container(
        section(text=mrkdwn()),
        rich_text_title=rich(said(word())),
        subtitle=plain(),
        icon=picture(),
        width="full",
        is_collapsible=True,
        default_collapsed=True,
        has_header_divider=False,
    ),
    "plan": {
        "type": "plan",
        "title": "Plan",
        "tasks": [
            task(details=rich(said(word())), output=rich(said())),
            task(sources=[{"type": "url", "url": "https://x.example", "text": "x"}]),
        ],
    },
    "data table": {
        **data_table(page_size=5, row_header_column_index=0),
        "rows": [[cell(), cell()], [rich(said(word())), {"type": "raw_number", "value": 7, "text": "7"}]],
    },
    "chart": plot(),
    "pie chart": pie(points()),
}
IN_MODALS: dict[str, Json] = {
    "alert": {"type": "alert", "text": mrkdwn(), "level": "warning"},
    "number input": asking(
        typed("number_input", is_decimal_allowed=True, initial_value="2.5", min_value="-1", max_value="10")
    ),
    "email input": asking(typed("email_text_input", initial_value="a@x.example")),
    "URL input": asking(typed("url_text_input", initial_value="https://x.example")),
    "file input": asking({"type": "file_input", "action_id": "a", "filetypes": ["csv"], "max_files": 1}),
}
SAMPLES = EVERYWHERE | IN_MESSAGES | IN_MODALS
WHERE: dict[str, tuple[Surface, ...]] = {
    **dict.fromkeys(EVERYWHERE, SURFACES),
    **dict.fromkeys(IN_MESSAGES, ("message",)),
    **dict.fromkeys(IN_MODALS, ("modal",)),
}


def check_sample(name: str, block: Json) -> list[Problem]:
    return check_blocks([block], WHERE[name][0])


def is_played(block: Json) -> bool:
    return all(
        kind not in UNPLAYED for kind in (block["type"], *(part["type"] for part in list_parts(block)))
    )


def list_parts(block: Json) -> list[Json]:
    return [*block.get("elements", ()), *(block[key] for key in ("accessory", "element") if key in block)]


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from walk(part, (*path, key))


def as_sdk_makes_it(block: Json) -> Json:
    parsed = Block.parse(block)
    assert parsed is not None
    return parsed.to_dict()


def put(value: Any, path: tuple[str | int, ...], part: Any) -> Any:
    if not path:
        return part
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = part
    return value


def point(*path: str | int) -> str:
    return "".join(f"/{part}" for part in ("blocks", 0, *path))


def pointers(problems: list[Problem]) -> list[str]:
    return [problem.pointer for problem in problems]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", SAMPLES)
def test_takes_a_block_where_it_belongs_and_nowhere_else(name: str, surface: Surface) -> None:
    problems = check_blocks([SAMPLES[name]], surface)

    assert bool(problems) == (surface not in WHERE[name])
    assert all(f"on the surface {surface}" in problem.message for problem in problems)


@pytest.mark.parametrize(
    "name", [name for name, block in SAMPLES.items() if not block["type"].startswith("data_")]
)
def test_takes_what_the_sdk_makes_of_a_block(name: str) -> None:
    assert check_sample(name, as_sdk_makes_it(SAMPLES[name])) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_refuses_an_unknown_key_in_every_object(name: str) -> None:
    for path, value in walk(SAMPLES[name]):
        if isinstance(value, dict):
            found = check_sample(name, put(SAMPLES[name], path, {**value, "a/b~c": 1}))

            assert Problem(point(*path, "a~1b~0c"), "is not a known key") in found


OTHERS: tuple[Any, ...] = ({}, [], "x", 1, 1.5, True, None)


@pytest.mark.parametrize("name", SAMPLES)
def test_refuses_every_value_of_another_type(name: str) -> None:
    for path, value in walk(SAMPLES[name]):
        for other in OTHERS:
            left_out = path[-2:-1] == ("column_settings",) and None in (value, other)
            if left_out or type(other) is type(value) or {type(other), type(value)} == {int, float}:
                continue
            found = pointers(check_sample(name, put(SAMPLES[name], path, other)))

            assert any(pointer.startswith(point(*path)) for pointer in found), (path, other)


REQUIRED: dict[str, set[str]] = {
    # objects without a type are named after the key that holds them
    "plain_text": {"text"},
    "mrkdwn": {"text"},
    "raw_text": {"text"},
    "raw_number": {"value", "text"},
    "header": {"text"},
    "context": {"elements"},
    "context_actions": {"elements"},
    "actions": {"elements"},
    "image": {"alt_text"},
    "input": {"label", "element"},
    "video": {"alt_text", "video_url", "thumbnail_url", "title"},
    "table": {"rows"},
    "data_table": {"caption", "rows"},
    "markdown": {"text"},
    "alert": {"text"},
    "carousel": {"elements"},
    "container": {"child_blocks"},
    "plan": {"title"},
    "task_card": {"task_id", "title", "status"},
    "url": {"url", "text"},
    "data_visualization": {"title", "chart"},
    "bar": {"series", "axis_config"},
    "pie": {"segments"},
    "series": {"name", "data"},
    "data": {"label", "value"},
    "segments": {"label", "value"},
    "axis_config": {"categories"},
    "button": {"text"},
    "workflow_button": {"text", "workflow"},
    "workflow": {"trigger"},
    "trigger": {"url"},
    "customizable_input_parameters": {"name", "value"},
    "overflow": {"options"},
    "checkboxes": {"options"},
    "radio_buttons": {"options"},
    "feedback_buttons": {"positive_button", "negative_button"},
    "positive_button": {"text", "value"},
    "negative_button": {"text", "value"},
    "icon_button": {"icon", "text"},
    "number_input": {"is_decimal_allowed"},
    "dispatch_action_config": {"trigger_actions_on"},
    "confirm": {"title", "text", "confirm", "deny"},
    "options": {"text", "value"},
    "initial_option": {"text", "value"},
    "initial_options": {"text", "value"},
    "option_groups": {"label", "options"},
    "rich_text": {"elements"},
    "rich_text_section": {"elements"},
    "rich_text_list": {"style", "elements"},
    "rich_text_quote": {"elements"},
    "rich_text_preformatted": {"elements"},
    "text": {"text"},
    "link": {"url"},
    "user": {"user_id"},
    "channel": {"channel_id"},
    "usergroup": {"usergroup_id"},
    "team": {"team_id"},
    "broadcast": {"range"},
    "emoji": {"name"},
    "date": {"timestamp", "format"},
    "color": {"value"},
}


def test_needs_the_required_keys_and_no_others() -> None:
    needed: dict[str, set[str]] = {}
    for name, block in SAMPLES.items():
        for path, value in walk(block):
            for key in value if isinstance(value, dict) else ():
                rest = put(block, path, {other: part for other, part in value.items() if other != key})
                if Problem(point(*path, key), "is required") in check_sample(name, rest):
                    holder = [step for step in path if isinstance(step, str)][-1:]
                    needed.setdefault(value.get("type") or holder[0], set()).add(key)

    assert {kind: keys - {"type"} for kind, keys in needed.items() if keys != {"type"}} == REQUIRED


def many(item: Json, size: int) -> list[Json]:
    return [{**item, "action_id": str(number)} for number in range(size)]


Build: TypeAlias = Callable[[int], Json]
EDGES: list[tuple[str, Build, int | None, int | None]] = [
    ("block_id", lambda n: {"type": "divider", "block_id": "x" * n}, 1, 255),
    ("text/text", lambda n: section(text=mrkdwn(n)), 1, 3000),
    ("fields", lambda n: section(fields=[plain()] * n), 1, 10),
    ("fields/0/text", lambda n: section(fields=[mrkdwn(n)]), 1, 2000),
    ("text/text", lambda n: {"type": "header", "text": plain(n)}, 1, 150),
    ("elements", lambda n: context(*[plain()] * n), 1, 10),
    ("elements/0/text", lambda n: context(plain(n)), 1, 3000),
    ("elements", lambda n: actions(*many(button(), n)), 1, 25),
    ("elements", lambda n: context_actions(*many(icon_button(), n)), 1, 5),
    ("accessory/action_id", lambda n: pressed(action_id="x" * n), 1, 255),
    ("accessory/text/text", lambda n: pressed(text=plain(n)), 1, 75),
    ("accessory/value", lambda n: pressed(value="x" * n), 1, 2000),
    ("accessory/url", lambda n: pressed(url="x" * n), 1, 3000),
    ("accessory/accessibility_label", lambda n: pressed(accessibility_label="x" * n), 1, 75),
    ("accessory/agent_prompt", lambda n: pressed(agent_prompt="x" * n), 1, 4000),
    ("accessory/visible_to_user_ids", lambda n: pressed(visible_to_user_ids=["U1"] * n), 1, 10),
    ("accessory/confirm/title/text", lambda n: warned(title=plain(n)), 1, 100),
    ("accessory/confirm/text/text", lambda n: warned(text=plain(n)), 1, 300),
    ("accessory/confirm/confirm/text", lambda n: warned(confirm=plain(n)), 1, 30),
    ("accessory/confirm/deny/text", lambda n: warned(deny=plain(n)), 1, 30),
    ("accessory/text/text", lambda n: section_with(workflow_button(text=plain(n))), 1, 75),
    (
        "accessory/accessibility_label",
        lambda n: section_with(workflow_button(accessibility_label="x" * n)),
        1,
        75,
    ),
    ("accessory/options/0/text/text", lambda n: offered(text=plain(n)), 1, 75),
    ("accessory/options/0/value", lambda n: offered(value="x" * n), 1, 150),
    ("accessory/options/0/description/text", lambda n: offered(description=plain(n)), 1, 75),
    ("accessory/options/0/url", lambda n: offered(url="x" * n), 1, 3000),
    ("accessory/options", lambda n: section_with(choice("overflow", options=options(n))), 1, 5),
    ("accessory/options", lambda n: section_with(choice("checkboxes", options=options(n))), 1, 10),
    ("accessory/options", lambda n: section_with(choice("radio_buttons", options=options(n))), 1, 10),
    (
        "accessory/options/0/text/text",
        lambda n: section_with(choice("checkboxes", options=[option(text=mrkdwn(n))])),
        1,
        75,
    ),
    ("accessory/options", lambda n: picked("static_select", options=options(n)), 1, 100),
    ("accessory/options", lambda n: picked("multi_static_select", options=options(n)), 1, 100),
    ("accessory/option_groups", lambda n: picked("static_select", option_groups=[group()] * n), 1, 100),
    (
        "accessory/option_groups/0/options",
        lambda n: picked("static_select", option_groups=[group(options=options(n))]),
        1,
        100,
    ),
    (
        "accessory/option_groups/0/label/text",
        lambda n: picked("static_select", option_groups=[group(label=plain(n))]),
        1,
        75,
    ),
    ("accessory/placeholder/text", lambda n: picked("users_select", placeholder=plain(n)), 1, 150),
    ("accessory/max_selected_items", lambda n: picked("multi_users_select", max_selected_items=n), 1, None),
    ("accessory/min_query_length", lambda n: picked("external_select", min_query_length=n), 0, None),
    ("label/text", lambda n: {**filled("plain_text_input"), "label": plain(n)}, 1, 2000),
    ("hint/text", lambda n: {**filled("plain_text_input"), "hint": plain(n)}, 1, 2000),
    ("element/min_length", lambda n: filled("plain_text_input", min_length=n), 0, 3000),
    ("element/max_length", lambda n: filled("plain_text_input", max_length=n), 1, 3000),
    ("element/placeholder/text", lambda n: filled("plain_text_input", placeholder=plain(n)), 1, 150),
    ("element/min_lines", lambda n: filled("rich_text_input", min_lines=n), 1, 100),
    ("element/max_lines", lambda n: filled("rich_text_input", max_lines=n), 1, 100),
    ("element/max_files", lambda n: asking({"type": "file_input", "max_files": n}), 1, 10),
    (
        "element/dispatch_action_config/trigger_actions_on",
        lambda n: filled(
            "email_text_input", dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"] * n}
        ),
        1,
        2,
    ),
    (
        "elements/0/initial_date_time",
        lambda n: actions({"type": "datetimepicker", "initial_date_time": n}),
        10**9,
        10**10 - 1,
    ),
    ("image_url", lambda n: picture(image_url="x" * n), 1, 3000),
    ("alt_text", lambda n: picture(alt_text="x" * n), 1, 2000),
    ("title/text", lambda n: picture(title=plain(n)), 1, 2000),
    ("elements/0/image_url", lambda n: context(picture(image_url="x" * n)), 1, 3000),
    ("elements/0/alt_text", lambda n: context(picture(alt_text="x" * n)), 1, 2000),
    ("elements", lambda n: rich(*[said()] * n), 1, None),
    ("elements/0/elements/0/text", lambda n: rich(said(word("x" * n))), 1, None),
    (
        "elements/0/indent",
        lambda n: rich({"type": "rich_text_list", "style": "ordered", "elements": [], "indent": n}),
        0,
        8,
    ),
    ("elements/0/border", lambda n: rich({"type": "rich_text_quote", "elements": [], "border": n}), 0, 1),
    ("rows", lambda n: table(*[[cell()]] * n), 1, 100),
    ("rows/0", lambda n: table([cell()] * n), 1, 20),
    ("rows/0/0/text", lambda n: table([cell("x" * n)]), 1, None),
    ("column_settings", lambda n: table([cell()], column_settings=[{}] * n), 1, 20),
    ("text", lambda n: {"type": "markdown", "text": "x" * n}, 1, 12_000),
    ("title/text", lambda n: video(title=plain(n)), 1, 199),
    ("author_name", lambda n: video(author_name="x" * n), 1, 49),
    ("description/text", lambda n: video(description=plain(n)), 1, 200),
    (
        "elements/0/positive_button/text/text",
        lambda n: context_actions(feedback(positive_button={"text": plain(n), "value": "v"})),
        1,
        75,
    ),
    (
        "elements/0/positive_button/value",
        lambda n: context_actions(feedback(positive_button={"text": plain(), "value": "x" * n})),
        1,
        2000,
    ),
    ("elements/0/value", lambda n: context_actions(icon_button(value="x" * n)), 1, 2000),
    ("text/text", lambda n: {"type": "alert", "text": plain(n)}, 1, 200),
    ("title/text", lambda n: card(title=plain(n)), 1, 150),
    ("subtitle/text", lambda n: card(subtitle=plain(n)), 1, 150),
    ("body/text", lambda n: card(body=plain(n)), 1, 200),
    ("actions", lambda n: card(actions=many(button(), n)), 1, 3),
    ("elements", lambda n: {"type": "carousel", "elements": [card()] * n}, 1, 10),
    ("child_blocks", lambda n: container(*[{"type": "divider"}] * n), 1, 10),
    ("title/text", lambda n: container({"type": "divider"}, title=plain(n)), 1, 150),
    ("subtitle/text", lambda n: container({"type": "divider"}, subtitle=plain(n)), 1, 150),
    ("tasks", lambda n: {"type": "plan", "title": "Plan", "tasks": [task()] * n}, None, 50),
    ("rows", lambda n: data_table(rows=n), 2, 101),
    ("rows/0", lambda n: data_table(columns=n), 1, 20),
    ("page_size", lambda n: data_table(page_size=n), 1, 100),
    ("row_header_column_index", lambda n: data_table(row_header_column_index=n), 0, 19),
    ("title", lambda n: {**plot(), "title": "x" * n}, 1, 50),
    ("chart/series", lambda n: plot(series=[series(name=str(number)) for number in range(n)]), 1, 12),
    ("chart/series/0/data", lambda n: plot(series=[series(data=points(n))]), 1, 20),
    ("chart/series/0/name", lambda n: plot(series=[series(name="x" * n)]), 1, 20),
    ("chart/axis_config/categories", lambda n: plot(axis_config=axes(categories=["x"] * n)), 1, 20),
    ("chart/axis_config/categories/0", lambda n: plot(axis_config=axes(categories=["x" * n])), 1, 20),
    ("chart/axis_config/x_label", lambda n: plot(axis_config=axes(x_label="x" * n)), 1, 50),
    ("chart/segments", lambda n: pie(points(n)), 1, 12),
    ("chart/segments/0/label", lambda n: pie([{"label": "x" * n, "value": 1}]), 1, 20),
]


MODAL_ONLY = ("alert", "file_input", "email_text_input")


@pytest.mark.parametrize(("where", "build", "least", "most"), EDGES)
def test_takes_what_is_at_a_limit_and_refuses_what_is_past_it(
    where: str, build: Build, least: int | None, most: int | None
) -> None:
    def find(size: int) -> list[str]:
        block = build(size)
        kind = block.get("element", block)["type"]
        return pointers(check_blocks([block], "modal" if kind in MODAL_ONLY else "message"))

    for limit, past in ((least, -1), (most, 1)):
        if limit is not None:
            assert find(limit) == []
            assert point(where) in find(limit + past)


WRONG: list[tuple[str, Json]] = [
    ("type", {"type": "teapot"}),
    ("type", {"type": "file", "source": "remote", "external_id": "1"}),
    ("", section()),
    ("", {"type": "image", "alt_text": "a"}),
    ("", picture(slack_file={"id": "F1"})),
    ("slack_file", {"type": "image", "alt_text": "a", "slack_file": {}}),
    ("slack_file", {"type": "image", "alt_text": "a", "slack_file": {"id": "F1", "url": "x"}}),
    ("text/type", {"type": "header", "text": mrkdwn()}),
    ("title/type", picture(title=mrkdwn())),
    ("label/type", {**filled("plain_text_input"), "label": mrkdwn()}),
    ("element/type", asking(button())),
    ("elements/0/type", actions(picture())),
    ("elements/0/type", actions(typed("plain_text_input"))),
    ("elements/0/type", context(button())),
    ("elements/0/type", context_actions(button())),
    ("accessory/type", section_with(typed("plain_text_input"))),
    ("accessory/type", section_with({"type": "datetimepicker"})),
    ("accessory/text/type", section_with(button(text=mrkdwn()))),
    ("accessory/style", section_with(button(style="default"))),
    ("accessory/confirm/style", warned(style="warning")),
    ("accessory/confirm/title/type", warned(title=mrkdwn())),
    ("accessory", picked("static_select")),
    ("accessory", picked("static_select", options=options(1), option_groups=[group()])),
    ("accessory/options/0/text/type", picked("static_select", options=[option(text=mrkdwn())])),
    ("accessory/options/0/url", picked("static_select", options=[option(url="x")])),
    ("accessory/options/0/url", section_with(choice("checkboxes", options=[option(url="x")]))),
    ("accessory/initial_option", picked("static_select", options=options(1), initial_option=option())),
    ("accessory/initial_option", picked("static_select", option_groups=[group()], initial_option=option())),
    ("accessory/initial_option", section_with(choice("radio_buttons", initial_option=option()))),
    (
        "accessory/initial_options",
        section_with(choice("checkboxes", initial_options=[*options(2), option()])),
    ),
    ("accessory/filter", picked("conversations_select", filter={})),
    ("accessory/filter/include/0", picked("conversations_select", filter={"include": ["all"]})),
    ("accessory/response_url_enabled", picked("users_select", response_url_enabled=True)),
    ("accessory/initial_date", picked("datepicker", initial_date="2026-13-01")),
    ("accessory/initial_date", picked("datepicker", initial_date="1 May 2026")),
    ("accessory/initial_time", picked("timepicker", initial_time="24:00")),
    ("element/max_length", filled("plain_text_input", min_length=9, max_length=8)),
    ("element/max_length", filled("plain_text_input", max_length=8.5)),
    ("element/max_lines", filled("rich_text_input", min_lines=9, max_lines=8)),
    ("element/max_value", filled("number_input", is_decimal_allowed=True, min_value="10", max_value="9")),
    ("element/initial_value", filled("number_input", is_decimal_allowed=True, initial_value="ten")),
    ("elements/0/type", rich(word())),
    ("elements/0/elements/0/type", rich(said(said()))),
    ("elements/0/elements/0/type", rich(said(mrkdwn()))),
    ("elements/0/elements/0/range", rich(said({"type": "broadcast", "range": "all"}))),
    ("elements/0/elements/0/style/highlight", rich(said(word(highlight=True)))),
    ("elements/0/elements/0/style/blink", rich(said(word(blink=True)))),
    ("elements/0/style", rich({"type": "rich_text_list", "style": "dots", "elements": []})),
    ("elements/0/elements/0/type", rich({"type": "rich_text_list", "style": "bullet", "elements": [word()]})),
    (
        "elements/0/elements/0/type",
        rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]}),
    ),
    ("rows/0/0/type", table([mrkdwn()])),
    ("column_settings/0/align", table([cell()], column_settings=[{"align": "middle"}])),
    ("rows", {**data_table(), "rows": [[cell()], [cell(), cell()]]}),
    ("rows/0/0/type", {**data_table(), "rows": [[rich(said(word()))], [cell()]]}),
    ("video_url", video(video_url="http://film.example")),
    ("level", {"type": "alert", "text": plain(), "level": "loud"}),
    ("", {"type": "card", "subtitle": plain()}),
    ("elements/0/type", {"type": "carousel", "elements": [{"type": "divider"}]}),
    ("", {"type": "container", "child_blocks": [{"type": "divider"}]}),
    ("child_blocks/0/type", container(card())),
    ("tasks/0/status", {"type": "plan", "title": "Plan", "tasks": [task(status="done")]}),
    ("chart/series/1/name", plot(series=[series(), series()])),
    ("chart/type", {**plot(), "chart": {"type": "radar"}}),
    ("elements/1/action_id", actions(button(), button())),
    ("actions/1/action_id", card(actions=[button(), button()])),
]


@pytest.mark.parametrize(("where", "block"), WRONG)
def test_points_at_what_is_wrong(where: str, block: Json) -> None:
    in_modal = block["type"] in ("alert", "input")

    assert pointers(check_blocks([block], "modal" if in_modal else "message")) == [
        point(where) if where else "/blocks/0"
    ]


def test_names_an_unknown_type() -> None:
    (problem,) = check_blocks([{"type": "teapot"}], "message")

    assert "section, header" in problem.message
    assert "is 'teapot'" in problem.message


def test_says_what_the_limit_is() -> None:
    problems = check_blocks([{"type": "divider"}, actions(button(), button(text=plain(80)))], "message")

    assert problems == [
        Problem("/blocks/1/elements/1/text/text", "must be 1 to 75 characters, is 80"),
        Problem("/blocks/1/elements/1/action_id", "repeats the action_id of /blocks/1/elements/0"),
    ]


def test_takes_the_same_action_id_in_two_blocks() -> None:
    assert check_blocks([actions(button()), actions(button())], "message") == []


def test_refuses_a_block_id_that_occurs_twice() -> None:
    blocks = [{"type": "divider", "block_id": "b"}, {"type": "divider"}, section(text=mrkdwn())]

    assert pointers(check_blocks(blocks, "message")) == ["/blocks/2/block_id"]


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_limits_the_blocks_of_a_surface(surface: Surface, most: int) -> None:
    assert check_blocks([{"type": "divider"}] * most, surface) == []
    assert pointers(check_blocks([{"type": "divider"}] * (most + 1), surface)) == ["/blocks"]


@pytest.mark.parametrize(("block", "most"), [(table([cell()]), 1), (plot(), 2)])
def test_limits_the_tables_and_charts_of_a_message(block: Json, most: int) -> None:
    assert check_blocks([block] * most, "message") == []
    assert pointers(check_blocks([block] * (most + 1), "message")) == ["/blocks"]


@pytest.mark.parametrize(
    ("build", "most"),
    [
        (
            lambda size: [section(text=mrkdwn(3000)), table([cell("x" * 3000), cell("x" * (size - 6000))])],
            9_500,
        ),
        (lambda size: [section(fields=[plain(500)] * 6), rich(said(word("x" * (size - 3000))))], 9_500),
        (lambda size: [{"type": "markdown", "text": "x" * part} for part in (9_000, size - 9_000)], 12_000),
        (
            lambda size: [data_table(), {**data_table(), "rows": [[cell("x")], [cell("x" * (size - 5))]]}],
            20_000,
        ),
    ],
)
def test_limits_the_text_of_all_blocks_together(build: Callable[[int], list[Json]], most: int) -> None:
    assert check_blocks(build(most), "message") == []
    assert pointers(check_blocks(build(most + 1), "message")) == ["/blocks"]


def test_takes_tuples_for_arrays() -> None:
    assert check_blocks((section(fields=(plain(),)),), "message") == []


def test_wants_verbatim_though_slack_does_not() -> None:
    blocks = [section(text={"type": "mrkdwn", "text": "x"}, fields=[{**mrkdwn(), "verbatim": False}])]

    assert check_blocks(blocks, "message") == [
        Problem("/blocks/0/text/verbatim", "must be true", house=True),
        Problem("/blocks/0/fields/0/verbatim", "must be true", house=True),
    ]


@pytest.mark.parametrize(
    "payload",
    [
        {"channel": "C1", "text": "hello", "thread_ts": "1.2", "reply_broadcast": False, "mrkdwn": False},
        {"channel": "C1", "user": "U1", "text": "hello", "blocks": [], "parse": "none", "link_names": False},
        {"channel": "C1", "ts": "1.2", "text": "hello", "unfurl_links": False, "unfurl_media": False},
        {"text": "hello", "response_type": "in_channel", "replace_original": False, "thread_ts": "1.2"},
        {"text": "hello", "response_type": "ephemeral", "replace_original": True},
        {"delete_original": True},
        {"attachments": [{"fallback": "x", "color": "#ffffff", "blocks": [section(text=mrkdwn())]}]},
        {"text": "hello", "blocks": [block for block in EVERYWHERE.values() if is_played(block)][1:]},
    ],
)
def test_takes_messages(payload: Json) -> None:
    assert check_message(payload) == []


@pytest.mark.parametrize("name", [name for name in SAMPLES if not is_played(SAMPLES[name])])
def test_says_what_this_local_slack_does_not_play(name: str) -> None:
    blocks = [SAMPLES[name]]

    payload = {"text": "x", "blocks": blocks} if "message" in WHERE[name] else {**modal(), "blocks": blocks}
    problems = check_message(payload) if "message" in WHERE[name] else check_view(payload)

    assert problems
    assert all(problem.message.endswith("is not played by this local Slack") for problem in problems)
    assert all(problem.pointer.endswith("/type") for problem in problems)


def test_plays_every_input_whose_value_it_can_read() -> None:
    inputs = {kind for element in (INPUTS, BUTTONS) for kind in element}

    assert inputs - UNPLAYED == {*INPUT_SPECS, "button"}


@pytest.mark.parametrize(
    "payload", [{}, {"text": ""}, {"text": " \n", "blocks": []}, {"replace_original": True}]
)
def test_refuses_a_message_that_says_nothing(payload: Json) -> None:
    assert check_message(payload) == [Problem("", "must have text, blocks or attachments")]


@pytest.mark.parametrize(
    ("pointer", "payload"),
    [
        ("/text", {"text": 1}),
        ("/blocks", {"text": "x", "blocks": "[]"}),
        ("/blocks/0", {"text": "x", "blocks": [None]}),
        ("/response_type", {"text": "x", "response_type": "public"}),
        ("/replace_original", {"text": "x", "replace_original": "true"}),
        ("/parse", {"text": "x", "parse": "some"}),
        ("/attachments", {"attachments": [{"text": "x"}] * 101}),
        ("/attachments/0/blocks/0/type", {"attachments": [{"blocks": [{"type": "alert", "text": plain()}]}]}),
    ],
)
def test_refuses_a_wrong_message(pointer: str, payload: Json) -> None:
    problems = check_message(payload)

    assert pointers(problems) == [pointer]
    assert not problems[0].house


def test_takes_a_hundred_attachments() -> None:
    assert check_message({"attachments": [{"text": "x"}] * 100}) == []


@pytest.mark.parametrize(
    ("pointer", "payload"),
    [
        ("/text", {"blocks": [{"type": "divider"}]}),
        ("/text", {"text": " ", "blocks": [{"type": "divider"}]}),
        ("/text", {"text": "x" * 4001}),
        ("/unfurl_link", {"text": "x", "unfurl_link": False}),
        ("/attachments/0/pretext", {"attachments": [{"pretext": "x"}]}),
    ],
)
def test_marks_what_slack_would_accept_as_a_house_rule(pointer: str, payload: Json) -> None:
    problems = check_message(payload)

    assert pointers(problems) == [pointer]
    assert problems[0].house


def test_takes_the_longest_text_that_slack_advises() -> None:
    assert check_message({"text": "x" * 4000}) == []


@pytest.mark.parametrize(
    "view",
    [
        modal(),
        modal(submit_disabled=True, private_metadata=""),
        {"type": "modal", "title": plain(), "blocks": [{"type": "divider"}]},
        home(callback_id="c", external_id="e", private_metadata="m"),
        home(blocks=[filled("plain_text_input")]),
    ],
)
def test_takes_views(view: Json) -> None:
    assert check_view(view) == []


@pytest.mark.parametrize(
    ("where", "build", "least", "most"),
    [
        ("/title/text", lambda n: modal(title=plain(n)), 1, 24),
        ("/submit/text", lambda n: modal(submit=plain(n)), 1, 24),
        ("/close/text", lambda n: modal(close=plain(n)), 1, 24),
        ("/private_metadata", lambda n: modal(private_metadata="x" * n), None, 3000),
        ("/callback_id", lambda n: modal(callback_id="x" * n), 1, 255),
        ("/external_id", lambda n: home(external_id="x" * n), 1, 255),
        ("/blocks", lambda n: modal(blocks=[{"type": "divider"}] * n), 1, 100),
        ("/blocks", lambda n: home(blocks=[{"type": "divider"}] * n), 1, 100),
    ],
)
def test_limits_the_parts_of_a_view(where: str, build: Build, least: int | None, most: int) -> None:
    for limit, past in ((least, -1), (most, 1)):
        if limit is not None:
            assert check_view(build(limit)) == []
            assert pointers(check_view(build(limit + past))) == [where]


@pytest.mark.parametrize(
    ("pointer", "view"),
    [
        ("/type", {"title": plain(), "blocks": [{"type": "divider"}]}),
        ("/type", {"type": "workflow_step", "blocks": [{"type": "divider"}]}),
        ("/title", {"type": "modal", "blocks": [{"type": "divider"}]}),
        ("/title/type", modal(title=mrkdwn())),
        ("/blocks", {"type": "home"}),
        ("/submit", {"type": "modal", "title": plain(), "blocks": [filled("plain_text_input")]}),
        ("/submit", home(submit=plain())),
        ("/title", home(title=plain())),
        ("/text", modal(text="x")),
        ("/blocks/0/type", modal(blocks=[IN_MESSAGES["table"]])),
        ("/blocks/0/type", home(blocks=[IN_MODALS["alert"]])),
        ("/blocks/0/element/type", home(blocks=[IN_MODALS["file input"]])),
    ],
)
def test_refuses_a_wrong_view(pointer: str, view: Json) -> None:
    problems = check_view(view)

    assert set(pointers(problems)) == {pointer}
    assert not problems[0].house


@pytest.mark.parametrize(
    "block",
    [
        section(),
        section(text=plain(3001)),
        section(fields=[plain()] * 11),
        section(text=plain(), block_id="x" * 256),
        {"type": "header", "text": plain(151)},
        {"type": "image", "alt_text": "x" * 2001, "image_url": "x"},
        picture(image_url="x" * 3001),
        picture(title=plain(2001)),
        picture(title=mrkdwn()),
        context(*[plain()] * 11),
        context_actions(),
        actions(*many(button(), 26)),
        pressed(text=plain(76)),
        pressed(value="x" * 2001),
        pressed(url="x" * 3001),
        pressed(style="loud"),
        pressed(action_id="x" * 256),
        pressed(accessibility_label="x" * 76),
        warned(title=plain(101)),
        warned(style="loud"),
        actions(choice("overflow", options=[])),
        actions(choice("overflow", options=options(6))),
        picked("static_select"),
        picked("static_select", options=options(101)),
        picked("static_select", options=options(1), option_groups=[group()]),
        picked("multi_static_select", option_groups=[group()] * 101),
        picked("users_select", placeholder=plain(151)),
        picked("datepicker", initial_date="tomorrow"),
        picked("timepicker", initial_time="noon"),
        actions({"type": "datetimepicker", "initial_date_time": 10**10}),
        {**filled("plain_text_input"), "label": plain(2001)},
        {**filled("plain_text_input"), "hint": plain(2001)},
        asking(button()),
        {"type": "markdown", "text": "x" * 12_001},
        video(title=plain(200)),
        video(author_name="x" * 50),
        table(),
        task(status="done"),
        {"type": "alert", "text": plain(), "level": "loud"},
        {"type": "card"},
        card(body=plain(201)),
        container(),
        container({"type": "divider"}, width="thin"),
        {"type": "carousel", "elements": []},
    ],
)
def test_refuses_all_that_the_sdk_refuses(block: Json) -> None:
    with pytest.raises(SlackObjectFormationError):
        as_sdk_makes_it(block)

    assert check_blocks([block], "modal" if block["type"] == "alert" else "message") != []


@pytest.mark.parametrize(
    "view",
    [
        modal(type="window"),
        modal(title=plain(25)),
        modal(submit=plain(25)),
        modal(close=plain(25)),
        modal(blocks=[]),
        modal(private_metadata="x" * 3001),
        modal(callback_id="x" * 256),
        home(submit=plain()),
    ],
)
def test_refuses_all_views_that_the_sdk_refuses(view: Json) -> None:
    with pytest.raises(SlackObjectFormationError):
        View(**view).to_dict()

    assert check_view(view) != []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)  # a busy machine may be slow
@given(
    st.dictionaries(st.sampled_from(["", "text", "blocks", "attachments", "type", "title", "x"]), ANYTHING)
)
def test_never_fails_on_arbitrary_json(payload: Json) -> None:
    assert isinstance(check_message(payload), list)
    assert isinstance(check_view(payload), list)


@settings(deadline=None)  # a busy machine may be slow
@given(st.data())
def test_never_fails_on_a_block_with_a_part_replaced(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(SAMPLES)))
    path, _ = data.draw(st.sampled_from(list(walk(SAMPLES[name]))))
    block = put(SAMPLES[name], path, data.draw(ANYTHING))

    for surface in SURFACES:
        assert isinstance(check_blocks([block, block], surface), list)
