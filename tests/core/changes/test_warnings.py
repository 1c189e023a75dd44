from dataclasses import replace

import pytest

from bot.core.changes.warnings import find_warnings
from bot.core.model import App
from tests.support.sample_results import CHANGE

BIRTHDAY = "Tag_Profile_IM_BirthDay"
APP = App("prod", "Singapore", admin="administrator")


@pytest.mark.parametrize(
    ("day", "doubted"), [(20260420, True), (29991231, True), (20260419, False), (19900419, False), (0, False)]
)
def test_asks_whether_a_birthday_in_the_future_is_meant(day: int, *, doubted: bool) -> None:
    found = [*find_warnings(APP, replace(CHANGE, after={BIRTHDAY: day}))]

    assert found == (["Birthday is in the future. Are you sure?"] if doubted else [])


def test_says_that_an_account_is_the_one_the_bot_acts_as() -> None:
    change = replace(CHANGE, account="administrator")

    assert [*find_warnings(APP, change)] == ["This is the app's administrator account. Are you sure?"]
    assert not [*find_warnings(App("prod", "Singapore", admin="root"), change)]
    assert not [*find_warnings(APP, CHANGE)]
