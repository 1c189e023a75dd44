import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.commands import make_lookup
from bot.core.fields import PROFILE_FIELDS, Domain, Field, custom_field, offered
from bot.core.id_detection import Candidate, find_candidates
from bot.core.lookups.kinds import PROFILES
from bot.core.model import App, Outcome
from bot.core.parsing.command_line import Apps
from bot.core.parsing.values import is_settable
from bot.core.results import Form, Overwritten, Preview, Settled, Unchanged
from bot.errors import ExpiredError, OutcomeUnknownError
from bot.playground.blockkit.checker import check_view
from bot.slack.messages.errors import render_crash, render_error
from bot.slack.messages.lookups.file_lookup import started
from bot.slack.messages.notices import busy
from bot.slack.messages.render import render
from bot.slack.modals import lookup
from bot.slack.modals.answer import notice_view
from bot.slack.modals.file_lookup import file_view
from bot.slack.modals.lookup import choose_kind, lookup_view, message_view
from bot.slack.modals.profile import (
    TITLE,
    Filled,
    account_view,
    changing_view,
    form_fields,
    form_view,
    loading_view,
)
from bot.slack.modals.review import overwritten_view, review_view, settled_view, unchanged_view
from bot.slack.modals.search import search_view
from tests.slack.messages.test_any_data import any_text, customs, long_text, profile_values
from tests.support.file_samples import (
    FRIEND_LOOKUP,
    GUESS,
    HOSTILE_GUESS,
    HOSTILE_NAME,
    LOOKUP,
    NICK_LOOKUP,
    ONE_A_LINE,
    PROFILE_LOOKUP,
)
from tests.support.sample_results import (
    CHANGE,
    CLEARING,
    FORM,
    LATER,
    NOTHING_SENT,
    PREVIEW,
    PROD,
    UNCHANGED,
    UNDO,
    VENDOR_DOWN,
    WITH_PRESETS,
    crowd,
    enter,
    found,
    profiles,
    settled,
)

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("GOLDEN") == "write"
BOTH = Apps({"prod": PROD, "test": App("test", "Frankfurt")}, "prod")
FOUND = (Candidate("bob_k", likely=True), Candidate("Bob K", likely=True), Candidate("trace", likely=False))
TOO_OLD = ExpiredError("this preview is older than 10 minutes", advice="Run the command again")

FORM_WITH_PRESETS = replace(FORM, app=WITH_PRESETS)

VIEWS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "view_account": lambda: account_view(BOTH),
    "view_lookup": lambda: lookup_view(BOTH),
    "view_lookup_without_file": lambda: lookup_view(BOTH, with_file=False),
    "view_file": lambda: file_view(BOTH, "players.csv", GUESS, PROFILE_LOOKUP, "a-key"),
    "view_file_friends": lambda: file_view(BOTH, "ids.txt", ONE_A_LINE, FRIEND_LOOKUP, "a-key"),
    "view_file_hostile": lambda: file_view(BOTH, HOSTILE_NAME, HOSTILE_GUESS, NICK_LOOKUP, "a-key"),
    "view_file_reading": lambda: loading_view(lookup.TITLE, "an-id-of-ours", "Reading the file…"),
    "view_file_started": lambda: notice_view(started(LOOKUP), lookup.TITLE),
    "view_lookup_message": lambda: message_view(BOTH, FOUND, "an-opaque-key"),
    "view_lookup_nothing": lambda: message_view(BOTH, (), "an-opaque-key"),
    "view_search": lambda: search_view(BOTH, "an-opaque-key", anybody=True),
    "view_search_viewer": lambda: search_view(BOTH, "an-opaque-key", anybody=False),
    "view_loading": lambda: loading_view(TITLE, "an-id-of-ours"),
    "view_changing": lambda: changing_view("an-id-of-ours"),
    "view_form": lambda: form_view(FORM, "an-opaque-key"),
    "view_form_chosen": lambda: form_view(FORM, "an-opaque-key", Filled(form_fields(FORM))),
    "view_form_preset": lambda: form_view(
        FORM_WITH_PRESETS, "an-opaque-key", Filled().fill(FORM_WITH_PRESETS, WITH_PRESETS.presets[0])
    ),
    "view_review": lambda: review_view(PREVIEW),
    "view_review_moved": lambda: review_view(replace(PREVIEW, later=LATER)),
    "view_review_waiting": lambda: review_view(replace(PREVIEW, problem=NOTHING_SENT)),
    "view_review_clearing": lambda: review_view(Preview(PROD, CLEARING)),
    "view_review_undo": lambda: review_view(Preview(PROD, UNDO)),
    "view_overwritten": lambda: overwritten_view(Overwritten(PROD, CHANGE, LATER)),
    "view_unchanged": lambda: unchanged_view(UNCHANGED),
    "view_done": lambda: settled_view(settled(Outcome.SUCCEEDED), "Audit channel: x."),
    "view_failed": lambda: settled_view(settled(Outcome.FAILED, VENDOR_DOWN)),
    "view_unknown": lambda: settled_view(settled(Outcome.UNKNOWN, VENDOR_DOWN)),
    "view_refused": lambda: notice_view(render_error(TOO_OLD, command="/im")),
    "view_refused_lookup": lambda: notice_view(render_error(TOO_OLD, command="/im"), lookup.TITLE),
    "view_busy": lambda: notice_view(busy()),
    "view_crash": lambda: notice_view(render_crash("c0ffee00", "/im")),
}


def test_offers_the_chosen_fields_as_they_stand_among_the_options() -> None:
    many = tuple(custom_field(f"Key{number}") for number in range(100))
    here = App("here", "Singapore", (custom_field("Vip", "VIP tier"), *many))
    there = App("there", "Frankfurt", (custom_field("Vip", "Rank"),))
    command = make_lookup(PROFILES, here, (), here.custom)
    view = file_view(Apps({"here": here, "there": there}, "here"), "a.csv", GUESS, command, "a-key")
    menu = next(block["element"] for block in view["blocks"] if block.get("block_id") == lookup.FIELDS)
    options = [option for group in menu["option_groups"] for option in group["options"]]

    assert check_view(view) == []
    assert len(menu["initial_options"]) > 1
    assert all(option in options for option in menu["initial_options"])


def test_shows_the_tables_of_messages_as_lines() -> None:
    beside = render(
        profiles(
            found("alice", {"Tag_Profile_IM_Nick": "Alice"}), found("bob", {"Tag_Profile_IM_Nick": "Bob"})
        ),
        command="/im",
        actor_id="U1",
    )
    many = render(profiles(*crowd(20)), command="/im", actor_id="U1")
    difference = render(PREVIEW, command="/im", actor_id="U1")

    shown = {
        name: notice_view(message)
        for name, message in (("beside", beside), ("many", many), ("change", difference))
    }

    assert all(check_view(view) == [] for view in shown.values())
    assert "alice: Alice · bob: Bob" in str(shown["beside"])
    assert "free_coins_4u  →  Bob K" in str(shown["change"])
    assert str(shown["many"]).count("Nickname: ") == 20


@pytest.mark.parametrize("name", list(VIEWS))
def test_shows_what_the_golden_file_shows(name: str) -> None:
    file = GOLDEN / f"{name}.json"
    view = VIEWS[name]()
    if REWRITE and not (file.exists() and json.loads(file.read_text()) == view):
        file.write_text(json.dumps(view, ensure_ascii=False, indent=1) + "\n")

    assert view == json.loads(file.read_text())
    assert check_view(view) == []


@settings(max_examples=50, deadline=None)
@given(st.data(), customs, st.sampled_from(Outcome))
def test_shows_any_change_within_every_limit(
    data: st.DataObject, custom: tuple[Field, ...], outcome: Outcome
) -> None:
    account, problem, reason = data.draw(any_text.filter(len)), data.draw(any_text), data.draw(long_text)
    app = App("prod", "Singapore", custom)
    before, after = (data.draw(profile_values(offered(Domain.PROFILE, custom))) for _ in range(2))
    change = replace(
        CHANGE, account=account, before=before, after=after, reason=reason, outcome=outcome, undoes=problem
    )
    failure = OutcomeUnknownError(problem, code=40006, advice=reason)

    for view in (
        review_view(Preview(app, replace(change, kept=before), later=LATER)),
        unchanged_view(Unchanged(app, account, after)),
        settled_view(Settled(app, change, enter(7, change, outcome), failure), "Audit channel: x."),
        notice_view(render_error(failure, command="/im")),
    ):
        assert check_view(view) == []


def test_has_room_for_forty_fields_of_their_own_with_the_longest_values() -> None:
    custom = tuple(custom_field(f"c{chr(97 + n // 26)}{chr(97 + n % 26)}", f"Field {n}") for n in range(40))
    app = App("prod", "Singapore", custom)
    fields = [field for field in (*PROFILE_FIELDS, *custom) if is_settable(field)]
    before = {field.tag: "\N{GRINNING FACE}" * 125 for field in fields}
    change = replace(CHANGE, before=before, after=dict.fromkeys(before, "x" * 500), reason="y" * 500)

    form, shown = (
        form_view(Form(app, "alice", before), "key", Filled(tuple(fields))),
        review_view(Preview(app, change)),
    )

    assert check_view(form) == check_view(shown) == []
    assert all(field.label in json.dumps(shown) for field in fields)
    assert shown["submit"]["text"] == f"Confirm {len(fields)} changes"


@settings(max_examples=100, deadline=None)
@given(any_text, customs)
def test_offers_what_any_message_holds(text: str, custom: tuple[Field, ...]) -> None:
    apps = Apps({"prod": App("prod", "Singapore", custom), "test": App("test", "", custom)}, None)

    view = message_view(apps, find_candidates(f"users: {text}"), "key")

    assert check_view(view) == []
    assert check_view(lookup_view(apps)) == []


def test_offers_likely_ids_in_the_input_and_others_in_a_menu_as_far_as_there_is_room() -> None:
    likely = [Candidate(f"user_{number:03}" + "x" * 20, likely=True) for number in range(120)]
    found = [*likely, *(Candidate(f"word{number}", likely=False) for number in range(90))]

    view = message_view(BOTH, found, "key", 3)

    blocks = {block.get("block_id"): block.get("element", {}) for block in view["blocks"]}
    typed = blocks["ids"]["initial_value"].split(", ")
    options = [option["value"] for option in blocks["found"]["options"]]
    assert check_view(view) == []
    assert [*typed, *options] == [each.account for each in found][: len(typed) + 100]
    assert f"At least {210 - len(typed) - 100 + 3} more may be account ids too." in str(view["blocks"])
    assert "may be account ids too" not in str(message_view(BOTH, likely, "key"))


@pytest.mark.parametrize(
    ("word", "hint"), [("attrs", "Leave this empty: attributes are always shown in full."), ("friends", "")]
)
def test_says_only_of_attributes_that_they_have_no_fields_to_choose(word: str, hint: str) -> None:
    view = choose_kind(choose_kind(lookup_view(BOTH), "attrs"), word)

    (fields,) = (block for block in view["blocks"] if block.get("block_id") == lookup.FIELDS)
    assert fields.get("hint", {"text": ""})["text"] == hint
    assert not list(check_view(view))
