"""The app installed in the workspace: tokens, scopes, commands, events and surfaces."""

from dataclasses import dataclass

from bot.playground.manifest import Shortcut, SlashCommand
from bot.playground.people import BOT


@dataclass(slots=True)
class InstalledApp:
    """An app as its manifest and its installation made it.

    Args:
        bot_token: The bot's token.
        app_token: The app-level token, for Socket Mode.
        signing_secret: Signs requests in HTTP mode.
        scopes: The bot token's scopes.
        commands: The slash commands.
        shortcuts: The shortcuts.
        events: The event subscriptions.
        request_url: Target of payloads in HTTP mode; None for Socket Mode.
        home_enabled: The app has a Home tab.
        messages_enabled: The app has a messages tab, where the direct messages are.
        messages_read_only: People cannot write there.
        interactive: The app gets presses, shortcuts and submissions.
        name: The name that people see.
    """

    bot_token: str
    app_token: str
    signing_secret: str
    scopes: frozenset[str]
    commands: tuple[SlashCommand, ...]
    shortcuts: tuple[Shortcut, ...] = ()
    events: frozenset[str] = frozenset()
    request_url: str | None = None
    home_enabled: bool = True
    messages_enabled: bool = True
    messages_read_only: bool = False
    interactive: bool = True
    name: str = BOT.name
