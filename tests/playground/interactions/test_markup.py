import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.interactions.markup import write
from bot.playground.people import BOT, PEOPLE, VIEWER


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("a & <b>", "a &amp; &lt;b&gt;"),
        ("<!channel> @here", "&lt;!channel&gt; @here"),
        ("@im-bot and @vera, @nobody", f"<@{BOT.id}> and <@{VIEWER.id}>, @nobody"),
        ("write to im-bot@example.com.", "write to <mailto:im-bot@example.com|im-bot@example.com>."),
        ("see https://example.com/u?a=1&id=alice.", "see <https://example.com/u?a=1&amp;id=alice>."),
        ('{"url":"https://example.com/bob","n":1}', '{"url":"<https://example.com/bob>","n":1}'),
        ("`https://example.com/bob`", "`<https://example.com/bob>`"),
        ("(http://example.com/bob)", "(<http://example.com/bob>)"),
        ("<https://example.com/bob>", "&lt;<https://example.com/bob>&gt;"),
    ],
)
def test_writes_down_what_is_typed_as_slack_does(typed: str, written: str) -> None:
    assert write(typed, PEOPLE).text == written


@given(st.text())
def test_adds_no_mention_that_was_not_typed(typed: str) -> None:
    written = write(typed, []).text

    assert "<!" not in written
    assert "<@" not in written


@given(st.text(min_size=1))
def test_writes_blocks_that_hold_the_typed_text(typed: str) -> None:
    ((section,),) = [block["elements"] for block in write(typed, []).blocks or []]

    said = [element.get("text") or element["url"] for element in section["elements"]]
    assert "".join(said) == typed
