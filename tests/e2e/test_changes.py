"""Changes of profiles in the page."""

import re

import pytest
from playwright.sync_api import expect

from bot.playground.people import EDITOR, GROUP_EDITOR, VIEWER
from tests.e2e.conftest import OpenPage
from tests.support.page_actions import (
    Playground,
    articles,
    ask,
    choose_fields,
    field_input,
    go_to,
    has_rows,
    keep_picture,
    press,
    send,
)

pytestmark = pytest.mark.browser

LOW = 620
"""The height of a window that one message or modal nearly fills."""


def test_says_why_a_viewer_may_change_nothing(enter: OpenPage) -> None:
    page = enter(VIEWER)
    answer = ask(page, "/im set bob_k nick=Mallory")

    expect(answer).to_contain_text("Only editors can change profiles")
    expect(answer).to_contain_text("Nothing was sent")
    expect(answer.get_by_role("button", name="Confirm")).to_have_count(0)
    go_to(page, "im-audit")
    expect(articles(page).last).to_contain_text("Refused set bob_k by Vera Lindqvist", use_inner_text=True)


def test_changes_a_profile_and_undoes_it(enter: OpenPage) -> None:
    page = enter(EDITOR, LOW)
    answer = ask(page, '/im set bob_k nick="Bob K" forbid=allowed --reason "spam nickname, ticket 4711"')
    expect(answer).to_contain_text("Change free_coins_4u bob_k in demo local?", use_inner_text=True)
    changed = ["Nickname\tfree_coins_4u\tBob K", "Friend requests\tBlocked by admin\tAllowed"]
    has_rows(answer, "Field\tNow\tAfter", *changed)
    expect(answer).to_contain_text(re.compile(r"valid until .+ \(10 minutes\)"))
    keep_picture(page, "preview")

    answer.get_by_role("button", name="Confirm 2 changes").click()

    expect(answer).to_contain_text("Done. 2 fields of bob_k", use_inner_text=True)
    has_rows(answer, "Field\tBefore\tAfter", *changed)
    expect(answer.get_by_role("button", name="Confirm")).to_have_count(0)

    go_to(page, "im-audit")
    messages = articles(page)
    expect(messages.last).to_contain_text(
        "Changed bob_k by Ed Okafor · Nickname: free_coins_4u → Bob K · Friend requests: Blocked by admin"
        " → Allowed · “spam nickname, ticket 4711”",
        use_inner_text=True,
    )
    keep_picture(page, "audit")

    messages.last.get_by_role("button", name="Undo…").click()
    expect(messages.last).to_contain_text("Undo change op_")
    messages.last.get_by_role("button", name="Confirm 2 changes").click()

    undone = messages.filter(has_text="undo of op_")
    expect(undone).to_contain_text(
        "Undone bob_k by Ed Okafor · Nickname: Bob K → free_coins_4u", use_inner_text=True
    )
    expect(messages.filter(has_text="Undone by Ed Okafor")).to_have_count(1)


def test_changes_nothing_after_cancel(enter: OpenPage, playground: Playground) -> None:
    written = len(playground.sandbox.writes)
    answer = ask(enter(EDITOR), "/im set carol location=Jurong")

    answer.get_by_role("button", name="Cancel").click()

    expect(answer).to_contain_text("Cancelled. carol in demo local is unchanged.", use_inner_text=True)
    expect(answer.get_by_role("button")).to_have_count(0)
    assert len(playground.sandbox.writes) == written


def test_changes_a_profile_in_a_form(enter: OpenPage) -> None:
    page = enter(EDITOR, LOW)
    send(page, "/im set alice")
    form = page.get_by_role("dialog", name="Change a profile")
    choose_fields(form, "Nickname", "Gender", "Birthday")
    expect(field_input(form, "Nickname")).to_have_value("Alice Zhang")
    expect(field_input(form, "Gender").locator("option:checked")).to_have_text("Female")
    expect(field_input(form, "Birthday")).to_have_value("1990-04-19")

    field_input(form, "Nickname").fill("Alice Z")
    field_input(form, "Gender").select_option("Male")
    form.get_by_role("button", name="Preview").click()

    expect(form).to_contain_text("Change Alice Zhang alice in demo local?", use_inner_text=True)
    expect(form).to_contain_text("Alice Zhang → Alice Z")
    expect(form).to_contain_text("Female → Male")
    keep_picture(page, "review")

    form.get_by_role("button", name="Back").click()
    expect(field_input(form, "Nickname")).to_have_value("Alice Z")
    field_input(form, "Gender").select_option("Female")
    form.get_by_role("button", name="Preview").click()
    form.get_by_role("button", name="Confirm 1 change").click()

    expect(form).to_contain_text("Done. 1 field of alice", use_inner_text=True)
    form.get_by_role("button", name="Close", exact=True).last.click()
    expect(form).to_be_hidden()


def test_shows_editors_alone_what_a_history_holds(enter: OpenPage) -> None:
    page, other = enter(GROUP_EDITOR), enter(VIEWER)
    card = ask(page, "/im profile carol --fields location")
    card.get_by_role("button", name="Change…").click()
    form = page.get_by_role("dialog", name="Change a profile")
    choose_fields(form, "Location")
    field_input(form, "Location").fill("Jurong")
    form.get_by_role("button", name="Preview").click()
    form.get_by_role("button", name="Confirm 1 change").click()
    expect(form).to_contain_text("Done. 1 field of carol", use_inner_text=True)
    form.get_by_role("button", name="Close", exact=True).last.click()

    history = press(page, card, "History")
    others = ask(other, "/im history carol")

    for shown in (history, others):
        expect(shown).to_contain_text("set succeeded @Grace Kim", use_inner_text=True)
        expect(shown).to_contain_text("profile answered @Grace Kim", use_inner_text=True)
    expect(history).to_contain_text("Location: Singapore → Jurong")
    expect(others).not_to_contain_text("Jurong")
    expect(others).to_contain_text("only editors see values")
