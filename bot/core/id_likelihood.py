"""How much a word of a message looks like an account id, by itself."""

import re

LIKELY = 2
"""From this weight on a word is likely an account id; below zero it is none."""
POSSIBLE = 0
"""The least weight of what may be an account id."""
NEVER = -9
"""The weight of what is no account id, unless it stands where one does."""

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
_DIGITS = 5
"""How many digits a number has at least that is possibly an id."""
_WORD = 3
"""How many letters a word has at least that is possibly an id."""

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


def is_common(word: str) -> bool:
    """Tell a word of everyday talk, which no one takes for an account id."""
    return word.lower() in _COMMON


def is_strange(word: str) -> bool:
    """Tell an address, a date, a time, a version or an amount, wherever it stands."""
    return bool(_STRANGE.fullmatch(word))


def is_plain(word: str) -> bool:
    """Tell a word as prose has them, in lower case and of letters alone."""
    return word.isascii() and word.isalpha() and word.islower()


def weigh(word: str) -> int:
    """Weigh a word by its letters, digits and signs."""
    if is_common(word) or is_strange(word) or _EPOCH.fullmatch(word):
        return NEVER
    digits, letters = any(map(str.isdigit, word)), any(map(str.isalpha, word))
    if not letters:
        return POSSIBLE + 1 if word.isdecimal() and len(word) >= _DIGITS else NEVER
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
    return POSSIBLE if is_plain(word) and len(word) >= _WORD else NEVER
