"""What the bot needs to be allowed: every Web API method it calls, and the scopes that takes."""

from collections.abc import Mapping
from types import MappingProxyType

METHODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "auth.test": (),
        "users.info": ("users:read",),
        "usergroups.users.list": ("usergroups:read",),
        "conversations.info": ("channels:read", "groups:read"),
        "chat.postMessage": ("chat:write",),
        "chat.postEphemeral": ("chat:write",),
        "chat.update": ("chat:write",),
        "views.open": (),
        "views.update": (),
    }
)
"""Every method called with the bot token, and the scopes it needs (Slack's page of each method)."""

BOT_SCOPES = frozenset({"commands", *(scope for scopes in METHODS.values() for scope in scopes)})
"""The bot token's scopes; slash commands need one of their own."""
