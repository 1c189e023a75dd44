import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.slack.messages.text import cut, cut_alike, end_mark, escape, escape_mentions, unescape

IDS = st.text(string.ascii_letters + string.digits + "_-.@+/:#$%!?=~^|", min_size=1, max_size=32)
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("profile alice bob", "profile alice bob"),
        ("set a nick=“O’Brien” x=`\u200d\u3000`", "set a nick=“O’Brien” x=`\u200d\u3000`"),
        ("profile <mailto:a@b.c|a@b.c>", "profile a@b.c"),
        ("profile <mailto:a@b.c>", "profile a@b.c"),
        ("profile <http://x.example|x.example>", "profile x.example"),
        ("profile <https://x.example>", "profile https://x.example"),
        ("profile <tel:+4930123|+49 30 123>", "profile +49 30 123"),
        ("profile <@U012ABCDEF> <@U012ABCDEG|ann>", "profile U012ABCDEF U012ABCDEG"),
        ("profile <#C012ABCDEF|general> <#C012ABCDEG|>", "profile C012ABCDEF C012ABCDEG"),
        ("profile a&amp;b &lt;c&gt;", "profile a&b <c>"),
        ("profile &amp;lt;", "profile &lt;"),
        ("profile &lt;@U012ABCDEF&gt;", "profile <@U012ABCDEF>"),
        ("profile <http://x.example?a=1&amp;b=2|x&amp;y>", "profile x&y"),
        ("profile <alice> <|> <!here>", "profile <alice> <|> <!here>"),
        ("", ""),
    ],
)
def test_reads_what_was_meant(typed: str, meant: str) -> None:
    assert unescape(typed) == meant


@given(st.lists(IDS))
def test_leaves_ordinary_ids_alone(ids: list[str]) -> None:
    text = " ".join(ids)

    assert unescape(text) == text


@given(st.text(st.characters(exclude_categories=[])))
def test_reads_anything(text: str) -> None:
    read = unescape(text)

    assert len(read) <= len(text) * 2


@given(st.text(st.characters(exclude_categories=[], exclude_characters="&<")))
def test_changes_nothing_twice_where_nothing_is_escaped(text: str) -> None:
    assert unescape(unescape(text)) == unescape(text)


@given(st.text())
def test_escapes_what_begins_and_ends_markup(text: str) -> None:
    escaped = escape(text)

    assert not set("<>") & set(escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@pytest.mark.parametrize("text", ["@here", "@channel", "@Everyone", "<!channel>", "a@here.example"])
def test_leaves_no_live_mention(text: str) -> None:
    safe = escape_mentions(text).lower()

    assert "<" not in safe
    assert not any(f"@{group}" in safe for group in ("here", "channel", "everyone"))


def test_leaves_other_addresses_alone() -> None:
    assert escape_mentions("ann@example.org") == "ann@example.org"


@given(ANY_TEXT, st.integers(1, 30))
def test_cuts_to_the_limit_with_a_sign(text: str, limit: int) -> None:
    short = cut(text, limit)

    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 4, "abc…"),
        ("abe\u0301f", 4, "ab…"),
        ("ab\N{WOMAN}\u200d\N{ROCKET}c", 5, "ab…"),
        ("a\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}bc", 3, "a…"),
        ("a\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea", 4, "a\U0001f1eb\U0001f1f7…"),
        ("e" + "\u0301" * 50, 20, "e" + "\u0301" * 18 + "…"),
    ],
)
def test_cuts_between_graphemes(text: str, limit: int, short: str) -> None:
    assert cut(text, limit) == short


@given(st.text("ab"), st.text("ab"), st.text("ab"), st.integers(3, 30))
def test_shows_where_texts_differ_that_start_alike(alike: str, rest: str, other: str, limit: int) -> None:
    assume(rest != other)

    shown = cut_alike(alike + rest, alike + other, limit)

    assert shown[0] != shown[1]
    assert max(map(len, shown)) <= limit


@pytest.mark.parametrize(
    ("text", "mark"), [("", ""), ("Bob", ""), ("Zoë 7", ""), ("שלום", "\u200e"), ("Bob سلام", "\u200e")]
)
def test_marks_the_end_of_right_to_left_text_alone(text: str, mark: str) -> None:
    assert end_mark(text) == mark
