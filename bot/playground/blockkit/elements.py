"""Block elements: https://docs.slack.dev/reference/block-kit/block-elements."""

from bot.playground.blockkit.objects import (
    CHOICE,
    COLOR_SCHEME,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_ACTION_CONFIG,
    IMAGE_SOURCE,
    OPTION,
    OPTION_GROUPS,
    OPTIONS,
    option,
    plain_text,
)
from bot.playground.blockkit.rich_text import RICH_TEXT_BLOCK
from bot.playground.blockkit.rules import Flag, Keys, Listing, Number, Object, Rule, Text

_ACTION: Keys = {"action_id": Text(255)}
_ASKED: Keys = {**_ACTION, "confirm": CONFIRM}
_CHOSEN: Keys = {**_ASKED, "focus_on_load": Flag()}
_HINT: Keys = {"placeholder": plain_text(150)}
_PICKED: Keys = {**_CHOSEN, **_HINT}
_TYPED: Keys = {**_ACTION, **_HINT, "focus_on_load": Flag(), "dispatch_action_config": DISPATCH_ACTION_CONFIG}
_LABEL: Keys = {"accessibility_label": Text(75)}
_SOME_PEOPLE: Keys = {"visible_to_user_ids": Listing(Text(), most=10)}

IMAGE = Object({"alt_text": Text(2000)}, IMAGE_SOURCE, one_of=tuple(IMAGE_SOURCE))
BUTTON = Object(
    {"text": plain_text(75)},
    {**_ASKED, **_LABEL, **_SOME_PEOPLE, "url": Text(3000), "value": Text(2000), "style": COLOR_SCHEME}
    | {"agent_prompt": Text(4000), "agent_prompt_display": Text()},
)
_WORKFLOW = Object(
    {
        "trigger": Object(
            {"url": Text()},
            {"customizable_input_parameters": Listing(Object({"name": Text(), "value": Text(least=0)}))},
        )
    }
)
BUTTONS = {
    "button": BUTTON,
    "overflow": Object({"options": Listing(option(plain_text(75), url=Text(3000)), most=5)}, _ASKED),
    "workflow_button": Object(
        {"text": plain_text(75), "workflow": _WORKFLOW},
        {**_ASKED, **_LABEL, "style": COLOR_SCHEME},
        surfaces=("message",),
    ),
}


def _menu(**keys: Rule) -> Object:
    return Object(optional={**_PICKED, **keys})


def _static(picks: str, initial: Rule, **more: Rule) -> Object:
    source = {"options": OPTIONS, "option_groups": OPTION_GROUPS}
    return Object(optional={**_PICKED, **source, picks: initial, **more}, one_of=tuple(source), picks=picks)


_MOST = Number(1)
_IDS = Listing(Text())
_OF_CONVERSATIONS: Keys = {"filter": CONVERSATION_FILTER, "default_to_current_conversation": Flag()}
_MENUS = {
    "static_select": _static("initial_option", OPTION),
    "external_select": _menu(initial_option=OPTION, min_query_length=Number(0)),
    "users_select": _menu(initial_user=Text()),
    "conversations_select": _menu(
        initial_conversation=Text(), response_url_enabled=Flag(), **_OF_CONVERSATIONS
    ),
    "channels_select": _menu(initial_channel=Text(), response_url_enabled=Flag()),
    "multi_static_select": _static("initial_options", Listing(OPTION), max_selected_items=_MOST),
    "multi_external_select": _menu(
        initial_options=Listing(OPTION), min_query_length=Number(0), max_selected_items=_MOST
    ),
    "multi_users_select": _menu(initial_users=_IDS, max_selected_items=_MOST),
    "multi_conversations_select": _menu(
        initial_conversations=_IDS, max_selected_items=_MOST, **_OF_CONVERSATIONS
    ),
    "multi_channels_select": _menu(initial_channels=_IDS, max_selected_items=_MOST),
}


def _group(picks: str, initial: Rule) -> Object:
    return Object({"options": Listing(CHOICE, most=10)}, {**_CHOSEN, picks: initial}, picks=picks)


PICKERS = {
    **_MENUS,
    "checkboxes": _group("initial_options", Listing(CHOICE)),
    "radio_buttons": _group("initial_option", CHOICE),
    "datepicker": _menu(initial_date=Text(form="YYYY-MM-DD")),
    "timepicker": _menu(initial_time=Text(form="HH:mm"), timezone=Text()),
}
DATETIME_PICKER = {
    # Ten digits, as Slack requires: Unix seconds between September 2001 and November 2286.
    "datetimepicker": Object(optional={**_CHOSEN, "initial_date_time": Number(10**9, 10**10 - 1)})
}
RICH_TEXT_INPUT = {
    "rich_text_input": Object(
        optional={
            **_TYPED,
            "initial_value": RICH_TEXT_BLOCK,
            "min_lines": Number(1, 100),
            "max_lines": Number(1, 100),
        },
        ascending=("min_lines", "max_lines"),
    )
}
_NUMERIC = Text(form="a number")
INPUTS = {
    **PICKERS,
    **DATETIME_PICKER,
    **RICH_TEXT_INPUT,
    "plain_text_input": Object(
        optional={
            **_TYPED,
            "initial_value": Text(least=0),
            "multiline": Flag(),
            "min_length": Number(0, 3000),
            "max_length": Number(1, 3000),
        },
        ascending=("min_length", "max_length"),
    ),
    "number_input": Object(
        {"is_decimal_allowed": Flag()},
        {**_TYPED, "initial_value": _NUMERIC, "min_value": _NUMERIC, "max_value": _NUMERIC},
        ascending=("min_value", "max_value"),
        surfaces=("modal",),
    ),
    "email_text_input": Object(optional={**_TYPED, "initial_value": Text()}, surfaces=("modal",)),
    "url_text_input": Object(optional={**_TYPED, "initial_value": Text()}, surfaces=("modal",)),
    "file_input": Object(
        optional={**_ACTION, "filetypes": Listing(Text()), "max_files": Number(1, 10)}, surfaces=("modal",)
    ),
}
_FEEDBACK = Object({"text": plain_text(75), "value": Text(2000)}, _LABEL)
CONTEXT_ACTIONS = {
    "feedback_buttons": Object({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, _ACTION),
    "icon_button": Object(
        {"icon": Text(), "text": plain_text(75)}, {**_ASKED, **_LABEL, **_SOME_PEOPLE, "value": Text(2000)}
    ),
}
