"""Tables of Block Kit rules: https://docs.slack.dev/reference/block-kit.

Slack's pages differ on the surfaces of the blocks of 2026; the tables follow the strictest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Surface: TypeAlias = Literal["message", "modal", "home"]
"""A surface of blocks."""

Rule: TypeAlias = "Text | Number | Flag | Listing | Object | Kinds"
"""The rule of a JSON value."""

Keys: TypeAlias = Mapping[str, "Rule"]
"""Rules of an object's keys."""

_EVERYWHERE: tuple[Surface, ...] = ("message", "modal", "home")

FORMS = {
    "YYYY-MM-DD": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
    "HH:mm": re.compile(r"([01]\d|2[0-3]):[0-5]\d"),
    "a number": re.compile(r"-?\d+(\.\d+)?"),
    "https://…": re.compile(r"https://.+", re.DOTALL),
}
"""Patterns of string formats."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string.

    Args:
        most: Code points at most.
        choices: Allowed values; empty for any.
        form: A key of FORMS.
        house: A limit of this project; Slack truncates or accepts longer text.
    """

    most: int | None = None
    least: int = 1
    choices: tuple[str, ...] = ()
    form: str = ""
    house: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number, by default an integer."""

    least: int | None = None
    most: int | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An array.

    Args:
        unique: A key whose values must be unique.
        of_type: Items at most, by type.
        text_sums: Characters of text at most in all items of a type; the empty key is for the other
            types together.
        even: Items must have equal lengths.
        gaps: Null is allowed for an omitted item.
        first: The rule of the first item, if it differs.
    """

    item: Rule
    least: int = 1
    most: int | None = None
    unique: str = ""
    of_type: Mapping[str, int] = field(default_factory=dict)
    text_sums: Mapping[str, int] = field(default_factory=dict)
    even: bool = False
    gaps: bool = False
    first: "Rule | None" = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object with known keys.

    Args:
        some_of: Keys of which at least one is required.
        one_of: Keys of which exactly one is required.
        ascending: Two keys; the second value must not be less than the first.
        picks: Key of the initial choice, which must be among the options.
        surfaces: Allowed surfaces.
        ours: Flag values that this project requires, but Slack does not.
        lenient: Slack ignores unknown keys; this project rejects them.
    """

    required: Keys = field(default_factory=dict)
    optional: Keys = field(default_factory=dict)
    some_of: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    ascending: tuple[str, ...] = ()
    picks: str = ""
    surfaces: tuple[Surface, ...] = _EVERYWHERE
    ours: tuple[tuple[str, bool], ...] = ()
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """An object with a `type`."""

    of: Mapping[str, Object]


# Texts


def _plain(most: int) -> Kinds:
    return Kinds({"plain_text": Object({"text": Text(most)}, {"emoji": Flag()})})


def _words(most: int) -> Kinds:
    # Without verbatim Slack turns "@here" into a mention even when it is escaped.
    mrkdwn = Object({"text": Text(most)}, {"verbatim": Flag()}, ours=(("verbatim", True),))
    return Kinds({**_plain(most).of, "mrkdwn": mrkdwn})


# Rich text

_STYLE = Object(optional=dict.fromkeys(("bold", "italic", "strike", "underline", "code"), Flag()))
_MENTION = Object(
    optional={**_STYLE.optional, **dict.fromkeys(("highlight", "client_highlight", "unlink"), Flag())}
)


def _inline(required: Keys, style: Object = _MENTION, **optional: Rule) -> Object:
    return Object(required, {"style": style, **optional})


_LITERAL = {
    "text": _inline({"text": Text()}, _STYLE),
    "link": _inline({"url": Text(3000)}, _STYLE, text=Text(), unsafe=Flag()),
}
_INLINE = {
    **_LITERAL,
    "user": _inline({"user_id": Text()}),
    "channel": _inline({"channel_id": Text()}),
    "usergroup": _inline({"usergroup_id": Text()}),
    "team": _inline({"team_id": Text()}),
    "broadcast": _inline({"range": Text(choices=("here", "channel", "everyone"))}),
    "emoji": _inline({"name": Text()}, unicode=Text(), skin_tone=Number(1, 6), url=Text()),
    "date": _inline({"timestamp": Number(), "format": Text()}, url=Text(), fallback=Text()),
    "color": _inline({"value": Text()}),
}
_BORDER: Keys = {"border": Number(0, 1)}
_INLINES: Keys = {"elements": Listing(Kinds(_INLINE), least=0)}
_SECTION = Object(_INLINES)
_LIST = Object(
    {
        "elements": Listing(Kinds({"rich_text_section": _SECTION}), 0),
        "style": Text(choices=("bullet", "ordered")),
    },
    {**_BORDER, "indent": Number(0, 8), "offset": Number(0)},
)
_BLOCK_ID: Keys = {"block_id": Text(255)}
_RICH_TEXT = Object(
    {
        "elements": Listing(
            Kinds(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_list": _LIST,
                    "rich_text_quote": Object(_INLINES, _BORDER),
                    "rich_text_preformatted": Object(
                        {"elements": Listing(Kinds(_LITERAL), least=0)}, {**_BORDER, "language": Text()}
                    ),
                }
            )
        )
    },
    _BLOCK_ID,
)
_RICH = Kinds({"rich_text": _RICH_TEXT})

# Parts of elements

_SCHEME = Text(choices=("primary", "danger"))
_CONFIRM = Object(
    {"title": _plain(100), "text": _words(300), "confirm": _plain(30), "deny": _plain(30)}, {"style": _SCHEME}
)


def _option(text: Kinds, **more: Rule) -> Object:
    return Object({"text": text, "value": Text(150)}, {"description": text, **more})


_MENU_OPTION = _option(_plain(75))
_CHOICE = _option(_words(75))
OPTION = _MENU_OPTION
"""An option of a menu."""
_OPTIONS = Listing(_MENU_OPTION, most=100)
_OPTION_GROUPS = Listing(Object({"label": _plain(75), "options": _OPTIONS}), most=100)
_FILTER = Object(
    optional={
        "include": Listing(Text(choices=("im", "mpim", "private", "public"))),
        "exclude_external_shared_channels": Flag(),
        "exclude_bot_users": Flag(),
    },
    some_of=("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
_DISPATCH = Object(
    {"trigger_actions_on": Listing(Text(choices=("on_enter_pressed", "on_character_entered")), most=2)}
)
_SLACK_FILE = Object(optional={"id": Text(), "url": Text()}, one_of=("id", "url"))
_PICTURE: Keys = {"image_url": Text(3000), "slack_file": _SLACK_FILE}

# Elements

_ACTION: Keys = {"action_id": Text(255)}
_ASKED: Keys = {**_ACTION, "confirm": _CONFIRM}
_CHOSEN: Keys = {**_ASKED, "focus_on_load": Flag()}
_HINT: Keys = {"placeholder": _plain(150)}
_PICKED: Keys = {**_CHOSEN, **_HINT}
_TYPED: Keys = {**_ACTION, **_HINT, "focus_on_load": Flag(), "dispatch_action_config": _DISPATCH}
_LABEL: Keys = {"accessibility_label": Text(75)}
_SOME_PEOPLE: Keys = {"visible_to_user_ids": Listing(Text(), most=10)}

_IMAGE = Object({"alt_text": Text(2000)}, _PICTURE, one_of=tuple(_PICTURE))
_BUTTON = Object(
    {"text": _plain(75)},
    {**_ASKED, **_LABEL, **_SOME_PEOPLE, "url": Text(3000), "value": Text(2000), "style": _SCHEME}
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
_BUTTONS = {
    "button": _BUTTON,
    "overflow": Object({"options": Listing(_option(_plain(75), url=Text(3000)), most=5)}, _ASKED),
    "workflow_button": Object(
        {"text": _plain(75), "workflow": _WORKFLOW},
        {**_ASKED, **_LABEL, "style": _SCHEME},
        surfaces=("message",),
    ),
}


def _menu(**keys: Rule) -> Object:
    return Object(optional={**_PICKED, **keys})


def _static(picks: str, initial: Rule, **more: Rule) -> Object:
    source = {"options": _OPTIONS, "option_groups": _OPTION_GROUPS}
    return Object(optional={**_PICKED, **source, picks: initial, **more}, one_of=tuple(source), picks=picks)


_MOST = Number(1)
_IDS = Listing(Text())
_OF_CONVERSATIONS: Keys = {"filter": _FILTER, "default_to_current_conversation": Flag()}
_MENUS = {
    "static_select": _static("initial_option", _MENU_OPTION),
    "external_select": _menu(initial_option=_MENU_OPTION, min_query_length=Number(0)),
    "users_select": _menu(initial_user=Text()),
    "conversations_select": _menu(
        initial_conversation=Text(), response_url_enabled=Flag(), **_OF_CONVERSATIONS
    ),
    "channels_select": _menu(initial_channel=Text(), response_url_enabled=Flag()),
    "multi_static_select": _static("initial_options", Listing(_MENU_OPTION), max_selected_items=_MOST),
    "multi_external_select": _menu(
        initial_options=Listing(_MENU_OPTION), min_query_length=Number(0), max_selected_items=_MOST
    ),
    "multi_users_select": _menu(initial_users=_IDS, max_selected_items=_MOST),
    "multi_conversations_select": _menu(
        initial_conversations=_IDS, max_selected_items=_MOST, **_OF_CONVERSATIONS
    ),
    "multi_channels_select": _menu(initial_channels=_IDS, max_selected_items=_MOST),
}


def _group(picks: str, initial: Rule) -> Object:
    return Object({"options": Listing(_CHOICE, most=10)}, {**_CHOSEN, picks: initial}, picks=picks)


_PICKERS = {
    **_MENUS,
    "checkboxes": _group("initial_options", Listing(_CHOICE)),
    "radio_buttons": _group("initial_option", _CHOICE),
    "datepicker": _menu(initial_date=Text(form="YYYY-MM-DD")),
    "timepicker": _menu(initial_time=Text(form="HH:mm"), timezone=Text()),
}
_DATETIME = {
    # Ten digits, as Slack requires: Unix seconds between September 2001 and November 2286.
    "datetimepicker": Object(optional={**_CHOSEN, "initial_date_time": Number(10**9, 10**10 - 1)})
}
_RICH_TEXT_INPUT = {
    "rich_text_input": Object(
        optional={**_TYPED, "initial_value": _RICH, "min_lines": Number(1, 100), "max_lines": Number(1, 100)},
        ascending=("min_lines", "max_lines"),
    )
}
_NUMERIC = Text(form="a number")
_INPUTS = {
    **_PICKERS,
    **_DATETIME,
    **_RICH_TEXT_INPUT,
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
_FEEDBACK = Object({"text": _plain(75), "value": Text(2000)}, _LABEL)
_CONTEXT_ACTIONS = {
    "feedback_buttons": Object({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, _ACTION),
    "icon_button": Object(
        {"icon": Text(), "text": _plain(75)}, {**_ASKED, **_LABEL, **_SOME_PEOPLE, "value": Text(2000)}
    ),
}

# Parts of blocks

_RAW_CELLS = {
    "raw_text": Object({"text": Text()}),
    "raw_number": Object({"value": Number(whole=False), "text": Text()}),
}
_ROW = Listing(Kinds({**_RAW_CELLS, "rich_text": _RICH_TEXT}), most=20)
_HEADER_ROW = Listing(Kinds(_RAW_CELLS), most=20)
_COLUMN = Object(optional={"align": Text(choices=("left", "center", "right")), "is_wrapped": Flag()})
_IMAGE_ONLY = Kinds({"image": _IMAGE})
_SOURCE = Kinds({"url": Object({"url": Text(), "text": Text()})})
_POINT = Object({"label": Text(20), "value": Number(whole=False)})
_AXES = Object({"categories": Listing(Text(20), most=20)}, {"x_label": Text(50), "y_label": Text(50)})
_PLOT = Object(
    {
        "series": Listing(
            Object({"name": Text(20), "data": Listing(_POINT, most=20)}), most=12, unique="name"
        ),
        "axis_config": _AXES,
    }
)
_CHARTS = {"pie": Object({"segments": Listing(_POINT, most=12)}), "bar": _PLOT, "area": _PLOT, "line": _PLOT}

# Blocks


def _block(
    required: Keys | None = None,
    *,
    some_of: tuple[str, ...] = (),
    surfaces: tuple[Surface, ...] = _EVERYWHERE,
    **optional: Rule,
) -> Object:
    return Object(required or {}, {**_BLOCK_ID, **optional}, some_of=some_of, surfaces=surfaces)


def _elements(of: Mapping[str, Object], most: int) -> dict[str, Rule]:
    return {"elements": Listing(Kinds(of), most=most, unique="action_id")}


_PLAIN_BLOCKS = {
    "section": _block(
        some_of=("text", "fields"),
        text=_words(3000),
        fields=Listing(_words(2000), most=10),
        accessory=Kinds({**_BUTTONS, **_PICKERS, "image": _IMAGE}),
        expand=Flag(),
    ),
    "header": _block({"text": _plain(150)}),
    "context": _block(_elements({**_words(3000).of, "image": _IMAGE}, most=10)),
    "divider": _block(),
    "actions": _block(_elements({**_BUTTONS, **_PICKERS, **_DATETIME, **_RICH_TEXT_INPUT}, most=25)),
    "input": _block(
        {"label": _plain(2000), "element": Kinds(_INPUTS)},
        hint=_plain(2000),
        optional=Flag(),
        dispatch_action=Flag(),
    ),
    "image": Object(
        {"alt_text": Text(2000)},
        {**_BLOCK_ID, **_PICTURE, "title": _plain(2000)},
        one_of=tuple(_PICTURE),
    ),
    "rich_text": _RICH_TEXT,
    "table": _block(
        {"rows": Listing(_ROW, most=100)},
        surfaces=("message",),
        column_settings=Listing(_COLUMN, most=20, gaps=True),
    ),
    "video": _block(
        {
            "alt_text": Text(2000),
            "video_url": Text(3000, form="https://…"),
            "thumbnail_url": Text(3000),
            "title": _plain(199),
        },
        title_url=Text(form="https://…"),
        description=_plain(200),
        author_name=Text(49),
        provider_name=Text(),
        provider_icon_url=Text(),
    ),
}
_CARD = _block(
    some_of=("hero_image", "title", "actions", "body"),
    surfaces=("message",),
    hero_image=_IMAGE_ONLY,
    icon=_IMAGE_ONLY,
    title=_words(150),
    subtitle=_words(150),
    body=_words(200),
    actions=Listing(Kinds({"button": _BUTTON}), most=3, unique="action_id"),
)
_TASK = _block(
    {
        "task_id": Text(),
        "title": Text(),
        "status": Text(choices=("pending", "in_progress", "complete", "error")),
    },
    surfaces=("message",),
    details=_RICH,
    output=_RICH,
    sources=Listing(_SOURCE),
)
_NEWER_BLOCKS = {
    "markdown": _block({"text": Text(12_000)}, surfaces=("message",)),
    "context_actions": _block(_elements(_CONTEXT_ACTIONS, most=5), surfaces=("message",)),
    "alert": _block(
        {"text": _words(200)},
        surfaces=("modal",),
        level=Text(choices=("default", "info", "warning", "error", "success")),
    ),
    "card": _CARD,
    "carousel": _block(
        {"elements": Listing(Kinds({"card": _CARD}), most=10, unique="block_id")}, surfaces=("message",)
    ),
    "container": _block(
        {"child_blocks": Listing(Kinds(_PLAIN_BLOCKS), most=10, unique="block_id")},
        some_of=("title", "rich_text_title"),
        surfaces=("message",),
        title=_plain(150),
        rich_text_title=_RICH,
        subtitle=_words(150),
        icon=_IMAGE_ONLY,
        width=Text(choices=("narrow", "standard", "wide", "full")),
        is_collapsible=Flag(),
        default_collapsed=Flag(),
        has_header_divider=Flag(),
    ),
    "task_card": _TASK,
    "plan": _block(
        {"title": Text()}, surfaces=("message",), tasks=Listing(Kinds({"task_card": _TASK}), 0, 50)
    ),
    "data_table": _block(
        {"caption": Text(), "rows": Listing(_ROW, least=2, most=101, even=True, first=_HEADER_ROW)},
        surfaces=("message",),
        page_size=Number(1, 100),
        row_header_column_index=Number(0, 19),
    ),
    "data_visualization": _block({"title": Text(50), "chart": Kinds(_CHARTS)}, surfaces=("message",)),
}
_ANY_BLOCK = Kinds({**_PLAIN_BLOCKS, **_NEWER_BLOCKS})
_VIEW_BLOCKS = Listing(_ANY_BLOCK, most=100, unique="block_id")
BLOCKS: Mapping[Surface, Listing] = {
    "message": Listing(
        _ANY_BLOCK,
        least=0,
        most=50,
        unique="block_id",
        of_type={"table": 1, "data_visualization": 2},
        # The sum of 9,500 is undocumented: 9,597 characters were accepted, 11,341 rejected.
        text_sums={"markdown": 12_000, "data_table": 20_000, "": 9_500},
    ),
    "modal": _VIEW_BLOCKS,
    "home": _VIEW_BLOCKS,
}
"""The blocks of each surface."""

# Payloads

_IN_MESSAGE: Keys = {"blocks": BLOCKS["message"], "text": Text(4000, least=0, house=True)}
MESSAGE = Object(
    optional={
        **_IN_MESSAGE,
        "attachments": Listing(
            Object(optional={**_IN_MESSAGE, "fallback": Text(), "color": Text()}, lenient=True), 0, 100
        ),
        "channel": Text(),
        "user": Text(),
        "ts": Text(),
        "thread_ts": Text(),
        "reply_broadcast": Flag(),
        "mrkdwn": Flag(),
        "parse": Text(choices=("none", "full")),
        "link_names": Flag(),
        "unfurl_links": Flag(),
        "unfurl_media": Flag(),
        "response_type": Text(choices=("ephemeral", "in_channel")),
        "replace_original": Flag(),
        "delete_original": Flag(),
    },
    lenient=True,
)
"""Arguments of chat.postMessage, chat.postEphemeral and chat.update, and bodies of response URLs and acks."""

_IN_VIEW: Keys = {
    "private_metadata": Text(3000, least=0),
    "callback_id": Text(255),
    "external_id": Text(255),
}
VIEW = Kinds(
    {
        "modal": Object(
            {"title": _plain(24), "blocks": BLOCKS["modal"]},
            {
                **_IN_VIEW,
                "submit": _plain(24),
                "close": _plain(24),
                "clear_on_close": Flag(),
                "notify_on_close": Flag(),
                "submit_disabled": Flag(),
            },
        ),
        "home": Object({"blocks": BLOCKS["home"]}, _IN_VIEW),
    }
)
"""Modals and Home tabs."""

_GROUP_OF_ANY = Object({"label": _plain(75), "options": Listing(_MENU_OPTION, least=0, most=100)})
SUGGESTIONS = Object(
    optional={
        "options": Listing(_MENU_OPTION, least=0, most=100),
        "option_groups": Listing(_GROUP_OF_ANY, least=0, most=100),
    },
    one_of=("options", "option_groups"),
)
"""Options of an external select."""

UNPLAYED = frozenset(
    {
        *("card", "carousel", "container", "context_actions", "data_visualization"),
        *("plan", "task_card", "video"),
        *(
            "multi_channels_select",
            "multi_conversations_select",
            "multi_external_select",
            "multi_users_select",
        ),
        *("datetimepicker", "file_input", "rich_text_input", "timepicker", "workflow_button"),
    }
)
"""Types of blocks and elements that the page can neither show nor fill in."""
