"""The guided run as a command: `python -m tests.field --channel C…`."""

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from bot.errors import BotError
from bot.settings import SlackSettings
from bot.settings_loader import SettingsError, load_only
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.people import SlackPeople
from tests.field.checks import CHECKS
from tests.field.payloads import validate_golden, validate_manifest
from tests.field.report import format_report
from tests.field.run import QUIET_SECONDS, FieldRun, SkippedError

WELCOME = """\
Stop the bot first: Slack gives each command, press and event to one connection, and this run needs all.
Use a channel made for it, with the bot in it (/invite), and Slack open beside this terminal.
It takes about ten minutes. Ctrl and C ends it; the report then holds what was checked."""


class FieldSettings(SlackSettings):
    """The bot's settings for Slack, and a configuration token for the manifest."""

    slack_config_token: SecretStr = SecretStr("")


def main() -> None:
    """Guide a person through all checks, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.field", description=__doc__)
    parser.add_argument("--channel", required=True, metavar="C…", help="the id of a channel with the bot")
    parser.add_argument("--report", type=Path, default=Path("field-report.md"), help="field-report.md")
    args = parser.parse_args()
    try:
        settings = load_only(FieldSettings)
        for name in ("slack_bot_token", "slack_app_token"):
            if not getattr(settings, name).get_secret_value():
                raise SettingsError([f"{name.upper()} is not set"])  # noqa: TRY301 - as for the other mistakes
        report = guide(settings, args.channel, print, sys.stdin)
    except (SettingsError, BotError, SlackCallError, SkippedError) as error:
        raise SystemExit(str(error)) from None
    except (KeyboardInterrupt, EOFError):
        raise SystemExit("ended before it began") from None
    args.report.write_text(report, encoding="utf-8")
    print(f"The report is in {args.report}")


def guide(
    settings: FieldSettings,
    channel: str,
    show: Callable[[str], None],
    lines: Iterable[str],
    *,
    quiet: float = QUIET_SECONDS,
) -> str:
    """Guide a person through all checks; return the report.

    Args:
        settings: The tokens, and Slack's address.
        channel: The id of a channel that the bot is in.
        show: Shows a line to the person.
        lines: What the person types.
        quiet: The seconds in which a payload must come.

    Raises:
        BotError: The bot token does not work, or there is no such channel.
        SlackCallError: The app-level token does not work.
        SkippedError: The bot is not in the channel, or the person did not begin.
    """
    app_token, command = settings.slack_app_token.get_secret_value(), settings.slack_command
    with closing(SlackClient(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)) as slack:
        people = SlackPeople(slack)
        workspace = people.get_identity().team
        if not people.is_member(channel):
            raise SkippedError("the bot is not in that channel: type /invite there")
        show(f"{WELCOME}\n\nWorkspace: {workspace}")
        with FieldRun(slack, app_token, channel=channel, command=command, show=show, quiet=quiet) as run:
            run.read(lines)
            run.meet()
            results = run.check_all(CHECKS)
        show("\nSlack checks the bot's payloads …")
        config_token = settings.slack_config_token.get_secret_value()
        validations = validate_golden(slack), validate_manifest(slack, config_token)
    return format_report(datetime.now(UTC).date(), workspace, results, validations)


if __name__ == "__main__":
    main()
