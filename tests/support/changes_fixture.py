"""Changes of one account by people of every kind, on fakes."""

from dataclasses import dataclass, field, replace

from bot.core.changes.service import Changes
from bot.core.commands import SetFields
from bot.core.fields import PROFILE_FIELDS
from bot.core.model import Actor, App, Change, Grantees, Membership, Outcome, Values
from bot.core.parsing.command_line import Apps, parse
from bot.core.policy import Rules
from bot.core.results import Preview, Settled
from bot.errors import IMError
from tests.support.fakes import FakeIM, FakePeople, FakeRecord

EDDA, ERIK, VERA, GUS, STAN, ROB, DEE = (
    Actor(user_id, "T01HOME")
    for user_id in ("U02EDDA", "U02ERIK", "U01VERA", "U03GUS", "U04STAN", "U05ROB", "U06DEE")
)
GROUP = "S01EDITORS"
RULES = Rules(
    Grantees(everyone=True),
    Grantees(
        people=frozenset(actor.user_id for actor in (EDDA, GUS, STAN, ROB, DEE)), groups=frozenset({GROUP})
    ),
)
SLACK = FakePeople(
    standings={
        GUS.user_id: Membership.GUEST,
        STAN.user_id: Membership.STRANGER,
        ROB.user_id: Membership.BOT,
        DEE.user_id: Membership.DEACTIVATED,
    },
    groups={GROUP: frozenset({ERIK.user_id})},
)
PROD = App("prod", "Singapore")
APPS = Apps({"prod": PROD}, "prod")
BY_WORD = {known.word: known for known in PROFILE_FIELDS}
NICK, LEVEL, GENDER, ALLOW = (BY_WORD[word].tag for word in ("nick", "level", "gender", "allow"))
ALICE: Values = {NICK: "Alice", LEVEL: 7}
WRITE = ("portrait_set", ("alice",))


def asked(text: str, account: str = "alice") -> SetFields:
    """Parse the fields of a `set` command."""
    command = parse(f"set {account} {text}", APPS)
    assert isinstance(command, SetFields)
    return command


def make_im() -> FakeIM:
    """Make an app with Alice in it."""
    return FakeIM({"alice": ALICE}, {"alice": True, "nobody": False})


@dataclass
class ChangesFixture:
    """Changes with fakes of IM, Slack and the record."""

    im: FakeIM = field(default_factory=make_im)
    people: FakePeople = field(default_factory=lambda: replace(SLACK, cache_bypassed=[]))
    record: FakeRecord = field(default_factory=FakeRecord)
    audited: bool = True

    @property
    def changes(self) -> Changes:
        """The Changes of a process that has just started."""
        return Changes(
            APPS,
            {"prod": self.im},
            RULES,
            self.people,
            self.record,
            audited=self.audited,
            waits=(0.0, 0.0, 0.0),
        )

    @property
    def writes(self) -> int:
        """Number of writes that reached the vendor."""
        return self.im.calls.count(WRITE)

    @property
    def steps(self) -> list[Outcome]:
        """The recorded outcomes, in order."""
        return [entry.event.outcome for entry in self.record.entries]

    @property
    def profile(self) -> Values:
        """Alice's profile at the vendor."""
        profile = self.im.said["alice"]
        assert not isinstance(profile, IMError)
        return profile

    def someone_else_writes(self, values: Values) -> None:
        """Change Alice's profile behind the bot's back."""
        self.im.said = {**self.im.said, "alice": {**self.profile, **values}}

    def preview(self, text: str = "nick=Alicia", actor: Actor = EDDA) -> Change:
        """Propose a change of Alice."""
        preview = self.changes.propose(actor, asked(text))
        assert isinstance(preview, Preview)
        return preview.change

    def confirm(self, change: Change) -> Settled:
        """Confirm a change."""
        settled = self.changes.confirm(change.actor, change.id)
        assert isinstance(settled, Settled)
        return settled

    def done(self, text: str = "nick=Alicia") -> Change:
        """Propose and confirm a change of Alice."""
        settled = self.confirm(self.preview(text))
        assert settled.change.outcome is Outcome.SUCCEEDED
        return settled.change
