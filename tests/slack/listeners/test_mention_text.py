from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import LookupCommand
from bot.core.model import App
from bot.core.parsing.command_line import Apps, parse
from bot.core.parsing.usage_errors import pasted
from bot.errors import UsageError
from bot.slack.listeners.mention_text import find_unread, read_message, read_word

BOT_ID = "U07IMBOTX3M"
APPS = Apps({"prod": App("prod", "Singapore")}, "prod")


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("alice", "profile alice"),
        ("<@U07IMBOTX3M> alice bob_k", "profile alice bob_k"),
        ("alice, bob_k <@U07IMBOTX3M|im-bot>", "profile alice, bob_k"),
        ("<@U07VERA2K1Q>", "profile U07VERA2K1Q"),
        ("“Bob K”", "profile “Bob K”"),
        ("`user_001`", "profile `user_001`"),
        ("`profile user_001`", "profile user_001`"),
        ("profile\u00a0alice", "profile alice"),
        ("<mailto:a@b.example|a@b.example>", "profile a@b.example"),
        ("can you look up user_001?", "profile user_001"),
        ("can you check user_001 and bob_k --fields nick", "profile user_001 bob_k --fields nick"),
        ("<@U07IMBOTX3M>: profile alice", "profile alice"),
        ("<@U07IMBOTX3M>, alice", "profile alice"),
        ("<@U07IMBOTX3M> - alice", "profile alice"),
        ("user_001!", "profile user_001"),
        ("user_001? bob_k.", "profile user_001 bob_k"),
        ("- alice_1\n- bob_k", "profile alice_1\nbob_k"),
        ("\u2022 alice\n\u2022 carol", "profile alice\ncarol"),
        ("profile\n- alice\n- bob_k", "profile alice\nbob_k"),
        ("alice and bob_k", "profile alice bob_k"),
        ("“Tom and Jerry”", "profile “Tom and Jerry”"),
        ("who is <@U07VERA2K1Q>?", "profile U07VERA2K1Q"),
        ("alice --fields nick", "profile alice --fields nick"),
        ("用户一", "profile 用户一"),
        ("friends alice bob_k", "friends alice bob_k"),
        ("Attrs alice", "attrs alice"),
        ("profile: alice", "profile alice"),
        ("<@U07IMBOTX3M> history alice", "history alice"),
        ("set alice nick=x", "set alice nick=x"),
        ("help!", "help"),
        ("help profile", "help profile"),
        ("whoami?", "whoami"),
    ],
)
def test_finds_the_command_or_the_ids(text: str, typed: str) -> None:
    assert read_message(text, BOT_ID) == typed


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("profiles of alice, bob_k", ("profiles", "alice")),
        ("can you look up user_001?", ("look",)),
        ("please check alice", ("check", "alice")),
        ("show me test and (carol).", ("test", "carol")),
        ("who is “Bob K”? or <@U07VERA2K1Q>", ("Bob", "K")),
        ("tell me who <https://console.example/u/alice?tab=1> is", ()),
        ("profile of alice", ()),
        ("alice bob_k", ()),
        ("alice --fields nick", ()),
        ("hi there, thanks! :tada:", ()),
        ("<@U07IMBOTX3M>", ()),
    ],
)
def test_finds_the_words_that_are_not_read_as_ids(text: str, left_out: tuple[str, ...]) -> None:
    assert find_unread(text, BOT_ID) == left_out


@given(st.text() | st.text("<@U07|> hi-_'\"`:,?!=."))
def test_makes_a_command_of_any_words_it_left_out(text: str) -> None:
    if left_out := find_unread(text, BOT_ID):
        with suppress(UsageError):
            assert isinstance(parse(f"profile {' '.join(map(pasted, left_out))}", APPS), LookupCommand)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("profile alice", "profile"),
        ("<@U07IMBOTX3M> Set: bob_k nick=x", "set"),
        ("- help", "help"),
        ("alice, help", "profile"),
        ("hi alice", "profile"),
        (f"hi {'hi ' * 100}", "profile"),
        ("hi there, thanks!", ""),
        ("<@U07IMBOTX3M>", ""),
        ("", ""),
    ],
)
def test_knows_by_the_first_word_what_is_asked(text: str, word: str) -> None:
    assert read_word(text, BOT_ID) == word


@given(st.text() | st.lists(st.sampled_from(["hi", "help", "set", "alice", "!", "-", "and"])).map(" ".join))
def test_the_whole_message_begins_with_the_word_read_first(text: str) -> None:
    word, typed = read_word(text, BOT_ID), read_message(text, BOT_ID)

    assert typed.partition(" ")[0] == word or not typed


def test_refuses_what_is_longer_than_a_command() -> None:
    with pytest.raises(UsageError, match="that is 40,010 characters; one command takes at most 5,000"):
        read_message(f"alice{' ' * 40_000}bob_k", BOT_ID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<@U07IMBOTX3M>",
        "hi",
        "Hi!",
        "hello there",
        "Thanks <@U07IMBOTX3M> :tada:",
        "thanks alice",
        ":wave:",
        "???",
        "what can you do?",
        "really!",
        "done",
        "Done.",
        "-",
        "can you check alice?",
        "good morning everybody.",
    ],
)
def test_reads_no_command_from_small_talk(text: str) -> None:
    assert read_message(text, BOT_ID) == ""


def test_keeps_a_mention_of_another_user_when_its_own_id_is_not_known() -> None:
    assert read_message("<@U07VERA2K1Q>", "") == "profile U07VERA2K1Q"


@given(st.text() | st.text("<@U07|> hi-_'\"`:,?!"))
def test_makes_something_that_can_be_parsed_of_anything(text: str) -> None:
    with suppress(UsageError):
        parse(read_message(text, BOT_ID), APPS)
