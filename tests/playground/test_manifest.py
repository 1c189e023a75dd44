from pathlib import Path

import pytest

from bot.playground.manifest import ManifestError, Shortcut, SlashCommand, read_manifest
from bot.playground.run import install, list_warnings

MANIFEST = """
_metadata: {major_version: 2}
display_information:
  name: Example
features:
  slash_commands:
    - command: /im
      usage_hint: profile <id>…
      description: Look up accounts
      should_escape: false
    - command: /plain
      description: Without a hint
  shortcuts:
    - name: Look up accounts
      type: global
      callback_id: lookup
      description: Ask for any ids
  app_home:
    home_tab_enabled: true
oauth_config:
  scopes:
    bot: [commands, users:read, app_mentions:read, im:history]
settings:
  interactivity: {is_enabled: true, request_url: https://example.com}
  event_subscriptions:
    bot_events: [app_mention, message.im]
"""
SETTINGS = """settings:
  org_deploy_enabled: true
  socket_mode_enabled: true
  token_rotation_enabled: true
  is_mcp_enabled: false
  function_runtime: remote"""
EVENTS = "settings.event_subscriptions.bot_events"
SMALLEST = "display_information: {name: Example}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.yml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def test_reads_what_the_workspace_needs(path: Path) -> None:
    manifest = read_manifest(path)

    assert manifest.events == ("app_mention", "message.im")
    assert manifest.features.app_home.home_tab_enabled
    assert manifest.oauth_config.scopes.bot == ("commands", "users:read", "app_mentions:read", "im:history")
    assert manifest.features.slash_commands == (
        SlashCommand(command="/im", usage_hint="profile <id>…", description="Look up accounts"),
        SlashCommand(command="/plain", description="Without a hint"),
    )
    assert manifest.features.shortcuts == (
        Shortcut(name="Look up accounts", callback_id="lookup", type="global", description="Ask for any ids"),
    )
    assert list_warnings(manifest) == []


def test_needs_a_name_alone(path: Path) -> None:
    path.write_text(SMALLEST, encoding="utf-8")

    assert read_manifest(path).features.shortcuts == ()


@pytest.mark.parametrize(
    ("keys", "read"),
    [
        ("", (True, False)),
        ("messages_tab_enabled: false", (False, False)),
        ("messages_tab_read_only_enabled: true", (True, True)),
    ],
)
def test_reads_whether_people_can_write_to_the_app(path: Path, keys: str, read: tuple[bool, bool]) -> None:
    path.write_text(MANIFEST.replace("home_tab_enabled: true", f"{{{keys}}}"), encoding="utf-8")

    workspace = install(read_manifest(path))

    assert (workspace.app.messages_enabled, workspace.app.messages_read_only) == read


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ("  name: Example", "  {}", "display_information.name is missing"),
        ("command: /im", "command: im", 'features.slash_commands[0].command must start with "/"'),
        ("command: /im", "command: 5", "features.slash_commands[0].command must be a string"),
        ("description: Without a hint", "", "features.slash_commands[1].description is missing"),
        ("type: global", "type: local", "features.shortcuts[0].type must be 'global' or 'message'"),
        (
            "home_tab_enabled: true",
            "home_tab_enabled: [1]",
            "features.app_home.home_tab_enabled must be true or false",
        ),
        ("oauth_config:", "oauth_config: 5\n_other:", "oauth_config must be an object"),
        (
            "[app_mention, message.im]",
            "app_mention",
            f"{EVENTS} must be a list",
        ),
        (
            "bot_events: [app_mention,",
            "bot_events: [app_mentoin,",
            f"{EVENTS}[0] is no event of Slack's: app_mentoin; did you mean app_mention?",
        ),
        (
            "users:read,",
            "user:read,",
            "oauth_config.scopes.bot[1] is no bot scope of Slack's: user:read; did you mean users:read?",
        ),
    ],
)
def test_names_a_mistake_with_its_place(before: str, after: str, mistake: str, path: Path) -> None:
    path.write_text(MANIFEST.replace(before, after), encoding="utf-8")

    with pytest.raises(ManifestError) as caught:
        read_manifest(path)

    assert caught.value.mistakes == [mistake]


def test_names_all_mistakes_at_once(path: Path) -> None:
    path.write_text(MANIFEST.replace("/im", "im").replace("name: Example", "name: 5"), encoding="utf-8")

    with pytest.raises(ManifestError) as caught:
        read_manifest(path)

    assert len(caught.value.mistakes) == 2


@pytest.mark.parametrize("enabled", ["is_enabled: false, ", ""])
def test_sends_no_interactions_unless_they_are_enabled(path: Path, enabled: str) -> None:
    assert install(read_manifest(path)).app.interactive

    path.write_text(MANIFEST.replace("is_enabled: true, ", enabled), encoding="utf-8")

    manifest = read_manifest(path)
    assert not install(manifest).app.interactive
    assert list_warnings(manifest) == ["shortcuts never come without settings.interactivity.is_enabled"]


def test_warns_of_what_is_not_played(path: Path) -> None:
    path.write_text(
        MANIFEST.replace("[app_mention,", "[reaction_added, app_mention,")
        .replace(", im:history", "")
        .replace("should_escape: false", "should_escape: true")
        .replace("bot_events", "user_events: [star_added]\n    bot_events")
        .replace("  app_home:", "  unfurl_domains: [example.com]\n  app_home:")
        .replace("  scopes:", "  redirect_urls: [https://example.com]\n  scopes:")
        .replace("settings:", SETTINGS),
        encoding="utf-8",
    )

    assert list_warnings(read_manifest(path)) == [
        "features.unfurl_domains is not played by this local Slack",
        "oauth_config.redirect_urls is not played by this local Slack",
        "settings.token_rotation_enabled is not played by this local Slack",
        "settings.function_runtime is not played by this local Slack",
        "settings.event_subscriptions.user_events is not played by this local Slack",
        "features.slash_commands[0].should_escape is not played by this local Slack",
        "the event reaction_added is not played by this local Slack: it never comes",
        "the event message.im never comes without the scope im:history",
    ]
