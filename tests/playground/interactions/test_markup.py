import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.interactions.markup import to_mrkdwn
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
    ],
)
def test_writes_down_what_is_typed_as_slack_does(typed: str, written: str) -> None:
    assert to_mrkdwn(typed, PEOPLE) == written


@given(st.text())
def test_adds_no_mention_that_was_not_typed(typed: str) -> None:
    written = to_mrkdwn(typed, [])

    assert "<!" not in written
    assert "<@" not in written
