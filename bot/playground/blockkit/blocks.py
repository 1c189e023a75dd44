"""Blocks: https://docs.slack.dev/reference/block-kit/blocks.

Slack's pages differ on the surfaces of the blocks of 2026; the tables follow the strictest.
"""

from collections.abc import Mapping

from bot.playground.blockkit.elements import (
    BUTTON,
    BUTTONS,
    CONTEXT_ACTIONS,
    DATETIME_PICKER,
    IMAGE,
    INPUTS,
    PICKERS,
    RICH_TEXT_INPUT,
)
from bot.playground.blockkit.objects import IMAGE_SOURCE, plain_text, text_object
from bot.playground.blockkit.rich_text import BLOCK_ID, RICH_TEXT, RICH_TEXT_BLOCK
from bot.playground.blockkit.rules import (
    EVERYWHERE,
    Flag,
    Keys,
    Kinds,
    Listing,
    Number,
    Object,
    Rule,
    Surface,
    Text,
)

_RAW_CELLS = {
    "raw_text": Object({"text": Text()}),
    "raw_number": Object({"value": Number(whole=False), "text": Text()}),
}
_ROW = Listing(Kinds({**_RAW_CELLS, "rich_text": RICH_TEXT}), most=20)
_HEADER_ROW = Listing(Kinds(_RAW_CELLS), most=20)
_COLUMN = Object(optional={"align": Text(choices=("left", "center", "right")), "is_wrapped": Flag()})
_IMAGE_ONLY = Kinds({"image": IMAGE})
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


def _block(
    required: Keys | None = None,
    *,
    some_of: tuple[str, ...] = (),
    surfaces: tuple[Surface, ...] = EVERYWHERE,
    **optional: Rule,
) -> Object:
    return Object(required or {}, {**BLOCK_ID, **optional}, some_of=some_of, surfaces=surfaces)


def _elements(of: Mapping[str, Object], most: int) -> dict[str, Rule]:
    return {"elements": Listing(Kinds(of), most=most, unique="action_id")}


_PLAIN_BLOCKS = {
    "section": _block(
        some_of=("text", "fields"),
        text=text_object(3000),
        fields=Listing(text_object(2000), most=10),
        accessory=Kinds({**BUTTONS, **PICKERS, "image": IMAGE}),
        expand=Flag(),
    ),
    "header": _block({"text": plain_text(150)}),
    "context": _block(_elements({**text_object(3000).of, "image": IMAGE}, most=10)),
    "divider": _block(),
    "actions": _block(_elements({**BUTTONS, **PICKERS, **DATETIME_PICKER, **RICH_TEXT_INPUT}, most=25)),
    "input": _block(
        {"label": plain_text(2000), "element": Kinds(INPUTS)},
        hint=plain_text(2000),
        optional=Flag(),
        dispatch_action=Flag(),
    ),
    "image": Object(
        {"alt_text": Text(2000)},
        {**BLOCK_ID, **IMAGE_SOURCE, "title": plain_text(2000)},
        one_of=tuple(IMAGE_SOURCE),
    ),
    "rich_text": RICH_TEXT,
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
            "title": plain_text(199),
        },
        title_url=Text(form="https://…"),
        description=plain_text(200),
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
    title=text_object(150),
    subtitle=text_object(150),
    body=text_object(200),
    actions=Listing(Kinds({"button": BUTTON}), most=3, unique="action_id"),
)
_TASK = _block(
    {
        "task_id": Text(),
        "title": Text(),
        "status": Text(choices=("pending", "in_progress", "complete", "error")),
    },
    surfaces=("message",),
    details=RICH_TEXT_BLOCK,
    output=RICH_TEXT_BLOCK,
    sources=Listing(_SOURCE),
)
_NEWER_BLOCKS = {
    "markdown": _block({"text": Text(12_000)}, surfaces=("message",)),
    "context_actions": _block(_elements(CONTEXT_ACTIONS, most=5), surfaces=("message",)),
    "alert": _block(
        {"text": text_object(200)},
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
        title=plain_text(150),
        rich_text_title=RICH_TEXT_BLOCK,
        subtitle=text_object(150),
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
        *("datetimepicker", "rich_text_input", "timepicker", "workflow_button"),
    }
)
"""Types of blocks and elements that the page can neither show nor fill in."""
