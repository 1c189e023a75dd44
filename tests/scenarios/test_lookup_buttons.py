"""The buttons of an answer: share it, export it as CSV, retry the failed accounts."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
import requests

from bot.core.lookups.csv_rows import COLUMNS
from bot.core.model import Outcome, Surface
from bot.core.time_limits import STATE_SECONDS
from bot.playground.faults.faults import RESPONSE_URL, UPLOAD_URL, SlackFault
from bot.playground.people import EDITOR, GROUP_EDITOR, STRANGER, VIEWER, PersonKind
from bot.sandbox.behavior import Behavior, Fault
from bot.slack.delivery.response_url import TRIES
from bot.store.verify import RecordStatus, verify_url
from tests.support.running_bot import RunningBot, SlackUser, read_history
from tests.support.slack import ONCALL, PARTNERS, SUPPORT

CROWD = [f"user_{number:03}" for number in range(1, 208)]
DOWN = Behavior(fault=Fault(kind="code", code=40001))
BUTTONS = ("Share", "CSV", "Retry 2 failed")

pytestmark = pytest.mark.parametrize("running_bot", ["socket", "pair"], indirect=True, scope="module")
"""Any process takes any press."""


@pytest.fixture(autouse=True)
def no_faults(running_bot: RunningBot) -> Iterator[None]:
    people, scopes = dict(running_bot.workspace.people), running_bot.workspace.app.scopes
    yield
    running_bot.sandbox.behavior = Behavior()
    running_bot.workspace.people.update(people)
    running_bot.workspace.app.scopes = scopes


@pytest.fixture
def vera(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as() as vera:
        yield vera


def ask(slack_user: SlackUser, text: str, channel: str = ONCALL) -> dict[str, Any]:
    return slack_user.result(slack_user.ask(text, channel))


def press(slack_user: SlackUser, message: dict[str, Any], label: str) -> dict[str, Any]:
    return slack_user.result(slack_user.press(message, label))


def labels(message: dict[str, Any]) -> list[str]:
    return [
        element["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def ids_in(message: dict[str, Any]) -> list[str]:
    tables = [block for block in message["blocks"] if block["type"] in ("table", "data_table")]
    return [row[0]["text"] for table in tables for row in table["rows"][1:]]


def download(running_bot: RunningBot, message: dict[str, Any]) -> list[dict[str, str]]:
    """Read the CSV file of a direct message."""
    assert message["channel"] == f"D{VIEWER.id[1:]}"
    assert not message["ephemeral"]
    (file,) = message["files"]
    content = requests.get(running_bot.url + file["url"], timeout=30).content
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def make_public(running_bot: RunningBot, message: dict[str, Any]) -> None:
    next(kept for kept in running_bot.workspace.messages if kept.ts == message["ts"]).only_for = None


def failed_lookup(running_bot: RunningBot, slack_user: SlackUser, channel: str = ONCALL) -> dict[str, Any]:
    """Look up accounts that fail, for an answer with every button."""
    running_bot.sandbox.behavior = DOWN
    answer = ask(slack_user, "/im profile alice bob_k", channel)
    running_bot.sandbox.behavior = Behavior()
    return answer


def test_exports_all_accounts_to_the_persons_own_direct_messages(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    first = ask(vera, f"/im profile {' '.join(CROWD)} nobody")

    rows = download(running_bot, press(vera, first, "CSV of all 208"))
    said = vera.result()

    assert [row["account"] for row in rows] == [*CROWD, "nobody"]
    assert rows[-1]["status"] == "not imported"
    assert rows[-1]["message"] == "no such account"
    assert "VIP tier" in rows[0]
    assert said["ephemeral"]
    assert said["ts"] != first["ts"]
    assert said["text"].startswith(first["text"].split("\n")[0])
    assert "The CSV is in your direct messages with this bot: profile-demo-2" in said["text"]


def test_exports_straight_from_the_command(running_bot: RunningBot, vera: SlackUser) -> None:
    rows = download(running_bot, ask(vera, "/im friends alice bob_k nobody --csv --fields remark,nick"))
    said = vera.result()

    assert list(rows[0]) == [*COLUMNS, "Remark", "Nickname"]
    assert [row["status"] for row in rows] == ["found", "not imported"]
    assert said["text"].startswith("1 of 2 is in alice's friend list  ·  1 not imported")
    assert ids_in(said) == []


def test_shares_the_answer_and_sends_the_csv_to_oneself(running_bot: RunningBot, vera: SlackUser) -> None:
    with running_bot.act_as(EDITOR) as ed:
        shared = ask(vera, "/im profile alice bob_k --csv --share")
        file, said = vera.result(), vera.result()
        seen = ed.result()

    assert seen["ts"] == shared["ts"]
    assert "Alice" in seen["text"]
    assert len(download(running_bot, file)) == 2
    assert said["ephemeral"]
    assert "The answer is in this channel for everyone; the CSV is only for you." in said["text"]


def test_sends_the_csv_and_says_why_the_answer_is_not_shared(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    assert len(download(running_bot, ask(vera, "/im profile alice --csv --share", PARTNERS))) == 1
    assert "Not shared: people from other organizations can read this channel." in vera.result()["text"]


def test_answers_the_actor_alone_where_slack_takes_no_shared_answer(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    running_bot.workspace.faults.fail(RESPONSE_URL, SlackFault.BROKEN, times=TRIES)

    said = ask(vera, "/im profile alice --share")

    assert said["ephemeral"]
    assert "Not shared: Slack did not take the message." in said["text"]
    assert "Share" in labels(said)


def test_sends_the_csv_where_slack_takes_no_shared_answer(running_bot: RunningBot, vera: SlackUser) -> None:
    running_bot.workspace.faults.fail(RESPONSE_URL, SlackFault.BROKEN, times=TRIES)

    assert len(download(running_bot, ask(vera, "/im profile alice --csv --share"))) == 1
    assert "Not shared: Slack did not take the message." in vera.result()["text"]


def test_gives_a_row_of_the_csv_to_each_failed_account(running_bot: RunningBot, vera: SlackUser) -> None:
    running_bot.sandbox.behavior = DOWN
    rows = download(running_bot, ask(vera, "/im profile alice bob_k --csv"))

    assert [(row["account"], row["status"]) for row in rows] == [("alice", "failed"), ("bob_k", "failed")]
    assert all(row["code"] == "40001" for row in rows)
    assert "0 of 2 found  ·  2 failed" in vera.result()["text"]


def test_sends_no_csv_in_an_outage_but_retries_it(running_bot: RunningBot, vera: SlackUser) -> None:
    running_bot.sandbox.behavior = Behavior(fault=Fault(kind="502"))
    said = ask(vera, "/im profile alice bob_k --csv")

    assert said["text"].startswith("Tencent Chat is down (HTTP 502)  ·  0 of 2 found  ·  2 failed")
    assert "No CSV was sent, since no account could be read." in said["text"]
    assert labels(said) == ["Retry all 2"]

    running_bot.sandbox.behavior = Behavior()
    rows = download(running_bot, press(vera, said, "Retry all 2"))
    assert [row["status"] for row in rows] == ["found", "found"]


def test_shares_nothing_with_the_channel_in_an_outage(running_bot: RunningBot, vera: SlackUser) -> None:
    running_bot.sandbox.behavior = Behavior(fault=Fault(kind="502"))
    said = ask(vera, "/im profile alice bob_k --csv --share")

    newest, *_ = read_history(running_bot, "bob_k")
    assert said["ephemeral"]
    assert "No CSV was sent, since no account could be read. Nothing was shared." in str(said["blocks"])
    assert (newest.event.outcome, newest.event.channel) == (Outcome.FAILED, "")


def test_exports_a_thousand_accounts(running_bot: RunningBot, vera: SlackUser) -> None:
    ids = [f"z{number}" for number in range(999)]
    rows = download(running_bot, ask(vera, f"/im profile alice {','.join(ids)} --csv"))

    assert [row["account"] for row in rows] == ["alice", *ids]
    assert "1 of 1,000 found" in vera.result()["text"]


def test_makes_no_formula_of_what_an_account_calls_itself(running_bot: RunningBot, vera: SlackUser) -> None:
    (app,) = running_bot.sandbox.apps.values()
    app.accounts["user_040"].profile["Tag_Profile_IM_Nick"] = "=HYPERLINK(1)"
    answer = ask(vera, "/im profile user_040")

    (row,) = download(running_bot, press(vera, answer, "CSV"))
    vera.result()

    assert row["Nickname"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("scope", ["files:write", "im:write"])
def test_says_what_to_do_when_it_may_not_send_files(
    running_bot: RunningBot, vera: SlackUser, scope: str
) -> None:
    running_bot.workspace.app.scopes -= {scope}

    refused = ask(vera, "/im profile alice --csv")

    assert "the file could not be sent to your direct messages (missing_scope)" in refused["text"]
    assert "the scopes files:write and im:write" in refused["text"]


def test_says_so_when_slack_takes_no_file(running_bot: RunningBot, vera: SlackUser) -> None:
    answer = ask(vera, "/im profile alice")
    running_bot.workspace.faults.fail(UPLOAD_URL, SlackFault.BROKEN)

    refused = press(vera, answer, "CSV")

    assert refused["text"].startswith("Failed: the file could not be sent")
    assert "Try again in a minute" in refused["text"]
    assert refused["ts"] != answer["ts"]


def test_asks_again_only_for_what_failed(running_bot: RunningBot, vera: SlackUser) -> None:
    running_bot.sandbox.behavior = Behavior(
        fault=Fault(kind="code", code=40001, command="portrait_get", calls=(2,))
    )
    first = ask(vera, f"/im profile {' '.join(f'z{number}' for number in range(100))} alice")
    (retry,) = [label for label in labels(first) if label.startswith("Retry")]
    running_bot.sandbox.behavior = Behavior()

    second = press(vera, first, retry)

    count = int(retry.split()[1])
    assert count in (1, 100)
    assert f" of {count} found" in second["text"]
    assert second["ephemeral"]
    assert second["ts"] != first["ts"]
    assert not [label for label in labels(second) if label.startswith("Retry")]


def test_checks_the_other_direction_with_one_press(vera: SlackUser) -> None:
    one_way = ask(vera, "/im friends alice bob_k", SUPPORT)
    both = press(vera, one_way, "Check the other direction")

    assert "one direction only" in str(one_way["blocks"])
    assert "mutual" in both["text"]
    assert "Lists alice" in both["text"]
    assert "Check the other direction" not in labels(both)


def test_shares_exactly_the_page(running_bot: RunningBot, vera: SlackUser) -> None:
    first = ask(vera, f"/im profile {' '.join(CROWD)}", SUPPORT)
    second = press(vera, first, "Next 100")
    with running_bot.act_as(EDITOR) as ed:
        shared = press(vera, second, "Share")
        seen = ed.result()

    assert (seen["ts"], seen["ephemeral"], seen["channel"]) == (shared["ts"], False, SUPPORT)
    assert ids_in(seen) == ids_in(second)
    assert shared["ts"] != second["ts"]
    assert labels(seen) == []


def test_shares_no_more_fields_than_the_page_shows(vera: SlackUser) -> None:
    page = ask(vera, f"/im profile {' '.join(CROWD)}", SUPPORT)
    while "Next" in " ".join(labels(page)):
        page = press(vera, page, next(label for label in labels(page) if label.startswith("Next")))

    shared = press(vera, page, "Share")

    assert "Nickname" in page["text"]
    assert "Avatar" not in page["text"] + shared["text"]


def test_asks_before_sharing_how_much_and_who_can_read_it(vera: SlackUser) -> None:
    answer = ask(vera, f"/im profile {' '.join(CROWD)}", SUPPORT)

    dialog = answer["blocks"][-2]["elements"][-1]["confirm"]

    assert dialog["title"]["text"] == "Share 104 accounts in #support?"
    assert "Everyone in #support will see this page, guests too." in dialog["text"]["text"]


def test_offers_no_sharing_where_it_is_always_refused(vera: SlackUser) -> None:
    assert "Share" not in labels(ask(vera, "/im profile alice", PARTNERS))


def test_refuses_to_share_where_others_could_read_it(running_bot: RunningBot, vera: SlackUser) -> None:
    answer = ask(vera, "/im profile alice", SUPPORT)
    channel = running_bot.workspace.channels[SUPPORT]

    channel.shared = True
    refused = press(vera, answer, "Share")
    channel.shared = False

    assert refused["ephemeral"]
    assert refused["text"].startswith("Not shared: people from other organizations can read this channel.")


def test_refuses_to_share_where_slack_does_not_say_who_reads(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    answer = ask(vera, "/im profile alice")
    # A lasting fault: the audit relay makes the same call.
    running_bot.workspace.faults.set_lasting_fault("conversations.info", SlackFault.BROKEN)

    refused = press(vera, answer, "Share")
    running_bot.workspace.faults.set_lasting_fault("conversations.info", None)

    assert refused["text"].startswith("Not shared: Slack did not say whether")


def test_offers_to_share_only_in_a_channel(vera: SlackUser) -> None:
    assert labels(ask(vera, "/im profile alice", f"D{VIEWER.id[1:]}")) == ["History", "CSV"]
    assert labels(ask(vera, "/im profile alice")) == ["History", "CSV", "Share"]


@pytest.mark.parametrize(
    ("label", "outcome", "channel"),
    [
        ("Share", Outcome.SHARED, SUPPORT),
        ("CSV", Outcome.EXPORTED, ""),
        ("Retry 2 failed", Outcome.ANSWERED, ""),
    ],
)
def test_records_each_press_as_what_it_is(
    running_bot: RunningBot, vera: SlackUser, label: str, outcome: Outcome, channel: str
) -> None:
    press(vera, failed_lookup(running_bot, vera, SUPPORT), label)
    if label == "CSV":
        vera.result()

    newest, asked, *_ = read_history(running_bot, "alice")

    assert (newest.event.surface, newest.event.outcome) == (Surface.BUTTON, outcome)
    assert newest.event.channel == channel
    assert newest.event.accounts == ("alice", "bob_k")
    assert asked.event.surface is Surface.COMMAND


@pytest.mark.parametrize(
    ("options", "outcome", "channel"),
    [
        ("", Outcome.ANSWERED, ""),
        ("--share", Outcome.SHARED, SUPPORT),
        ("--csv", Outcome.EXPORTED, ""),
        ("--csv --share", Outcome.EXPORTED, SUPPORT),
    ],
)
def test_records_where_a_command_shared_its_answer_and_whether_it_was_exported(
    running_bot: RunningBot, vera: SlackUser, options: str, outcome: Outcome, channel: str
) -> None:
    ask(vera, f"/im profile alice {options}", SUPPORT)
    newest, *_ = read_history(running_bot, "alice")
    shown = ask(vera, "/im history alice", SUPPORT)["text"]
    while not shown.startswith("History of"):
        shown = vera.result()["text"]

    assert f"{outcome}{f' in {channel}' if channel else ''}  U" in shown.splitlines()[1]
    assert (newest.event.outcome, newest.event.channel) == (outcome, channel)
    assert verify_url(running_bot.settings.database_url).status is RecordStatus.SOUND


def test_records_an_answer_that_was_not_shared_as_a_lookup(running_bot: RunningBot, vera: SlackUser) -> None:
    ask(vera, "/im profile alice --share", PARTNERS)

    newest, *_ = read_history(running_bot, "alice")

    assert (newest.event.outcome, newest.event.channel) == (Outcome.ANSWERED, "")


@pytest.mark.parametrize("label", BUTTONS)
def test_refuses_every_button_after_the_role_is_lost(
    running_bot: RunningBot, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.FRESH_SECONDS", -1)
    with running_bot.act_as(GROUP_EDITOR) as grace:
        answer = failed_lookup(running_bot, grace)
        running_bot.workspace.people[GROUP_EDITOR.id] = replace(GROUP_EDITOR, kind=PersonKind.GUEST)
        refused = press(grace, answer, label)

    assert refused["text"].startswith("Refused: only full members of this workspace")
    assert refused["ts"] != answer["ts"]
    assert read_history(running_bot, "alice")[0].event.outcome is Outcome.DENIED


def test_refuses_to_share_for_the_role_before_the_channel(
    running_bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.FRESH_SECONDS", -1)
    with running_bot.act_as(GROUP_EDITOR) as grace:
        answer = ask(grace, "/im profile alice", SUPPORT)
        running_bot.workspace.people[GROUP_EDITOR.id] = replace(GROUP_EDITOR, kind=PersonKind.GUEST)
        refused = press(grace, answer, "Share")

    assert refused["text"].startswith("Refused: only full members of this workspace")
    assert read_history(running_bot, "alice")[0].event.outcome is Outcome.DENIED


def test_refuses_a_csv_by_command_to_a_guest(
    running_bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.FRESH_SECONDS", -1)
    with running_bot.act_as(GROUP_EDITOR) as grace:
        running_bot.workspace.people[GROUP_EDITOR.id] = replace(GROUP_EDITOR, kind=PersonKind.GUEST)
        refused = ask(grace, "/im profile alice --csv")

    assert refused["text"].startswith("Refused: only full members of this workspace")


@pytest.mark.parametrize("label", BUTTONS)
def test_refuses_a_press_of_another_person(running_bot: RunningBot, vera: SlackUser, label: str) -> None:
    # Nothing is offered to be shared where people of another organization read.
    shares = label == "Share"
    answer = failed_lookup(running_bot, vera, SUPPORT if shares else PARTNERS)
    make_public(running_bot, answer)

    for person in (EDITOR,) if shares else (EDITOR, STRANGER):
        with running_bot.act_as(person) as other:
            refused = press(other, answer, label)
        assert "only the person who ran the command may use its buttons" in refused["text"]
        assert refused["ephemeral"]


@pytest.mark.parametrize("label", BUTTONS)
def test_says_that_a_button_is_too_old(
    running_bot: RunningBot, vera: SlackUser, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.interaction_store.STATE_SECONDS", -STATE_SECONDS)
    monkeypatch.setattr("bot.store.states.STATE_SECONDS", -STATE_SECONDS)
    answer = failed_lookup(running_bot, vera)

    refused = press(vera, answer, label)

    assert "this button has expired" in refused["text"]
    assert refused["ts"] != answer["ts"]
