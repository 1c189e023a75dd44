"""The `lookup` sub-command: the lookups of Slack in a terminal, for any number of ids."""

import getpass
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

from bot.bulk.id_list import IdList
from bot.bulk.ids_file import IdsFile
from bot.bulk.job import SWITCH_SECONDS, BulkLookup
from bot.bulk.job_record import JobRecord
from bot.bulk.part_file import PartFile
from bot.bulk.progress import Progress, count_failed
from bot.bulk.row_formats import CsvRows, JsonRows, RowFormat
from bot.bulk.run import BulkRun
from bot.core import fields
from bot.core.commands import LookupCommand, make_lookup
from bot.core.lookups.kinds import LOOKUP_KINDS
from bot.core.model import Actor, AuditEvent, LookupStatus, Outcome, Surface
from bot.core.parsing.command_line import check_accounts
from bot.core.parsing.typography import normalize
from bot.core.parsing.usage_errors import quote
from bot.errors import AuthenticationError, BotError, IMError, NotFoundError, UsageError
from bot.im_clients import CONCURRENT_CALLS, make_im_client
from bot.process import EXIT_UNFINISHED
from bot.settings import Settings
from bot.store.database.migrate import migrate_in_subprocess
from bot.store.record import Store

EXIT_FAILED = 1
"""The exit code when ids failed, or when an operator must correct something."""
EXIT_USAGE = 2
"""The exit code for a command line, a file of ids or an output that cannot be used."""
EXIT_INTERRUPTED = 130
"""The exit code after Ctrl-C, as of shells."""

_MAX_NAME = 64
_STDIN = "-"
_FORMATS = (".csv", ".jsonl")
_AGAIN = "Run the same command again: it goes on where it was"


def run_lookup(args: Namespace, settings: Settings) -> int:
    """Look up every id of a file, and write a row for each; return the exit code.

    Raises:
        BotError: It cannot begin, or not go on.
    """
    try:
        return _run(args, settings)
    except UsageError as error:
        _say(f"im-bot lookup: {_sentences(error)}")
        return EXIT_USAGE
    except KeyboardInterrupt:
        _say("Interrupted; nothing was asked.")
        return EXIT_INTERRUPTED


def _run(args: Namespace, settings: Settings) -> int:
    out, actor, command = _check_out(args), _find_actor(args.as_name), _make_command(args, settings)
    form = _choose_format(command, out)
    with ExitStack() as stack:
        ids = stack.enter_context(closing(IdList()))
        digest = _read_ids(args, ids)
        part = PartFile(out, form, _identify(args, settings, command, form, digest))
        part.check(force=args.force)
        # A record that cannot be opened keeps the bot from starting, too.
        migrate_in_subprocess(settings.database_url)
        store = stack.enter_context(closing(Store(settings.database_url)))
        part.open(force=args.force)
        stack.callback(part.close)
        counts = part.resume(ids.after(0))
        _announce(command, ids, sum(counts.values()))
        record = JobRecord(store, _make_event(actor, command), ids.count, digest)
        im = stack.enter_context(closing(make_im_client(settings, command.app.name, CONCURRENT_CALLS)))
        sys.setswitchinterval(SWITCH_SECONDS)
        pool = ThreadPoolExecutor(CONCURRENT_CALLS, thread_name_prefix="call")
        progress = Progress(ids.count, sum(counts.values()))
        lookup = BulkLookup(command, im, form, pool, watch=progress.tick)
        with closing(progress), _stop_on_signal(lookup) as signals:
            run = BulkRun(lookup, record, partial(_keep, part, progress), counts)
            problem = _look_up(run, ids)
            pool.shutdown(wait=False, cancel_futures=True)
            progress.close()
            if sum(counts.values()) == ids.count:
                code = _finish(out, part, run, convert=_is_converted(command, out))
            else:
                code = _stop(problem, signals, part, run, ids.count)
        _say_unrecorded(record)
    if lookup.is_busy:
        # Calls that were dropped would hold up the exit until they time out.
        sys.stdout.flush()
        os._exit(code)
    return code


def _look_up(run: BulkRun, ids: IdList) -> BotError | None:
    """Look up what is not yet written; return why that cannot go on: the vendor, the output or the ids."""
    try:
        return run.run(ids.after(sum(run.counts.values())))
    except BotError as error:
        return error


def _keep(part: PartFile, progress: Progress, rows: bytes, counts: Mapping[LookupStatus, int]) -> None:
    part.append(rows)
    progress.show(counts)


def _check_out(args: Namespace) -> Path:
    out: Path = args.out
    if out.suffix not in _FORMATS:
        raise UsageError(f"--out {out} is neither .csv nor .jsonl", advice="End its name with one of them")
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder {out.parent} for --out", advice="Create it, or name another")
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder", advice="Name a file in it")
    if args.ids != _STDIN and out.exists() and Path(args.ids).exists() and out.samefile(args.ids):
        raise UsageError("--ids and --out are the same file", advice="Name another file in --out")
    return out


def _find_actor(name: str | None) -> Actor:
    advice = "Say who you are with --as NAME"
    try:
        given = getpass.getuser() if name is None else name
    except (OSError, KeyError):
        raise UsageError("this system does not know your user name", advice=advice) from None
    if not 0 < len(given) <= _MAX_NAME or not given.isprintable() or " " in given:
        raise UsageError(f"a name has 1 to {_MAX_NAME} visible characters, no blanks", advice=advice)
    return Actor.in_terminal(given)


def _make_command(args: Namespace, settings: Settings) -> LookupCommand:
    """Make the lookup, without accounts."""
    if args.kind not in LOOKUP_KINDS:
        raise UsageError(
            f"there is no lookup {quote(args.kind)}", advice=f"Lookups: {', '.join(LOOKUP_KINDS)}"
        )
    kind, app = LOOKUP_KINDS[args.kind], settings.apps.find(args.app)
    owner = normalize(args.owner or "").strip()
    if kind.has_owner and not owner:
        raise UsageError(f"{kind.word} needs --owner", advice="Name the account whose friend list is read")
    if owner and not kind.has_owner:
        raise UsageError(f"{kind.word} takes no --owner", advice="Leave it out")
    names = [name.strip() for name in (args.fields or "").split(",") if name.strip()]
    if names and not kind.fields_example:
        raise UsageError(f"{kind.word} takes no --fields", advice="Leave it out: every one is read")
    if owner:
        check_accounts([owner])
    chosen = fields.named(names, kind.domain, app.custom) if kind.domain else ()
    return make_lookup(kind, app, (), chosen, owner=owner)


def _choose_format(command: LookupCommand, out: Path) -> RowFormat:
    is_json = out.suffix == ".jsonl" or _is_converted(command, out)
    return JsonRows(command) if is_json else CsvRows(command)


def _is_converted(command: LookupCommand, out: Path) -> bool:
    """Check whether the columns of a CSV are only known once all rows are: names of attributes."""
    return command.kind.domain is None and out.suffix == ".csv"


def _read_ids(args: Namespace, ids: IdList) -> str:
    """Read all ids; return the SHA-256 of their file, in hex."""
    try:
        with sys.stdin.buffer if args.ids == _STDIN else Path(args.ids).open("rb") as source:
            name = "the standard input" if args.ids == _STDIN else args.ids
            file = IdsFile(source, name, args.column or "")
            ids.add(file)
    except OSError as error:
        raise UsageError(
            f"{args.ids} cannot be read: {error.strerror}", advice="Check --ids; - reads the standard input"
        ) from None
    if not ids.count:
        raise UsageError(f"{name} holds no ids", advice="Give one id a line")
    return file.digest.hexdigest()


def _identify(
    args: Namespace, settings: Settings, command: LookupCommand, form: RowFormat, digest: str
) -> Mapping[str, str]:
    """Say what the output is of, in the words of the command line; settings may change what they mean."""
    return {
        "the lookup": command.kind.word,
        "the SHA-256 of the ids": digest,
        "--column": args.column or "",
        "--app": command.app.name,
        "the SDKAppID": str(settings.im_apps[command.app.name].sdk_app_id),
        "--owner": command.owner,
        "--fields": ",".join(field.word for field in command.fields),
        "the SHA-256 of the column names": sha256(form.head).hexdigest(),
    }


def _make_event(actor: Actor, command: LookupCommand) -> AuditEvent:
    owner = (command.owner,) if command.owner else ()
    return AuditEvent(actor, Surface.TERMINAL, command.app.name, command.kind.word, owner, Outcome.ANSWERED)


def _announce(command: LookupCommand, ids: IdList, done: int) -> None:
    repeated = ids.given - ids.count
    more = f", {repeated:,} more given twice" if repeated else ""
    begin = f"going on after {done:,} of them" if done else "beginning"
    _say(f"{ids.count:,} ids{more}; {begin}, in {command.app.name}")


@contextmanager
def _stop_on_signal(lookup: BulkLookup) -> Iterator[list[int]]:
    """Stop a lookup at SIGINT or SIGTERM; yields the signals that came."""
    came: list[int] = []

    def stop(number: int, _: object) -> None:
        came.append(number)
        # Only other threads wait on it, so this cannot wait for a lock that its own thread holds.
        lookup.stop.set()

    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _finish(out: Path, part: PartFile, run: BulkRun, *, convert: bool) -> int:
    run.record.end(run.counts, Outcome.EXPORTED)
    try:
        part.finish(convert=convert)
    except BotError as error:
        return _stop(error, [], part, run, sum(run.counts.values()))
    print(f"{out}: {_count(run.counts)}")  # noqa: T201 - the command's answer
    failed = count_failed(run.counts)
    if failed:
        _say(f"{failed:,} failed or not asked: the columns status, code and message say why")
    return EXIT_FAILED if failed else 0


def _stop(problem: BotError | None, signals: list[int], part: PartFile, run: BulkRun, total: int) -> int:
    written = sum(run.counts.values())
    done = f"{written:,} of {total:,} ids are written to {part.path}"
    if problem is None:
        run.record.end(run.counts, Outcome.CANCELLED, f"stopped after {written:,} of {total:,} ids")
        _say(f"Stopped. {done}. {_AGAIN}.")
        return EXIT_INTERRUPTED if signal.SIGINT in signals else EXIT_UNFINISHED
    run.record.end(run.counts, Outcome.FAILED, str(problem))
    if not isinstance(problem, IMError):
        # Its advice says how to go on.
        _say(f"Stopped: {problem}. {done}. {problem.advice}.")
        return EXIT_FAILED
    _say(f"Stopped: {_sentences(problem)} {done}. {_AGAIN}.")
    return EXIT_FAILED if isinstance(problem, AuthenticationError | NotFoundError) else EXIT_UNFINISHED


def _say_unrecorded(record: JobRecord) -> None:
    if record.problem:
        _say(
            f"The record lacks this lookup in part: {_sentences(record.problem)} "
            f"{record.unrecorded:,} accounts were looked up and could not be recorded."
        )


def _count(counts: Mapping[LookupStatus, int]) -> str:
    numbers = (f"{counts[status]:,} {status}" for status in LookupStatus if counts.get(status))
    return f"{sum(counts.values()):,} ids: {', '.join(numbers)}"


def _sentences(error: Exception) -> str:
    advice = getattr(error, "advice", "")
    return f"{error}. {advice}".rstrip(". ") + "."


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - beside the command's answer
