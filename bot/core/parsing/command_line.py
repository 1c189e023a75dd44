"""The parser of command lines."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.core import fields
from bot.core.commands import (
    SPECS,
    AskSearch,
    Command,
    EditProfile,
    LookupCommand,
    SearchRecord,
    SetFields,
    ShowHelp,
    ShowHistory,
    ShowRole,
    ShowStart,
    Spec,
    UndoChange,
    make_lookup,
)
from bot.core.fields import Domain, Field
from bot.core.ids import MAX_ACCOUNTS, MAX_ID_BYTES, fits
from bot.core.lookups.kinds import PROFILES, LookupKind
from bot.core.model import Actor, App, RecordQuery, Value
from bot.core.parsing.assignments import read_assignments
from bot.core.parsing.presets import find_preset
from bot.core.parsing.punctuation import strip_punctuation
from bot.core.parsing.suggestions import suggest
from bot.core.parsing.tokens import ParsedArguments, Token, keep_commas, split_options, tokenize
from bot.core.parsing.usage_errors import ErrorCollector, did_you_mean, nearest, quote, spell
from bot.core.parsing.values import check_text
from bot.errors import NoAccountError, UsageError

MAX_TEXT = 5000
"""The most characters of text in one command."""

_CHANGE = re.compile("op_[a-z0-9]{12}")
_ENTRY = re.compile("#[0-9]{1,15}")
_PERSON = re.compile("[UW][A-Z0-9]{8,20}")
_STRAY_HELP = {"-h", "--help"}
_ASKS_FOR_HELP = {"?", *_STRAY_HELP}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Apps:
    """The apps by name, and the name of the default one; None if there is none."""

    by_name: Mapping[str, App]
    default: str | None

    def find(self, name: str | None) -> App:
        """Find an app by name, or the default one.

        Raises:
            UsageError: There is no such app, or no name and no default.
        """
        names = ", ".join(self.by_name)
        wanted = self.default if name is None else name.lower()
        if wanted is None:
            raise UsageError("there is more than one app here", advice=f"Choose one with --app: {names}")
        if wanted not in self.by_name:
            raise UsageError(
                f"there is no app {quote(wanted)} here",
                advice=f"{did_you_mean(wanted, self.by_name)}Apps: {names}",
                correction=(wanted, near) if (near := nearest(wanted, self.by_name)) else None,
            )
        return self.by_name[wanted]


def parse(text: str, apps: Apps) -> Command:
    """Parse the text after the slash command; an empty text gives the start.

    Raises:
        UsageError: The text is not valid; has the usage line, and the text that was meant if it is known.
    """
    try:
        return _parse(text, apps)
    except UsageError as error:
        error.suggestion = suggest(text, error, lambda meant: _parse(meant, apps))
        raise


def _parse(text: str, apps: Apps) -> Command:
    check_length(text)
    tokens = tokenize(text)
    first = next(tokens, None)
    if first is None:
        return ShowStart()
    if first.text in _ASKS_FOR_HELP:
        return ShowHelp()
    spec = _find_spec(first.text, tokens)
    try:
        rest = list(tokens)
        if any(token.text.lower() in _STRAY_HELP and not token.quoted for token in rest):
            return ShowHelp(spec.word)
        if spec.makes is SetFields:
            rest = keep_commas(rest, _spellings(apps))
        arguments = split_options(rest, spec)
        return (
            _build_lookup(spec.kind, arguments, apps) if spec.kind else _BUILDERS[spec.makes](arguments, apps)
        )
    except UsageError as error:
        usage = spec.examples[0] if isinstance(error, NoAccountError) else spec.line
        error.usage, error.command = error.usage or usage, spec.word
        raise


def parse_beside_file(text: str, apps: Apps) -> tuple[LookupCommand, bool]:
    """Parse the text beside a file of ids: its lookup, in which ids and the owner of a list may be missing.

    Without a lookup's word it is one of profiles, and without any app to choose by one of the first app.

    Returns:
        The lookup, and whether its app is named or the default one.

    Raises:
        UsageError: The text is not valid.
    """
    first, *rest = list(tokenize(text)) or [Token("")]
    spec = SPECS.get(first.text.lower())
    kind = spec.kind if spec else None
    arguments = split_options(rest, spec) if spec and kind else ParsedArguments()
    is_known = apps.default is not None or "--app" in arguments.options
    app = _app(arguments, apps) if is_known else next(iter(apps.by_name.values()))
    if kind is None:
        return make_lookup(PROFILES, app, ()), is_known
    owner, accounts = "", list(arguments.plain)
    chosen = _fields(arguments, kind.domain, app) if kind.domain else ()
    if kind.has_owner and accounts:
        owner, *accounts = accounts
    return make_lookup(kind, app, tuple(accounts), chosen, owner=owner), is_known


def check_length(text: str) -> None:
    """Check that a text is at most MAX_TEXT characters long.

    Raises:
        UsageError: It is longer.
    """
    if len(text) > MAX_TEXT:
        raise UsageError(
            f"that is {len(text):,} characters; one command takes at most {MAX_TEXT:,}",
            advice="Split the ids across several commands, or send the bot a file of ids",
        )


def _find_spec(word: str, rest: Iterable[Token] = ()) -> Spec:
    """Find a command's syntax.

    Any other word is a misspelled one, the slash command typed twice, or an id without a command.
    """
    spec = SPECS.get(word.lower())
    if spec is not None:
        return spec
    near, ids = nearest(word, SPECS), strip_punctuation(word) or (word,)
    following = next(iter(rest), Token("")).text.lower()
    is_typed_twice = word.startswith("/") and following in SPECS
    is_id = not near and any(map(str.isalnum, word)) and not word.startswith("--")
    advice = "An id goes after a command" if is_id else f"Commands: {', '.join(SPECS)}"
    correction = (word, " ".join([PROFILES.word, *ids])) if is_id else None
    if near or is_typed_twice:
        advice = f"Did you mean {spell(near or following)}?"
        correction = (word, near or "")
    raise UsageError(
        f"Unknown command {spell(word)}",
        usage=SPECS[near or "help"].line,
        advice=advice,
        correction=correction,
    )


def _build_lookup(kind: LookupKind, arguments: ParsedArguments, apps: Apps) -> LookupCommand:
    app, owner, accounts = _app(arguments, apps), "", arguments.plain
    chosen = _fields(arguments, kind.domain, app) if kind.domain else ()
    if kind.has_owner:
        if len(accounts) < 2:  # noqa: PLR2004 - the owner and one other
            raise UsageError(
                f"{kind.word} needs two ids or more: first whose friend list to read, then whom to find"
            )
        owner, *accounts = accounts
        check_accounts([owner])
    both, csv, share = (option in arguments.options for option in ("--both", "--csv", "--share"))
    checked = check_accounts(accounts)
    return make_lookup(kind, app, checked, chosen, owner=owner, both=both, csv=csv, share=share)


def _build_set(arguments: ParsedArguments, apps: Apps) -> Command:
    app = _app(arguments, apps)
    first, *rest = arguments.tokens or [Token("")]
    if not first.text or (first.is_value and fields.bare(first.split()[0]) in _spellings(apps)):
        raise NoAccountError("Which account? It goes before the fields")
    (account,) = check_accounts([first.text])
    reason = " ".join(token.typed for token in arguments.options.get("--reason", ()))
    errors = ErrorCollector()
    try:
        with errors.collect():
            check_text("--reason", reason)
        if reason and not rest:
            errors.add(UsageError("--reason needs field=value; the form has its own input for a reason"))
        values: Mapping[Field, Value] = {}
        with errors.collect():
            preset = find_preset(app, rest)
            values = dict(preset.values) if preset else read_assignments(rest, app)
        errors.raise_all()
    except UsageError as error:
        error.app, error.accounts = app.name, (account,)
        raise
    return SetFields(app, account, values, reason) if rest else EditProfile(app, account)


def _build_undo(arguments: ParsedArguments, _: Apps) -> Command:
    if len(arguments.plain) != 1:
        raise UsageError("undo takes the id of one change", advice="Find it in the account's history")
    return UndoChange(arguments.plain[0].lower())


def _build_history(arguments: ParsedArguments, apps: Apps) -> Command:
    if not (arguments.tokens or arguments.options):
        return AskSearch()
    accounts = check_accounts(arguments.plain)
    if len(accounts) > 1:
        raise UsageError("history takes one account id", advice="Quote an id that contains a space")
    (token, *_) = arguments.tokens
    if not (token.quoted or arguments.options) and (query := _read_query(token.text, apps)):
        return SearchRecord(query)
    app = _app(arguments, apps)
    return ShowHistory(app, accounts[0], fields=_fields(arguments, Domain.PROFILE, app))


def _read_query(text: str, apps: Apps) -> RecordQuery | None:
    """Read the id of a change, an entry's number or a person's id; None for an account id."""
    if _CHANGE.fullmatch(text):
        return RecordQuery(change=text)
    if _ENTRY.fullmatch(text):
        return RecordQuery(entry=int(text[1:]))
    if _PERSON.fullmatch(text) or Actor(text, "").is_in_terminal:
        # It may be an account of the default app. The person's workspace is that of the actor.
        return RecordQuery(text, apps.default or "", Actor(text, ""))
    return None


def _build_role(_: ParsedArguments, __: Apps) -> Command:
    return ShowRole()


def _build_help(arguments: ParsedArguments, _: Apps) -> Command:
    if not arguments.plain:
        return ShowHelp()
    word = arguments.plain[0]
    try:
        return ShowHelp(_find_spec(word).word)
    except UsageError as error:
        # An id is no topic.
        error.correction = (word, near) if (near := nearest(word, SPECS)) else (word, "")
        raise


_BUILDERS: Mapping[type[Command], Callable[[ParsedArguments, Apps], Command]] = {
    SetFields: _build_set,
    UndoChange: _build_undo,
    ShowHistory: _build_history,
    ShowRole: _build_role,
    ShowHelp: _build_help,
}


def _app(arguments: ParsedArguments, apps: Apps) -> App:
    return apps.find(arguments.options["--app"][0].text if "--app" in arguments.options else None)


def _spellings(apps: Apps) -> frozenset[str]:
    """Return every name of the profile fields of all apps, in the spelling of `bare`."""
    custom = [field for app in apps.by_name.values() for field in app.custom]
    tags = (fields.bare(field.tag) for field in fields.offered(Domain.PROFILE, custom))
    return frozenset(fields.spellings(custom)).union(tags)


def _fields(arguments: ParsedArguments, domain: Domain, app: App) -> tuple[Field, ...]:
    values = arguments.options.get("--fields", [])
    names = [name.strip() for value in values for name in value.text.split(",") if name.strip()]
    return fields.named(names, domain, app.custom) if names else ()


def read_accounts(text: str) -> tuple[str, ...]:
    """Parse account ids as typed after a command's word.

    Raises:
        UsageError: There are too many, all are too long, a quote is not closed, or the text is too long.
    """
    check_length(text)
    words = [token.text for token in tokenize(text) if not token.is_comma]
    return check_accounts(words) if words else ()


def check_accounts(ids: Iterable[str]) -> tuple[str, ...]:
    """Check ids, and drop repeated ones; ids that are too long pass if others are not.

    Raises:
        UsageError: There are none, too many, or only ones that are too long.
    """
    accounts = tuple(dict.fromkeys(ids))
    if not accounts:
        raise NoAccountError("Which account?")
    if len(accounts) > MAX_ACCOUNTS:
        raise UsageError(
            f"that is {len(accounts):,} ids; one command takes at most {MAX_ACCOUNTS:,}",
            advice="Split them across several commands, or send the bot a file of ids",
        )
    if not any(map(fits, accounts)):
        shown = ", ".join(map(quote, accounts[:_SHOWN]))
        more = f" and {len(accounts) - _SHOWN} more" if len(accounts) > _SHOWN else ""
        raise UsageError(
            f"an account id has at most {MAX_ID_BYTES} bytes; these are longer: {shown}{more}",
            advice="Separate ids by spaces, commas or new lines; quote an id that contains a space",
        )
    return accounts
