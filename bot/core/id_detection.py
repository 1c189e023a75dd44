"""Detection of account ids in messages such as alerts and tickets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from typing import TypeAlias
from urllib.parse import unquote_plus

from bot.core.ids import fits

MOST = 500
"""The most candidates returned."""
MOST_TEXT = 20_000
"""The most characters of a message that are searched."""
MOST_WORDS = 10
"""The most plain words among the candidates."""
SHORT = 40
"""The most words of a message in which a plain word may be an id; a longer message is prose."""

LIKELY = 2
"""The least weight of a likely account id."""
POSSIBLE = 0
"""The least weight of a possible account id."""
NEVER = -9
"""The weight of a word that is an account id only in the place of one."""

_STRANGE = re.compile(
    r"""(?ix)
    \d{1,3}(\.\d{1,3}){3}.*             # an address of the Internet
    | \d{4}-\d\d-\d\d.* | \d\d?[.:]\d\d.* | \d{4}\d\d\d\dt.*    # a date, a time
    | \d+(\.\d+)+.* | v\d[\w.-]*        # a version, a fraction
    | \d+(ns|us|ms|s|sec|m|min|h|hr|d|k|m|g|t|kb|mb|gb|tb|kib|mib|gib|b|x|rps|qps|st|nd|rd|th)
    | p\d\d+ | k8s | i18n | s3 | ec2 | md5 | sha\d+ | utf-?\d+ | ipv[46] | oauth\d | base64 | https?\d?
    | [a-z]{2}-[a-z]+-\d[a-z]?          # a region
    | [a-z]\d | q[1-4]
    """
)
# A moment in seconds, 1700000000, or in milliseconds, 1700000000000
_EPOCH = re.compile(r"1\d{9}(\d{3}){0,2}")
# 5f3c2a9 (a commit), 550e8400-e29b-41d4-a716-446655440000 (a UUID)
_HEX = re.compile(r"(?i)[0-9a-f]{7,}|[0-9a-f]{8}(-[0-9a-f]{4}){1,3}.*")
# OPS-4711
_TICKET = re.compile(r"[A-Z]{2,10}-\d+")
_MIN_DIGITS = 5
"""The fewest digits of a number that may be an id."""
_MIN_LETTERS = 3
"""The fewest letters of a plain word that may be an id."""

_WORDS = """
    able about account accounts acct after again alert alerts all and anonymous another any anyone api
    app are around ask asked asks at bad because been before being both but call calls can cannot chat
    check checked client cluster code could count critical customer customers data day days did does
    doing done down during each either email env error errors even every failed failing fails failure
    false find firing first fix for from get gets getting give goes going got grafana group had handler
    has have having hello help her here him his history host hours how id ids info instance into issue
    its job just keep know labels last latency later let level list log logged login long look looks
    lost made make many may maybe member members message messages metric might minutes more most much
    must name namespace need needs never new next nick nickname nil node none not nothing now null off
    offline okay old once one online only open other our out over owner page pager path people phone
    play player please pod possible priority problem prod production profile question queue rate read
    really region report reported reports request requests resolved response runbook same says see seems
    seen send sends sent sentry server service set several severity she should show shows since some
    someone something soon source span stage staging started state status still stop stopped such
    summary support sure system take team test thank thanks that the their them then there these they
    thing things think this those threshold ticket time timeout today together too total trace tried
    tries true try trying twice two type undefined under unknown until url user users using value values
    version very via wait want wants warn warning was wednesday week weird well went were what when
    where which while who why will with within without work working works would wrong yes yesterday yet
    you your
"""
_COMMON = frozenset(_WORDS.split())

_CODE, _NEAR = 2, 1
"""The weight that a word gains in code, and right after a key."""
_KEYED = 4
"""The weight of a value after a key and a colon."""

_NOUN = (
    "users?|accounts?|acct|members?|owners?|players?|customers?|senders?|receivers?|requesters?|reporters?"
    "|identifiers?|uids?"
)
# user    user_id    from_account    sender name
_KEY = rf"(?:[a-z]{{1,12}}[ _.-]?)?(?:{_NOUN})(?:[ _-]?(?:id|ids|name|account|accounts))?"
_SOUGHT = re.compile(rf"(?i)(?<![a-z0-9]){_KEY}(?![a-z0-9])")
_ANY_ID = {"id", "name", "q", "query"}
# user: alice    "user": "alice"    user=alice    user => alice    *user:* alice
_SEPARATOR = re.compile(r"""["'`*_\])]{0,3}[ \t]{0,3}(?:[:=]|=>|->)>?[ \t\n]{0,3}\*?[ \t]{0,3}""")
# After a key and a separator:    ["alice", "bob"]
_LIST = re.compile(r"\[([^\[\]{}]{0,4000})\]")
# alice_1    bob.k@corp    @TGS#abc (the vendor's own ids)    张三
_WORD = r"(?:@(?=[A-Z]{3}\#))?\w(?:[\w.@+#-]{0,200}\w)?"
# "a b"    'a b'    `a b`    alice
_ITEM = re.compile(rf"""(?x) "([^"\n]{{1,64}})" | '([^'\n]{{1,64}})' | `([^`\n]{{1,64}})` | ({_WORD})""")
# alice, bob; carol & dave and erin
_COMMA = re.compile(r"[ \t]*(?:,|;|&|\band\b)[ \t\n]*")
# An item of a row ends so:    alice,    alice)    alice and    alice.
_ENDS = re.compile(r"[ \t]*(?:[,;)\]}\n]|$|&|and\b)|\.(?:\s|$)")
_BARE = re.compile(_WORD)
_GAP = re.compile(r"[ \t]{1,3}")
# A word that has a value is a key:    "region": "x"    region=x
_IS_KEY = re.compile(r"""["']?[ \t]{0,3}[=:]""")
# https://console.example/u/alice?tab=1 (the group is what follows the host)
_LINK = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,15}://[^\s/?#<>|\"'`]*([^\s<>|\"'`]*)")
# ?user=alice    &uid=alice    #id=alice
_QUERY = re.compile(r"[?&;#]([\w.-]{1,40})=([^&;#\s]{1,200})")
# /users/alice    /u/alice    /profile/alice
_PATH = re.compile(rf"(?i)/(?:{_NOUN}|profiles?|u)/([^/?&#\s]{{1,200}})")

_NO_WORDS = re.compile(
    r"""(?ix) \b \d{4}-\d\d-\d\d (?:[T ]\d\d:[\d:.,]*)? (?:Z|[+-]\d\d:?\d\d)?   # a date, a moment
    | \b \d\d?:\d\d (?::\d\d)? (?:[.,]\d{1,9})? (?:[ ]?(?:am|pm|utc|gmt|z))? \b       # a time
    | \b \d{1,3}(?:\.\d{1,3}){3} (?::\d{1,5})? \b                                    # a host by its number
    """
)

Sighting: TypeAlias = tuple[int, str, int]
"""A possible id: its place in the text, the id, and its weight there."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible account id, and whether it is likely."""

    account: str
    likely: bool


def find_candidates(text: str) -> tuple[Candidate, ...]:
    """Find the likeliest account ids in a message, each once, in the order of appearance."""
    return find_and_count(text)[0]


def find_and_count(text: str) -> tuple[tuple[Candidate, ...], int]:
    """Find the likeliest account ids in a message; also return the number of further candidates.

    Args:
        text: The message, with code in back-ticks and bare links.
    """
    text = text[:MOST_TEXT]
    links = list(_LINK.finditer(text))
    rest = _NO_WORDS.sub(_blank, _LINK.sub(_blank, text))
    found: dict[str, tuple[int, int]] = {}
    for link in links:
        _note(found, _in_link(link.start(), link[1]))
    _note(found, _after_keys(rest))
    _note(found, _in_sight(rest))
    best = nlargest(MOST, found.items(), key=lambda item: (item[1][1], -item[1][0]))
    ordered = sorted(best, key=lambda item: item[1][0])
    offered = tuple(Candidate(account, weight >= LIKELY) for account, (_, weight) in ordered)
    return offered, len(found) - len(offered)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _note(found: dict[str, tuple[int, int]], sightings: Iterator[Sighting]) -> None:
    for place, account, weight in sightings:
        if weight < POSSIBLE or not _can_be(account):
            continue
        first, most = found.get(account, (place, weight))
        found[account] = (min(first, place), max(most, weight))


def _can_be(account: str) -> bool:
    return (
        account != ""
        and fits(account)
        and account.isprintable()
        and account == account.strip()
        and not is_strange(account)
    )


def _in_link(place: int, path: str) -> Iterator[Sighting]:
    for match in _PATH.finditer(path):
        account = unquote_plus(match[1])
        yield place + match.start(1), account, LIKELY if weigh(account) > NEVER else NEVER
    for match in _QUERY.finditer(path):
        account, key = unquote_plus(match[2]), match[1]
        if _SOUGHT.fullmatch(key):
            yield place + match.start(2), account, LIKELY
        elif key.lower() in _ANY_ID:
            yield place + match.start(2), account, weigh(account)


def _after_keys(text: str) -> Iterator[Sighting]:
    for key in _SOUGHT.finditer(text):
        separator = _SEPARATOR.match(text, key.end())
        if separator is None:
            yield from _near(text, key.end())
        elif listed := _LIST.match(text, separator.end()):
            for item in _ITEM.finditer(listed[1]):
                yield _keyed(item, listed.start(1))
        else:
            yield from islice(_row(text, separator.end(), key[0][-1:] in "sS"), MOST)


def _near(text: str, place: int) -> Iterator[Sighting]:
    """Weigh the word after a key without a colon, as in `user alice_1 says`."""
    gap = _GAP.match(text, place)
    token = gap and _BARE.match(text, gap.end())
    if token:
        yield token.start(), token[0], weigh(token[0]) + _NEAR


def _row(text: str, place: int, plural: bool) -> Iterator[Sighting]:  # noqa: FBT001 - private
    """Weigh the items after a key and a colon, separated by commas."""
    item = _ITEM.match(text, place)
    while item:
        place, account, weight = _keyed(item)
        # A number after a word in the plural is more likely a count.
        yield place, account, POSSIBLE if plural and account.isdecimal() else weight
        comma = _COMMA.match(text, item.end())
        item = comma and _ITEM.match(text, comma.end())
        if item and not _ENDS.match(text, item.end()):
            return


def _keyed(item: re.Match[str], offset: int = 0) -> Sighting:
    account = next(filter(None, item.groups()), "")
    return offset + item.start(), account, NEVER if is_common(account) else _KEYED


def _in_sight(text: str) -> Iterator[Sighting]:
    """Weigh every word by its shape, and more if it is in code."""
    tokens = list(_BARE.finditer(text))
    words = 0
    for token in tokens:
        around = text[max(0, token.start() - 1) : token.start()] + text[token.end() : token.end() + 1]
        weight, in_code = weigh(token[0]), around == "``"
        if in_code:
            weight = max(weight, POSSIBLE if is_common(token[0]) else LIKELY - _CODE) + _CODE
        elif around[:1] in {"#", "/", "$", "%", "\\"} or _IS_KEY.match(text, token.end()):
            continue
        elif is_plain(token[0]) and weight >= POSSIBLE:
            words += 1
            if len(tokens) > SHORT or words > MOST_WORDS:
                continue
        yield token.start(), token[0], weight


def is_common(word: str) -> bool:
    """Check whether a word is an everyday one."""
    return word.lower() in _COMMON


def is_strange(word: str) -> bool:
    """Check whether a word is an address, a date, a time, a version or an amount."""
    return bool(_STRANGE.fullmatch(word))


def is_plain(word: str) -> bool:
    """Check whether a word has only lower-case letters, like prose."""
    return word.isascii() and word.isalpha() and word.islower()


def weigh(word: str) -> int:
    """Weigh a word by its letters, digits and signs."""
    if is_common(word) or is_strange(word) or _EPOCH.fullmatch(word):
        return NEVER
    digits, letters = any(map(str.isdigit, word)), any(map(str.isalpha, word))
    if not letters:
        return POSSIBLE + 1 if word.isdecimal() and len(word) >= _MIN_DIGITS else NEVER
    if "@" in word[1:]:
        return POSSIBLE + 1
    if _TICKET.fullmatch(word) or (_HEX.fullmatch(word) and digits):
        return POSSIBLE
    if "." in word:
        return POSSIBLE if word.count(".") == 1 else NEVER
    if digits:
        return POSSIBLE + 1 if "-" in word else LIKELY
    if "_" in word:
        return LIKELY if word.count("_") == 1 and not word.isupper() else POSSIBLE
    return POSSIBLE if is_plain(word) and len(word) >= _MIN_LETTERS else NEVER
