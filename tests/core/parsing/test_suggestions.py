import pytest

from bot.core.model import App
from bot.core.parsing.command_line import Apps, parse
from bot.errors import UsageError

APPS = Apps({"demo": App("demo", "Singapore")}, "demo")


def suggestion(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(text, APPS)
    return caught.value.suggestion


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("profle alice", "profile alice"),
        ("profile alice --field nick", "profile alice --fields nick"),
        ("set alice levle=5", "set alice level=5"),
        ("history alice --field nikc", "history alice --fields nick"),
        ("/im profile alice", "profile alice"),
        ("/whatever Set alice nick=Al", "Set alice nick=Al"),
        ("alice", "profile alice"),
        ("/alice", "profile /alice"),
    ],
)
def test_suggests_the_text_that_was_meant(text: str, meant: str) -> None:
    assert suggestion(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "profile dmeo --app dmeo",
        "set levle levle=5",
        'set bob_k --reason "gendr typo" gendr=male',
    ],
)
def test_changes_no_word_that_may_be_an_id_or_a_reason(text: str) -> None:
    assert suggestion(text) == ""
