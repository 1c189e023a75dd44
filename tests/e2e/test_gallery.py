"""Surfaces of the bot at both widths and in both themes: nothing is cut off, and all text is set off well."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from bot.playground.people import EDITOR, VIEWER, Person
from tests.e2e.conftest import OpenPage
from tests.support.browser import measure_contrast
from tests.support.page_actions import (
    LOOKS,
    Playground,
    articles,
    ask,
    choose_fields,
    field_input,
    go_to,
    keep_picture,
    look,
    press,
    send,
    set_fault,
)

pytestmark = pytest.mark.browser

READABLE = 4.5
"""The least contrast of text with its background (WCAG AA)."""
LOW, HIGH = 520, 760


def show_start(page: Page) -> None:
    expect(page.get_by_role("button", name="Look up three accounts")).to_be_visible()


def show_card(page: Page) -> None:
    expect(ask(page, "/im profile alice")).to_contain_text("1 of 1 found")


def show_friends(page: Page) -> None:
    expect(ask(page, "/im friends alice bob_k carol dave nobody --both")).to_contain_text("1 mutual")


def show_typos(page: Page) -> None:
    expect(ask(page, "/im profil alice bob_k")).to_contain_text("Did you mean profile?", use_inner_text=True)
    expect(ask(page, "/im alice").get_by_role("button", name="Run profile alice")).to_be_visible()


def show_outage(page: Page) -> None:
    set_fault(page, "Tencent Chat", "Down (502)")
    expect(ask(page, "/im profile alice bob_k carol")).to_contain_text("Tencent Chat is down (HTTP 502)")


def show_unsaved(page: Page) -> None:
    preview = ask(page, "/im set carol level=33")
    set_fault(page, "Tencent Chat", "Down (502)")
    preview.get_by_role("button", name="Confirm").click()
    expect(preview).to_contain_text("Not saved")
    expect(preview.get_by_role("button", name="Try again")).to_be_visible()


def show_sharing(page: Page) -> None:
    ask(page, "/im profile alice bob_k --fields nick,level,forbid").get_by_role(
        "button", name="Share"
    ).click()
    expect(page.get_by_role("dialog")).to_contain_text("Share 2 accounts in #oncall?")


def show_file(page: Page) -> None:
    press(page, ask(page, "/im profile alice bob_k nobody"), "CSV")
    go_to(page, "im-bot")
    expect(page.get_by_role("list", name="Files").last).to_be_visible()


def show_file_question(page: Page) -> None:
    go_to(page, "im-bot")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    content = "\n".join(["user_id,region", *[f"user_{number:03},eu" for number in range(30, 20_030)]])
    chooser.value.set_files({"name": "players.csv", "mimeType": "text/csv", "buffer": content.encode()})
    seen = articles(page).count()
    page.get_by_role("button", name="Send").click()
    expect(articles(page)).to_have_count(seen + 2)
    expect(articles(page).last).to_contain_text("20,000 ids")


def show_file_progress(page: Page, playground: Playground) -> None:
    show_file_question(page)
    set_fault(page, "Tencent Chat", "Slow (3 s a call)")
    # Slow enough: the whole file takes some twelve seconds.
    playground.sandbox.behavior = replace(playground.sandbox.behavior, latency_ms=1000)
    page.get_by_role("button", name="Look up 20,000 profiles").last.click()
    expect(articles(page).last).to_contain_text("found")


def show_form(page: Page) -> None:
    send(page, "/im set alice")
    choose_fields(page.get_by_role("dialog"), "Nickname", "Birthday")


def show_done(page: Page) -> None:
    show_form(page)
    form = page.get_by_role("dialog")
    field_input(form, "Nickname").fill("Alice Z")
    form.get_by_role("button", name="Preview").click()
    form.get_by_role("button", name="Confirm").click()
    expect(form).to_contain_text("Done. 1 field of alice")


def show_conflict(page: Page) -> None:
    first = ask(page, "/im set dave level=5 nick=Dee")
    second = ask(page, "/im set dave level=6")
    second.get_by_role("button", name="Confirm").click()
    expect(second).to_contain_text("Done.")
    first.get_by_role("button", name="Confirm").click()
    expect(first).to_contain_text("This profile changed meanwhile. Check the new values.")


def show_refusal(page: Page) -> None:
    expect(ask(page, "/im set bob_k nick=Mallory")).to_contain_text("Only editors can change profiles.")


def show_history(page: Page) -> None:
    ask(page, "/im profile dave")
    done = ask(page, '/im set dave level=7 --reason "ticket 4711"')
    done.get_by_role("button", name="Confirm").click()
    # Shown again with this link, which would come into a later picture.
    expect(done).to_contain_text("Audit message")
    ask(page, "/im set dave nick=Dee")
    expect(ask(page, "/im history dave")).to_contain_text("History of dave", use_inner_text=True)


def show_search(page: Page) -> None:
    send(page, "/im history")
    expect(page.get_by_role("dialog", name="Search the record")).to_contain_text("Words in the reason")


def show_found(page: Page) -> None:
    found = ask(page, f"/im history {EDITOR.id}")
    expect(found).to_contain_text("The record · by", use_inner_text=True)


def show_help(page: Page) -> None:
    expect(ask(page, "/im help").get_by_role("button", name="More")).to_be_visible()


SURFACES: dict[str, tuple[Callable[[Page], None], Person, int]] = {
    "start": (show_start, VIEWER, LOW),
    "card": (show_card, EDITOR, HIGH),
    "friends": (show_friends, VIEWER, HIGH),
    "typos": (show_typos, VIEWER, LOW),
    "outage": (show_outage, VIEWER, LOW),
    "sharing": (show_sharing, VIEWER, LOW),
    "file": (show_file, VIEWER, LOW),
    "file_question": (show_file_question, EDITOR, LOW),
    "form": (show_form, EDITOR, HIGH),
    "done": (show_done, EDITOR, LOW),
    "unsaved": (show_unsaved, EDITOR, LOW),
    "refusal": (show_refusal, VIEWER, LOW),
    "history": (show_history, EDITOR, HIGH),
    "search": (show_search, EDITOR, HIGH),
    "found": (show_found, EDITOR, HIGH),
    "help": (show_help, VIEWER, LOW),
    # The last in this channel: the link to the audit channel is added later, to a page of the same person.
    "conflict": (show_conflict, EDITOR, HIGH),
}
"""The surfaces of which no other test keeps a picture, by the picture's name: scene, person, height."""


@pytest.mark.parametrize("name", SURFACES)
def test_fits_and_is_set_off_well_at_both_widths_and_in_both_themes(enter: OpenPage, name: str) -> None:
    scene, person, height = SURFACES[name]
    page = enter(person, height, scale=1)
    scene(page)

    check_looks(page, name)


def test_a_file_under_way_fits_and_is_set_off_well(enter: OpenPage, playground: Playground) -> None:
    page = enter(EDITOR, LOW, scale=1)
    show_file_progress(page, playground)

    check_looks(page, "file_progress")


def check_looks(page: Page, name: str) -> None:
    keep_picture(page, name)
    for width, scheme in LOOKS.values():
        with look(page, width, scheme):
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            assert measure_contrast(page) >= READABLE
