"""Messages, views and options: what blocks are sent in."""

from bot.playground.blockkit.blocks import BLOCKS
from bot.playground.blockkit.objects import OPTION, plain_text
from bot.playground.blockkit.rules import Flag, Keys, Kinds, Listing, Object, Text

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
            {"title": plain_text(24), "blocks": BLOCKS["modal"]},
            {
                **_IN_VIEW,
                "submit": plain_text(24),
                "close": plain_text(24),
                "clear_on_close": Flag(),
                "notify_on_close": Flag(),
                "submit_disabled": Flag(),
            },
        ),
        "home": Object({"blocks": BLOCKS["home"]}, _IN_VIEW),
    }
)
"""Modals and Home tabs."""

_GROUP_OF_ANY = Object({"label": plain_text(75), "options": Listing(OPTION, least=0, most=100)})
SUGGESTIONS = Object(
    optional={
        "options": Listing(OPTION, least=0, most=100),
        "option_groups": Listing(_GROUP_OF_ANY, least=0, most=100),
    },
    one_of=("options", "option_groups"),
)
"""Options of an external select."""
