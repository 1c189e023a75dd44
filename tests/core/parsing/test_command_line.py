from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

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
    UndoChange,
    make_lookup,
)
from bot.core.fields import CUSTOM_FRIEND, Domain, Field, custom_field, defaults, named
from bot.core.ids import MAX_ACCOUNTS, MAX_ID_BYTES, fits
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.model import Actor, App, RecordQuery, Value
from bot.core.parsing.command_line import MAX_TEXT, Apps, parse, parse_beside_file
from bot.core.parsing.tokens import tokenize
from bot.core.parsing.typography import DOUBLE, normalize
from bot.errors import UsageError
from bot.slack.messages.text import unescape

VIP, TIER = custom_field("Vip", "VIP tier"), custom_field("Tier")
PROD, TEST = App("prod", "Singapore", (VIP, TIER)), App("test", "Jakarta")
ONE = Apps({"prod": PROD}, "prod")
TWO = Apps({"prod": PROD, "test": TEST}, None)
EVERY = defaults(Domain.PROFILE, PROD.custom)


def fields(*names: str, domain: Domain = Domain.PROFILE) -> tuple[Field, ...]:
    return named(names, domain, PROD.custom)


def profile(*accounts: str, only: tuple[str, ...] = (), csv: bool = False, share: bool = False) -> Command:
    chosen = fields(*only) if only else EVERY
    return LookupCommand(PROFILES, PROD, accounts, chosen, named=bool(only), csv=csv, share=share)


def friends(owner: str, *accounts: str, only: tuple[str, ...] = ()) -> LookupCommand:
    chosen = fields(*only, domain=Domain.FRIEND) if only else defaults(Domain.FRIEND, PROD.custom)
    return LookupCommand(FRIENDS, PROD, accounts, chosen, named=bool(only), owner=owner)


def attrs(*accounts: str, share: bool = False) -> Command:
    return LookupCommand(ATTRIBUTES, PROD, accounts, share=share)


def change(account: str, reason: str = "", **typed: Value) -> Command:
    return SetFields(PROD, account, {fields(word)[0]: value for word, value in typed.items()}, reason)


UNDERSTOOD: Mapping[str, Command] = {
    # separators
    "profile alice bob": profile("alice", "bob"),
    "profile alice,bob": profile("alice", "bob"),
    "profile alice, bob": profile("alice", "bob"),
    "profile alice ,bob,": profile("alice", "bob"),
    "profile ,, alice\n\tbob\r\ncarol": profile("alice", "bob", "carol"),
    "  profile   alice  ": profile("alice"),
    "profile, alice": profile("alice"),
    # quotes
    'profile "alice"': profile("alice"),
    "profile 'alice','bob'": profile("alice", "bob"),
    'profile "alice smith" bob': profile("alice smith", "bob"),
    'profile "a,b"': profile("a,b"),
    'profile ","': profile(","),
    "profile \"it's\" '6\"'": profile("it's", '6"'),
    "profile O'Brien 6\"": profile("O'Brien", '6"'),
    'profile "" alice "  "': profile("alice"),
    '"profile" "alice"': profile("alice"),
    'profile "--share"': profile("--share"),
    'profile a="b c"': profile("a=b c"),
    # ids are taken as they are
    "profile @alice#1 a/b:c =x -x": profile("@alice#1", "a/b:c", "=x", "-x"),
    "profile Alice alice ALICE": profile("Alice", "alice", "ALICE"),
    "profile 张三 😀 :smile:": profile("张三", "😀", ":smile:"),
    "profile profile": profile("profile"),
    "profile \ud800": profile("?"),
    f"profile {'x' * MAX_ID_BYTES} {'张' * 10}yz": profile("x" * MAX_ID_BYTES, "张" * 10 + "yz"),
    # duplicates
    "profile bob alice bob,'bob'": profile("bob", "alice"),
    # options in any place
    "profile --share alice": profile("alice", share=True),
    "profile --csv alice --share": profile("alice", csv=True, share=True),
    "profile alice --SHARE bob": profile("alice", "bob", share=True),
    "profile --app prod alice": profile("alice"),
    "profile alice --app PROD, bob": profile("alice", "bob"),
    "profile alice --app=prod bob": profile("alice", "bob"),
    'profile --app="prod" alice': profile("alice"),
    # fields
    "profile alice --fields nick": profile("alice", only=("nick",)),
    "profile --fields nick,level alice": profile("alice", only=("nick", "level")),
    "profile --fields nick, level alice": profile("alice", only=("nick", "level")),
    "profile --fields nick ,level alice": profile("alice", only=("nick", "level")),
    "profile --fields=nick,level alice": profile("alice", only=("nick", "level")),
    "profile --fields=nick, level alice": profile("alice", only=("nick", "level")),
    'profile --fields "nick, level" alice': profile("alice", only=("nick", "level")),
    'profile --fields="nick, level" alice': profile("alice", only=("nick", "level")),
    "profile --fields nick, --share alice": profile("alice", only=("nick",), share=True),
    "profile alice --Fields Level,NICK,nick": profile("alice", only=("nick", "level")),
    "profile alice --fields vip,Tag_Profile_IM_Nick": profile("alice", only=("nick", "Vip")),
    "profile alice --fields Tag_Profile_Custom_Vip": profile("alice", only=("Vip",)),
    "profile alice --fields Tag_Profile_Custom_New": profile("alice", only=("Tag_Profile_Custom_New",)),
    "profile alice --fields messages": profile("alice", only=("messages",)),
    # the other commands
    "friends alice bob": friends("alice", "bob"),
    "friends alice bob --both": replace(friends("alice", "bob"), both=True),
    "friends alice, bob carol bob": friends("alice", "bob", "carol"),
    "friends alice alice": friends("alice", "alice"),
    "friends --fields remark,nick alice bob": friends("alice", "bob", only=("remark", "nick")),
    "friends alice bob --fields Tag_SNS_Custom_X": friends("alice", "bob", only=("Tag_SNS_Custom_X",)),
    "attrs alice": attrs("alice"),
    "ATTRS alice bob --share": attrs("alice", "bob", share=True),
    # changes
    "set alice level=3": change("alice", level=3),
    "set alice LEVEL=3 Tag_Profile_IM_Nick=x vip=7": change("alice", level=3, nick="x", Vip="7"),
    "set alice Tag_Profile_Custom_New=x": change("alice", Tag_Profile_Custom_New="x"),
    "set alice nick=": change("alice", nick=""),
    'set alice nick="" level=': change("alice", nick="", level=0),
    'set alice nick="Bob K"': change("alice", nick="Bob K"),
    "set alice nick='Bob K' level=3": change("alice", nick="Bob K", level=3),
    "set alice nick=«Bob K» level=3": change("alice", nick="Bob K", level=3),
    'set alice "nick=Bob K"': change("alice", nick="Bob K"),
    "set alice nick=O'Brien": change("alice", nick="O'Brien"),
    'set alice nick="it\'s, = fine"': change("alice", nick="it's, = fine"),
    "set alice nick=a=b": change("alice", nick="a=b"),
    "set alice nick=a,b": change("alice", nick="a,b"),
    "set alice nick=a,,b": change("alice", nick="a,,b"),
    "set alice nick=a,b=c": change("alice", nick="a,b=c"),
    'set alice nick="a b",c': change("alice", nick="a b,c"),
    "set alice nick=a, level=3": change("alice", nick="a", level=3),
    "set alice nick=a ,level=3,": change("alice", nick="a", level=3),
    "set alice nick=a,level=3": change("alice", nick="a", level=3),
    "set alice, level=3": change("alice", level=3),
    "set a=b level=3": change("a=b", level=3),
    'set "nick=x" level=3': change("nick=x", level=3),
    'set "alice smith" level=3': change("alice smith", level=3),
    "set --reason why alice level=3": change("alice", "why", level=3),
    'set alice level=3 --reason "spam, ticket 4711"': change("alice", "spam, ticket 4711", level=3),
    "set alice --reason=a,b level=3 --app prod": change("alice", "a,b", level=3),
    "set alice nick=--share": change("alice", nick="--share"),
    # values stay as typed; any quotes delimit them
    "set alice nick=👩\u200d👩\u200d👧": change("alice", nick="👩\u200d👩\u200d👧"),
    "set alice nick=می\u200cخواهم": change("alice", nick="می\u200cخواهم"),
    "set alice nick=“山田\u3000太郎”": change("alice", nick="山田\u3000太郎"),
    "set alice nick=a`b`": change("alice", nick="a`b`"),
    "set alice nick=O’Brien": change("alice", nick="O’Brien"),
    "set alice nick=’tis level=3": change("alice", nick="’tis", level=3),
    'set alice signature="it’s “fine”"': change("alice", signature="it’s “fine”"),
    'set alice signature=“it\'s "fine"”': change("alice", signature='it\'s "fine"'),
    "set alice signature=‘it’s fine’ level=3": change("alice", signature="it’s fine", level=3),
    "set alice signature='it's fine'": change("alice", signature="it's fine"),
    "set alice nick=„Bob K“ level=3": change("alice", nick="Bob K", level=3),
    "set alice nick=”Bob K” level=3": change("alice", nick="Bob K", level=3),
    'set alice nick="Bob K” level=3': change("alice", nick="Bob K", level=3),
    "set `alice` `level=3`": change("alice", level=3),
    "set alice le\u200bvel=3\u200b": change("alice", level=3),
    "set alice level=3 —reason “it’s \u200d `x`”": change("alice", "it’s \u200d `x`", level=3),
    # labels
    "set alice friend_requests=allowed": change("alice", forbid="AdminForbid_Type_None"),
    'set alice "VIP tier"=x': change("alice", Vip="x"),
    "set alice “VIP tier”=“x y” level=3": change("alice", Vip="x y", level=3),
    "set alice 'vip-tier'=x,level=3": change("alice", Vip="x", level=3),
    "set alice AddFriendRule=anyone": change("alice", allow="AllowType_Type_AllowAny"),
    "profile alice --fields 'Friend requests, viptier'": profile("alice", only=("forbid", "Vip")),
    # ids lose their Slack markup
    "profile `alice` ```bob``` `carol``dave`": profile("alice", "bob", "carol", "dave"),
    "profile `a=` “alice b” ‘c d’ O’Brien": profile("a=", "alice b", "c d", "O'Brien"),
    "profile `\u200b“alice b”` al\u200bice\ufeff \u200ebob\u2069": profile("alice b", "alice", "bob"),
    "profile\u00a0alice\u202fbob\u2007carol\u3000dave": profile("alice", "bob", "carol", "dave"),
    "profile alice —fields nick –share": profile("alice", only=("nick",), share=True),
    "profile a—b — —5": profile("a—b", "—", "—5"),
    "set alice": EditProfile(PROD, "alice"),
    "set alice --app PROD": EditProfile(PROD, "alice"),
    "undo op_k3v9q2m7xw4d": UndoChange("op_k3v9q2m7xw4d"),
    "UNDO OP_K3V9Q2M7XW4D,": UndoChange("op_k3v9q2m7xw4d"),
    "history alice": ShowHistory(PROD, "alice"),
    "history --app prod 'alice smith' ": ShowHistory(PROD, "alice smith"),
    "history alice --fields nick,Tier --app prod": ShowHistory(PROD, "alice", fields=fields("nick", "Tier")),
    "history op_k3v9q2m7xw4d": SearchRecord(RecordQuery(change="op_k3v9q2m7xw4d")),
    "history": AskSearch(),
    "history #108": SearchRecord(RecordQuery(entry=108)),
    "history U07EDMK5T8W": SearchRecord(RecordQuery("U07EDMK5T8W", "prod", Actor("U07EDMK5T8W", ""))),
    "history terminal:ann": SearchRecord(RecordQuery("terminal:ann", "prod", Actor("terminal:ann", ""))),
    'history "#108"': ShowHistory(PROD, "#108"),
    "history --app prod U07EDMK5T8W": ShowHistory(PROD, "U07EDMK5T8W"),
    "history op_short": ShowHistory(PROD, "op_short"),
    "whoami": ShowRole(),
    "whoami please": ShowRole(),
    "help": ShowHelp(),
    "Help Profile": ShowHelp("profile"),
    "": ShowStart(),
    " \n ''": ShowStart(),
}


@pytest.mark.parametrize(("text", "command"), UNDERSTOOD.items())
def test_parses(text: str, command: Command) -> None:
    assert parse(text, ONE) == command


REFUSED = (
    # text, words, advice, the command whose usage line is shown
    ("profle alice", "Unknown command `profle`", "Did you mean `profile`?", "profile"),
    ("ATTR alice", "Unknown command `ATTR`", "Did you mean `attrs`?", "attrs"),
    ("alice bob", "Unknown command `alice`", "An id goes after a command", "help"),
    (",", "Unknown command `,`", "Commands: ", "help"),
    ("!?", "Unknown command `!?`", "Commands: ", "help"),
    ("--share", "Unknown command `--share`", "Commands: ", "help"),
    ("help profil", "Unknown command `profil`", "Did you mean `profile`?", "profile"),
    ("profile", "Which account?", "", "profile"),
    ("profile , ,", "Which account?", "", "profile"),
    ("attrs --share", "Which account?", "", "attrs"),
    ("friends", "friends needs two ids or more", "", "friends"),
    ("friends alice", "friends needs two ids or more", "", "friends"),
    ("profile alice --field nick", "no option “--field”", "Did you mean --fields? ", "profile"),
    ("profile alice --sahre", "no option “--sahre”", "Did you mean --share? ", "profile"),
    ("profile alice --", "no option “--”", "Options: --fields, --app, --csv, --share", "profile"),
    ("attrs alice --fields nick", "no option “--fields”", "Options: --app, --csv, --share", "attrs"),
    ("whoami --app prod", "no option “--app”", "It takes no options", "whoami"),
    ("help --share", "no option “--share”", "It takes no options", "help"),
    ("profile alice --app", "--app needs a value", "", "profile"),
    ("profile alice --app --share", "--app needs a value", "", "profile"),
    ("profile alice --app=", "--app needs a value", "", "profile"),
    ("profile alice --fields ,", "--fields needs a value", "", "profile"),
    ("profile alice --fields ', '", "--fields needs a value", "", "profile"),
    ("profile alice --fields= nick", "--fields needs a value", "", "profile"),
    ("profile alice --share=yes", "--share takes no value", "", "profile"),
    ("profile a --fields lvel", "no field “lvel”", "Did you mean level?", "profile"),
    ("profile a --fields VIPP", "no field “VIPP”", "Did you mean Vip (VIP tier)?", "profile"),
    ("profile a --fields xyz", "no field “xyz”", "Fields: nick", "profile"),
    ("profile a --fields remark", "no field “remark”", "Fields: nick", "profile"),
    ("profile a --fields nick, bob", "no field “bob”", "Fields: nick", "profile"),
    ("profile a --fields tag_profile_im_nick", "no field", "Fields: nick", "profile"),
    (f"profile a --fields {CUSTOM_FRIEND}X", "no field", "Fields: nick", "profile"),
    ("profile a --fields Tag_Profile_Custom_TooLongWord", "no field", "Fields: nick", "profile"),
    ("friends a b --fields remrk", "no field “remrk”", "Did you mean remark?", "friends"),
    ("set", "Which account? It goes before the fields", "", "set"),
    ("set , --app prod", "Which account?", "", "set"),
    ("set nick=Bob", "Which account?", "", "set"),
    ("set Vip=7 alice", "Which account?", "", "set"),
    ("set alice bob", "“bob” is not field=value", "A change is for one account", "set"),
    ("set alice,bob level=3", "“bob” is not field=value", "A change is for one account", "set"),
    ("set alice nick=Bob K", "“K” is not field=value", 'space: nick="Bob K"', "set"),
    ("set alice nick= Bob", "“Bob” is not field=value", "No spaces around the equals sign: nick=Bob", "set"),
    ("set alice nick Bob K", "“nick Bob K” is not field=value", ': nick="Bob K"', "set"),
    ("set alice nick = x", "“nick = x” is not field=value", "equals sign: nick=x", "set"),
    ("set alice nick =x y", "“nick =x y” is not field=value", 'equals sign: nick="x y"', "set"),
    ("set alice level:3", "“level:3” is not field=value", "Did you mean level=3?", "set"),
    ('set alice vip-tier:"a b"', "not field=value", "Did you mean vip-tier=", "set"),
    ("set alice level=3 -reason x", "“-reason x” is not field=value", "Did you mean --reason x?", "set"),
    ('set alice level=3 reason="x y"', "“reason” is not a field", 'Did you mean --reason "x y"?', "set"),
    ("set alice level=3 App=test", "“App” is not a field", "Did you mean --app test?", "set"),
    ("set alice nick=Bob K level=3", "“K” is not field=value", 'space: nick="Bob K"', "set"),
    ("set alice nick=a NICK=b", "nick is set twice", "", "set"),
    ("set alice nick=a Tag_Profile_IM_Nick=b", "nick is set twice", "", "set"),
    ("set alice nik=a", "no field “nik”", "Did you mean nick (Nickname)?", "set"),
    ("set alice =a", "“=a” is not field=value", "Quote", "set"),
    ("set alice frend-request=a", "no field “frend", "Did you mean forbid (Friend requests)?", "set"),
    ("set alice remark=x", "no field “remark”", "Fields: nick", "set"),
    ('set alice nick="Bob', 'the quote at “nick="Bob”', "Close it", "set"),
    ("set alice gender=y", "gender has no such value", 'Choose one of: "not set", Female', "set"),
    ("set alice level=3 --reason", "--reason needs a value", "", "set"),
    ("set alice --reason why", "--reason needs field=value", "", "set"),
    (f"set alice level=3 --reason {'x' * 501}", "--reason has 501 bytes; the limit is 500", "", "set"),
    (f"set {'x' * 33} level=3", "at most 32 bytes", "", "set"),
    ("set alice level=3 --share", "no option “--share”", "Options: --app, --reason", "set"),
    ("undo", "undo takes the id of one change", "history", "undo"),
    ("undo a b", "undo takes the id of one change", "history", "undo"),
    ("undo a --app prod", "no option “--app”", "It takes no options", "undo"),
    ("history alice bob", "history takes one account id", "Quote", "history"),
    (f"history {'x' * 33}", "at most 32 bytes", "", "history"),
    ("hisotry alice", "Unknown command `hisotry`", "Did you mean `history`?", "history"),
    ("profile alice --app prdo", "no app “prdo”", "Did you mean prod? Apps: prod", "profile"),
    ("profile alice --app=x", "no app “x”", "Apps: prod", "profile"),
    ('profile "alice', 'the quote at “"alice” is not closed', "Close it", "profile"),
    ("profile 'alice\" bob", "the quote at “'alice\"”", "Close it", "profile"),
    ('profile "alice"bob', 'the quote at “"alice"bob”', "Close it", "profile"),
    ('profile alice --app="prod', 'the quote at “--app="prod”', "Close it", "profile"),
    ("profile 'tis", "the quote at “'tis”", "use double quotes around an apostrophe", "profile"),
    (f"profile {'x' * 33}", f"at most 32 bytes; these are longer: “{'x' * 33}”", "spaces", "profile"),
    (f"profile {'张' * 11}", f"at most 32 bytes; these are longer: “{'张' * 11}”", "spaces", "profile"),
    (f"profile {'x' * 99}", f"these are longer: “{'x' * 39}…”", "spaces", "profile"),
    (f"friends {'x' * 33} bob", "at most 32 bytes", "spaces", "friends"),
    (f"friends alice {'x' * 33}", "at most 32 bytes", "spaces", "friends"),
    (f"friends {'x' * 33} bob carol", "at most 32 bytes", "spaces", "friends"),
    (f"attrs {'x' * 33} {'y' * 33}", f"these are longer: “{'x' * 33}”, “{'y' * 33}”", "spaces", "attrs"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "words", "advice", "usage"), REFUSED)
def test_refuses_and_says_what_was_meant(text: str, words: str, advice: str, usage: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, ONE)

    assert words in str(caught.value)
    assert advice in caught.value.advice
    assert caught.value.usage in _shown(usage)


def _shown(word: str) -> tuple[str, str]:
    """List the usage line of a command, and the example shown where only the account is missing."""
    return (SPECS[word].line, SPECS[word].examples[0])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("profil alice", "profile alice"),
        ("PROFIL alice --csv", "profile alice --csv"),
        ("alice", "profile alice"),
        ("alice bob_k --share", "profile alice bob_k --share"),
        ("(bob_k)", "profile bob_k"),
        ("a;b", "profile a b"),
        ("profile alice --feilds nick", "profile alice --fields nick"),
        ("profile alice —feilds=nick", "profile alice --fields=nick"),
        ("profil alice --feilds nik", "profile alice --fields nick"),
        ("profile alice --verbose", "profile alice"),
        ("profile alice --limit 5", ""),
        ("profile alice --app prdo", "profile alice --app prod"),
        ("set alice nik=Bob levle=3", "set alice nick=Bob level=3"),
        ("set alice nik=Bob level=x", ""),
        ("help profil", "help profile"),
        ("profil", ""),
        ("!?", ""),
        ("--share", ""),
    ],
)
def test_knows_the_text_that_was_meant(text: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, ONE)

    assert caught.value.suggestion == meant


@pytest.mark.parametrize("text", ["profile alice --help", "profile -h", "profile alice -H --csv"])
def test_helps_with_a_command_that_is_followed_by_a_call_for_help(text: str) -> None:
    assert parse(text, ONE) == ShowHelp("profile")
    assert parse("set alice nick=-h", ONE) != ShowHelp("set")


def test_names_every_mistake_at_once_each_with_its_advice() -> None:
    with pytest.raises(UsageError) as caught:
        parse(f"set alice nik=a level=x gender=femail level=4 Bob --reason {'x' * 501}", ONE)

    assert [(str(part), part.advice) for part in caught.value.parts] == [
        (
            "--reason has 501 bytes; the limit is 500",
            "A letter from a to z is 1 byte, most others are 2 to 4",
        ),
        ("there is no field “nik” here", "Did you mean nick (Nickname)?"),
        ("level takes a whole number from 0 to 4294967295", ""),
        ("gender has no such value", 'Did you mean gender=Female? Choose one of: "not set", Female, Male'),
        ("level is set twice", "Set it once"),
        ("“Bob” is not field=value", 'Quote a value that contains a space: level="4 Bob"'),
    ]
    assert (caught.value.command, caught.value.app, caught.value.accounts) == ("set", "prod", ("alice",))


def test_quotes_no_more_of_a_long_word_than_fits_into_a_sentence() -> None:
    word = "x" * 4900

    for text in (word, f"help {word}", f"profile a --{word}", f"profile a --app {word}", f"profile '{word}"):
        with pytest.raises(UsageError) as caught:
            parse(text, ONE)
        assert len(str(caught.value)) < 120


def test_names_some_of_many_ids_that_are_too_long() -> None:
    ids = [f"{number}{'x' * 32}" for number in range(8)]

    with pytest.raises(UsageError, match=r"“4x*” and 3 more$"):
        parse(f"profile {' '.join(ids)}", ONE)


def test_takes_as_many_characters_as_it_says_and_no_more() -> None:
    longest = "profile alice bob".ljust(MAX_TEXT)

    assert parse(longest, ONE) == profile("alice", "bob")
    with pytest.raises(
        UsageError, match=r"that is 5,001 characters; one command takes at most 5,000"
    ) as caught:
        parse(f"{longest} ", ONE)
    assert caught.value.advice == "Split the ids across several commands, or send the bot a file of ids"


@pytest.mark.parametrize(("word", "start"), [("profile", ""), ("attrs", ""), ("friends", "owner")])
def test_takes_as_many_ids_as_it_says_and_no_more(word: str, start: str) -> None:
    ids = [str(number) for number in range(MAX_ACCOUNTS)]

    command = parse(f"{word} {start} {' '.join(ids)} 0", ONE)

    assert isinstance(command, LookupCommand)
    assert command.accounts == tuple(ids)
    with pytest.raises(UsageError, match=r"that is 1,001 ids; one command takes at most 1,000") as caught:
        parse(f"{word} {start} {' '.join(ids)} more", ONE)
    assert caught.value.usage == SPECS[word].line


def test_finds_the_app_by_name_in_any_case() -> None:
    assert parse("attrs --app Test alice", TWO) == LookupCommand(ATTRIBUTES, TEST, ("alice",))
    assert parse("attrs alice", Apps(TWO.by_name, "test")) == LookupCommand(ATTRIBUTES, TEST, ("alice",))


def test_asks_which_app_when_there_are_several_and_no_default() -> None:
    with pytest.raises(UsageError, match="more than one app") as caught:
        parse("attrs alice", TWO)

    assert caught.value.advice == "Choose one with --app: prod, test"
    assert caught.value.usage == SPECS["attrs"].line


def test_knows_the_custom_fields_of_the_app_asked_alone() -> None:
    with pytest.raises(UsageError, match="no field “vip” here"):
        parse("profile alice --app test --fields vip", TWO)


PIECES = (
    *SPECS,
    "--fields",
    "--app",
    "--share",
    "--fields=",
    "nick",
    "level",
    "prod",
    "alice",
    "😀",
    "\ud800",
    "=",
    "nick=x",
    "level=",
    "--reason",
    "«",
    "»",
)
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="\"'=, \n-abxé<>@|&;`\u201c\u2014"),
    st.lists(st.sampled_from((*PIECES, ",", '"', "'", '"a b"', "<@U1|x>", "&lt;", "“x”"))).map(" ".join),
)


def read(text: str, apps: Apps) -> Command | UsageError:
    try:
        return parse(text, apps)
    except UsageError as error:
        return error


LONG = "x" * 33


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (f"profile alice {LONG} bob", profile("alice", LONG, "bob")),
        (f"profile {LONG} alice {'y' * 99}", profile(LONG, "alice", "y" * 99)),
        (f"friends alice {LONG} bob", friends("alice", LONG, "bob")),
        (f"attrs {LONG} alice", attrs(LONG, "alice")),
    ],
)
def test_takes_the_others_where_one_id_is_too_long(text: str, command: Command) -> None:
    assert parse(text, ONE) == command


@given(TEXTS)
@settings(deadline=None)
@example("\udfff")
@example('--="')
@example('profile x="\n"')
def test_makes_a_command_or_a_usage_error_of_any_text(text: str) -> None:
    made = read(unescape(text), TWO)

    if isinstance(made, UsageError):
        assert str(made)
        assert made.usage or made.advice
    if isinstance(made, LookupCommand):
        assert len(made.accounts) == len(set(made.accounts)) > 0
        assert all(made.accounts)
        assert any(map(fits, made.accounts))
        assert made.kind.has_owner == bool(made.owner)
        assert fits(made.owner)


@given(st.sampled_from([word for word in SPECS if word != "help"]), TEXTS)
@settings(deadline=None)
def test_shows_the_usage_line_whenever_the_command_is_known(word: str, text: str) -> None:
    made = read(f"{word} {text}"[:MAX_TEXT], TWO)

    assert not isinstance(made, UsageError) or made.usage in _shown(word)


IDS = st.text(st.characters(codec="utf-8", exclude_characters=DOUBLE), min_size=1, max_size=8).filter(
    str.strip
)


@given(st.lists(IDS, min_size=1, unique=True))
@settings(deadline=None)
def test_takes_any_id_in_quotes(ids: list[str]) -> None:
    typed = " ".join(f'"{account}"' for account in ids)

    meant = [account for each in ids if (account := normalize(each)).strip()]
    assume(meant)
    assert parse(f"profile {typed}", ONE) == profile(*dict.fromkeys(meant))


VALUES = st.text(st.characters(codec="utf-8", exclude_characters='"\x00'), max_size=40)


@given(VALUES)
@settings(deadline=None)
def test_takes_any_value_in_quotes_as_it_is(value: str) -> None:
    assert parse(f'set alice nick="{value}" level=3', ONE) == change("alice", nick=value, level=3)


HOSTILE = (
    "«",
    "«»",
    "nick=a,",
    '"',
    "'",
    "\"'",
    ",",
    '",',
    '", ',
    "x='",
    'x="',
    '="',
    "--",
    "--fields,",
    '"a"',
    '"a"b ',
    "a=",
    "=a ",
    "`",
    "` ",
    "\u200b",
    "’a ",
    "’a b’c ",
    "‘",
    "“",
    "”",
    "a’",
    '"x"=',
    '"x"=y ',
    "'a'b",
    "«a=",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_reads_hostile_text_of_any_length_in_one_pass(piece: str) -> None:
    text = piece * (100_000 // len(piece))

    # A tokenizer that scanned the text again for each word would take far too long.
    with suppress(UsageError):
        assert len(list(tokenize(text))) <= len(text)
    with pytest.raises(UsageError, match="one command takes at most"):
        parse(unescape(text), ONE)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", make_lookup(PROFILES, PROD, ())),
        ("profile", make_lookup(PROFILES, PROD, ())),
        ("profile alice bob", make_lookup(PROFILES, PROD, ("alice", "bob"))),
        ("profile --fields nick", make_lookup(PROFILES, PROD, (), fields("nick"))),
        ("friends alice", make_lookup(FRIENDS, PROD, (), owner="alice")),
        ("friends alice bob", make_lookup(FRIENDS, PROD, ("bob",), owner="alice")),
        ("friends", make_lookup(FRIENDS, PROD, ())),
        ("attrs", make_lookup(ATTRIBUTES, PROD, ())),
        ("help", make_lookup(PROFILES, PROD, ())),
        ("set bob nick=x", make_lookup(PROFILES, PROD, ())),
    ],
)
def test_reads_a_lookup_whose_ids_are_in_a_file(text: str, command: LookupCommand) -> None:
    assert parse_beside_file(text, ONE) == (command, True)


def test_knows_whether_the_app_of_a_file_is_known() -> None:
    assert parse_beside_file("attrs", TWO) == (make_lookup(ATTRIBUTES, PROD, ()), False)
    assert parse_beside_file("attrs --app test", TWO) == (make_lookup(ATTRIBUTES, TEST, ()), True)


@pytest.mark.parametrize("text", ["profile --app nowhere", "profile --fields nonsense", 'friends "alice'])
def test_refuses_mistakes_beside_a_file(text: str) -> None:
    with pytest.raises(UsageError):
        parse_beside_file(text, ONE)
