"""Samples of files of ids and of their lookups."""

from datetime import timedelta

from bot.bulk.id_column import Column, ColumnGuess
from bot.core.commands import make_lookup
from bot.core.fields import NICK
from bot.core.file_lookups import FileLookup, FileLookupState
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.model import Actor, LookupStatus
from tests.support.sample_results import NOON, PROD

VERA = Actor("U01VERA", "T1")
IDS = ("alice", "bob_k", "carol")
NAMED = (Column("name", ("Ann Lee", "Bob K")), Column("user_id", IDS))
NUMBERED = (Column("1", ("name", "Ann Lee", "Bob K")), Column("2", ("user_id", "alice", "bob_k")))
GUESS = ColumnGuess(NAMED[1], NAMED, NUMBERED, 12_400, 12_345)
ONE_A_LINE = ColumnGuess(Column("1", IDS), (), (Column("1", IDS),), 3, 3)
HOSTILE_NAME = "<!channel> *b* `x` @here\u202e\n&lt;!here&gt;.csv"
HOSTILE_GUESS = ColumnGuess(
    Column(HOSTILE_NAME, (HOSTILE_NAME, HOSTILE_NAME)),
    (Column(HOSTILE_NAME, (HOSTILE_NAME, HOSTILE_NAME)),),
    (Column("1", (HOSTILE_NAME,)),),
    2,
    1,
)
PROFILE_LOOKUP = make_lookup(PROFILES, PROD, ())
FRIEND_LOOKUP = make_lookup(FRIENDS, PROD, (), owner="alice")
NO_OWNER = make_lookup(FRIENDS, PROD, ())
ATTRIBUTE_LOOKUP = make_lookup(ATTRIBUTES, PROD, ())
NICK_LOOKUP = make_lookup(PROFILES, PROD, (), (NICK,))
HALF = {LookupStatus.FOUND: 4900, LookupStatus.NOT_IMPORTED: 80, LookupStatus.FAILED: 20}
ALL = {LookupStatus.FOUND: 12_000, LookupStatus.NOT_IMPORTED: 325, LookupStatus.FAILED: 20}
LOOKUP = FileLookup(
    "an-opaque-id", VERA, PROFILE_LOOKUP, "players.csv", "0" * 64, 12_345, FileLookupState.WAITING
)
TOMORROW = NOON + timedelta(days=1)
