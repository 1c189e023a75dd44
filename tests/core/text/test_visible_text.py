import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.visible_text import make_visible

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Alice Zhang", "Alice Zhang"),
        ("*b* _i_ `c` ~s~", "*b* _i_ `c` ~s~"),
        ("<!channel> &lt;!here&gt; @channel", "<!channel> &lt;!here&gt; @channel"),
        ("two\nlines\r\nor three", "two↵lines↵or three"),
        ("tab\tbell\x07", "tab␉bell␇"),
        ("gpj\u202eexe", "gpj⟨202E⟩exe"),
        ("bob\u200b", "bob⟨200B⟩"),
        ("b\u200dob", "b⟨200D⟩ob"),
        ("bob ", "bob␣"),
        ("   ", "␣␣␣"),
        ("\u3164", "⟨3164⟩"),
        ("a\ud800b", "a\ufffdb"),
        ("\N{FAMILY}\ufe0f\u200d\N{FIRE}", "\N{FAMILY}\ufe0f\u200d\N{FIRE}"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("a\ufe0f", "a⟨FE0F⟩"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u200d\u200d", "⟨200D⟩⟨200D⟩"),
        ("", ""),
    ],
)
def test_shows_what_is_there(text: str, shown: str) -> None:
    assert make_visible(text) == shown


@given(ANY_TEXT)
def test_leaves_nothing_that_cannot_be_sent_or_breaks_the_line(text: str) -> None:
    shown = make_visible(text)

    shown.encode()
    assert not any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in shown)
    assert make_visible(shown) == shown
    assert bool(shown.strip()) == bool(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FF), min_size=1))
def test_leaves_ordinary_text_as_it_is(text: str) -> None:
    assert make_visible(text) == text
