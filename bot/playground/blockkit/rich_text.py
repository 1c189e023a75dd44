"""Rich text: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from bot.playground.blockkit.rules import Flag, Keys, Kinds, Listing, Number, Object, Rule, Text

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
BLOCK_ID: Keys = {"block_id": Text(255)}
RICH_TEXT = Object(
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
    BLOCK_ID,
)
RICH_TEXT_BLOCK = Kinds({"rich_text": RICH_TEXT})
