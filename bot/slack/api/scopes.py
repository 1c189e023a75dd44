"""OAuth scopes: every Web API method that the bot calls, every event, and the scopes they need."""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

METHODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "auth.test": (),
        "users.info": ("users:read",),
        "usergroups.users.list": ("usergroups:read",),
        "conversations.info": ("channels:read", "groups:read", "mpim:read"),
        "conversations.open": ("im:write",),
        "chat.postMessage": ("chat:write",),
        "chat.postEphemeral": ("chat:write",),
        "assistant.threads.setStatus": ("chat:write",),
        "chat.update": ("chat:write",),
        "files.getUploadURLExternal": ("files:write",),
        "files.completeUploadExternal": ("files:write",),
        "files.info": ("files:read",),
        "views.open": (),
        "views.push": (),
        "views.update": (),
        "views.publish": (),
    }
)
"""Every method called with the bot token, and the scopes it needs (Slack's page of each method)."""

EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"app_mention": ("app_mentions:read",), "message.im": ("im:history",), "app_home_opened": ()}
)
"""Every event the bot receives, and the scopes it needs (Slack's page of each event)."""

_OTHERS = ("commands", "files:read")
"""The scopes of slash commands, and of private downloads and file inputs."""

BOT_SCOPES = frozenset(chain.from_iterable([_OTHERS, *METHODS.values(), *EVENTS.values()]))
"""The bot token's scopes."""
