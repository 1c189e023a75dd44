from pathlib import Path

from bot.playground.manifest import Shortcut, SlashCommand, read_manifest

MANIFEST = """
features:
  slash_commands:
    - command: /im
      usage_hint: profile <id>…
      description: Look up accounts
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
    bot: [commands, users:read]
settings:
  event_subscriptions:
    bot_events: [app_mention, message.im]
"""


def test_reads_what_the_workspace_needs(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(MANIFEST, encoding="utf-8")

    manifest = read_manifest(path)

    assert manifest.events == {"app_mention", "message.im"}
    assert manifest.home_enabled
    assert manifest.scopes == {"commands", "users:read"}
    assert manifest.commands == (
        SlashCommand("/im", "profile <id>…", "Look up accounts"),
        SlashCommand("/plain", "", "Without a hint"),
    )
    assert manifest.shortcuts == (Shortcut("Look up accounts", "lookup", "global", "Ask for any ids"),)


def test_needs_no_shortcuts(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text("oauth_config: {scopes: {bot: []}}", encoding="utf-8")

    assert read_manifest(path).shortcuts == ()
