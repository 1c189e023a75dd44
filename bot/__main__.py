"""The command line: one function for each sub-command."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.settings_loader import Mode

_LAST_PORT = 65535
Run: TypeAlias = Callable[[argparse.Namespace], int | None]
"""Runs a sub-command; returns its exit code, None for 0."""


_LOOKUP_HELP = """\
Each id gets one row, in the file's order; a repeated one is asked once. After Ctrl-C, an outage or a crash,
run the same command again: it goes on where it was.

exit codes: 0 every id was answered, 1 some failed (their rows say why) or the app refused, 2 the command
line, the ids or the output cannot be used, 75 stopped by the system or an outage, 130 stopped by Ctrl-C
"""


def main() -> None:
    """Run `im-bot`."""
    args = make_parser().parse_args()
    run: Run = args.run
    sys.exit(run(args) or 0)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all sub-commands."""
    parser = argparse.ArgumentParser(
        prog="im-bot", description="Look up and change the accounts of a Tencent Chat app from Slack."
    )
    parser.add_argument("--version", action=_Version, help="print the version")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=description, description=description)
        command.set_defaults(run=run)
        return command

    _add_local(add)
    add("serve", _serve, "run the bot over HTTP")
    add("socket", _socket, "run the bot over Socket Mode")
    _add_lookup(add)
    add("migrate", _migrate, "migrate the database to the current schema")
    words = "verify or export the record"
    _add_audit(commands.add_parser("audit", help=words, description=words))
    add("doctor", _doctor, "check settings, Slack and Tencent Chat, with a fix for each failure")
    return parser


def _add_local(add: Callable[[str, Run, str], argparse.ArgumentParser]) -> None:
    """Add what needs no account: the playground, and its parts alone."""
    playground = add("playground", _playground, "try the bot in a local Slack, without any account")
    playground.add_argument("--port", type=_port, default=8065, help="the page's port (8065)")
    playground.add_argument("--no-browser", action="store_true", help="do not open the page")
    playground.add_argument("--data", type=Path, metavar="FILE", help="keep the sandbox's accounts in a file")
    sandbox = add("sandbox", _sandbox, "run the Tencent Chat sandbox alone")
    sandbox.add_argument("--port", type=_port, default=8066, help="its port (8066)")
    sandbox.add_argument("--data", type=Path, metavar="FILE", help="keep its accounts in a file")
    sandbox.add_argument("--sdk-app-id", type=int, metavar="N", help="the app's SDKAppID")
    sandbox.add_argument("--secret-key", metavar="K", help="the app's secret key")
    slack = add("slack", _slack, "run the local Slack alone, for another app")
    slack.add_argument("--manifest", type=Path, required=True, metavar="FILE", help="the app's manifest")
    slack.add_argument("--port", type=_port, default=8067, help="its port (8067)")
    slack.add_argument(
        "--request-url", metavar="URL", help="post to the app at this URL instead of using Socket Mode"
    )
    slack.add_argument(
        "--no-rate-limits", action="store_true", help="limit no calls and messages, for fast tests"
    )


def _add_lookup(add: Callable[[str, Run, str], argparse.ArgumentParser]) -> None:
    lookup = add("lookup", _lookup, "look up any number of ids, from a file to a file")
    lookup.formatter_class = argparse.RawDescriptionHelpFormatter
    lookup.epilog = _LOOKUP_HELP
    lookup.add_argument("kind", help="the lookup's word, as in Slack, such as profile")
    lookup.add_argument(
        "--ids", required=True, metavar="FILE", help="one id a line, or a CSV; - reads the standard input"
    )
    lookup.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the output: FILE.csv or FILE.jsonl"
    )
    lookup.add_argument("--owner", metavar="ID", help="the account whose friend list is read")
    lookup.add_argument("--fields", metavar="NAME,…", help="the fields to read; the usual ones by default")
    lookup.add_argument("--app", metavar="NAME", help="the app to ask; IM_DEFAULT_APP by default")
    lookup.add_argument(
        "--as", dest="as_name", metavar="NAME", help="your name for the record; the system's by default"
    )
    lookup.add_argument(
        "--column", metavar="NAME", help="the CSV's column of ids: its name in the first line, or its number"
    )
    lookup.add_argument("--force", action="store_true", help="begin anew, and replace the output")


def _add_audit(audit: argparse.ArgumentParser) -> None:
    commands = audit.add_subparsers(required=True, metavar="WHAT")
    verify = commands.add_parser("verify", help="check that the record is complete and unaltered")
    verify.add_argument(
        "--head",
        metavar="'#N · HASH'",
        help="an entry that must be in the record, as printed in the audit channel",
    )
    verify.set_defaults(run=_verify)
    export = commands.add_parser("export", help="print every entry")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="jsonl by default")
    export.set_defaults(run=_export)


class _Version(argparse.Action):
    """Prints the version; it is looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and end."""
        print(f"{parser.prog} {find_version()}")
        parser.exit()


def find_version() -> str:
    """Find the version: the installed package's, or the checkout's where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("im-bot")
    except PackageNotFoundError:
        import tomllib

        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
        return str(project["project"]["version"])


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"must be a whole number up to {_LAST_PORT}; 0 picks a free port")
    return int(text)


def _playground(args: argparse.Namespace) -> None:
    _need_playground()
    from bot.playground_app import run_playground

    run_playground(args.port, open_browser=not args.no_browser, data=args.data)


def _need_playground() -> None:
    """Exit with a message unless the packages of the playground extra are installed."""
    if find_spec("uvicorn") is None or find_spec("starlette") is None:
        raise SystemExit("the playground's packages are missing: pip install -e '.[playground]'")


def _sandbox(args: argparse.Namespace) -> None:
    _need_playground()
    from bot.sandbox.run import run

    run(args.port, args.data, args.sdk_app_id, args.secret_key)


def _slack(args: argparse.Namespace) -> None:
    _need_playground()
    from bot.playground.run import run

    run(args.port, args.manifest, args.request_url, rate_limits=not args.no_rate_limits)


def _serve(_: argparse.Namespace) -> None:
    settings = _settings("serve")
    from bot.serve import serve

    with _exit_with_message():
        serve(settings)


def _socket(_: argparse.Namespace) -> int:
    settings = _settings("socket")
    from bot.serve import run_socket

    with _exit_with_message():
        return run_socket(settings)


def _lookup(args: argparse.Namespace) -> int:
    settings = _settings("lookup")
    from bot.lookup_command import run_lookup

    with _exit_with_message():
        return run_lookup(args, settings)


def _settings(mode: "Mode") -> "Settings":
    """Read the settings for a mode, or exit with a list of their mistakes."""
    from bot.logs import set_up_logs
    from bot.settings_loader import SettingsError, load_settings

    try:
        settings = load_settings(mode)
    except SettingsError as error:
        lines = "".join(f"\n  {mistake}" for mistake in error.mistakes)
        raise SystemExit(f"im-bot {mode} cannot start. Correct these settings:{lines}") from None
    # In a terminal, what goes well is no news.
    quiet = mode == "lookup" and settings.log_level in ("DEBUG", "INFO")
    set_up_logs("WARNING" if quiet else settings.log_level)
    return settings


def _migrate(_: argparse.Namespace) -> None:
    url = _database_url()
    from bot.store.database.migrate import migrate

    with _exit_with_message():
        migrate(url)
    print("the database has the current schema")


def _verify(args: argparse.Namespace) -> int:
    url = _database_url()
    from bot.store.verify import verify_url

    with _exit_with_message():
        verdict = verify_url(url, args.head)
    print(verdict)
    return verdict.exit_code


def _export(args: argparse.Namespace) -> None:
    url = _database_url()
    from bot.store.export import export

    # A reader that stops early, such as head, ends this quietly.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with _exit_with_message():
        for line in export(url, args.format):
            sys.stdout.buffer.write(line.encode())


def _database_url() -> str:
    """Read DATABASE_URL alone; no other setting is needed."""
    from bot.settings import DatabaseSettings
    from bot.settings_loader import SettingsError, load_only

    try:
        return load_only(DatabaseSettings).database_url
    except SettingsError as error:
        raise SystemExit(str(error)) from None


@contextmanager
def _exit_with_message() -> Iterator[None]:
    """Turn a BotError into an exit with its message."""
    from bot.errors import BotError

    try:
        yield
    except BotError as error:
        raise SystemExit(f"{error}. {error.advice}".rstrip(". ")) from None


def _doctor(_: argparse.Namespace) -> int:
    from bot.doctor import check_all

    failed = 0
    for check in check_all():
        print(check, flush=True)
        failed |= bool(check.fix)
    return failed


if __name__ == "__main__":
    main()
