"""Composition objects: https://docs.slack.dev/reference/block-kit/composition-objects."""

from bot.playground.blockkit.rules import Flag, Keys, Kinds, Listing, Object, Rule, Text


def plain_text(most: int) -> Kinds:
    """Make the rule of a plain text."""
    return Kinds({"plain_text": Object({"text": Text(most)}, {"emoji": Flag()})})


def text_object(most: int) -> Kinds:
    """Make the rule of a text, plain or mrkdwn."""
    # Without verbatim Slack turns "@here" into a mention even when it is escaped.
    mrkdwn = Object({"text": Text(most)}, {"verbatim": Flag()}, ours=(("verbatim", True),))
    return Kinds({**plain_text(most).of, "mrkdwn": mrkdwn})


COLOR_SCHEME = Text(choices=("primary", "danger"))
CONFIRM = Object(
    {"title": plain_text(100), "text": text_object(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": COLOR_SCHEME},
)


def option(text: Kinds, **more: Rule) -> Object:
    """Make the rule of an option."""
    return Object({"text": text, "value": Text(150)}, {"description": text, **more})


OPTION = option(plain_text(75))
"""An option of a menu."""
CHOICE = option(text_object(75))
"""An option of checkboxes or radio buttons."""
OPTIONS = Listing(OPTION, most=100)
OPTION_GROUPS = Listing(Object({"label": plain_text(75), "options": OPTIONS}), most=100)
CONVERSATION_FILTER = Object(
    optional={
        "include": Listing(Text(choices=("im", "mpim", "private", "public"))),
        "exclude_external_shared_channels": Flag(),
        "exclude_bot_users": Flag(),
    },
    some_of=("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
DISPATCH_ACTION_CONFIG = Object(
    {"trigger_actions_on": Listing(Text(choices=("on_enter_pressed", "on_character_entered")), most=2)}
)
_SLACK_FILE = Object(optional={"id": Text(), "url": Text()}, one_of=("id", "url"))
IMAGE_SOURCE: Keys = {"image_url": Text(3000), "slack_file": _SLACK_FILE}
"""The keys of a picture's source."""
