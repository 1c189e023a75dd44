"""The data file: loaded, kept, and refused when it is none."""

import json
import logging
import os
import time
from pathlib import Path

import pytest

from bot.sandbox import server
from bot.sandbox.data import Account, CustomField, DataFileError, HostedApp, load, save
from bot.sandbox.server import Sandbox
from tests.support.sandbox import Caller, hosted, serving


def full_app() -> HostedApp:
    friends: dict[str, str | int | list[str]] = {"Tag_SNS_IM_Group": ["Work"], "Tag_SNS_IM_AddTime": 7}
    account = Account(
        {"Tag_Profile_IM_Nick": "安", "Tag_Profile_IM_Level": 7}, {"b": friends}, {"sex": "F"}, 40006
    )
    custom = {"Tag_Profile_Custom_Vip": CustomField(writable=False)}
    return HostedApp(7, "key", ["root"], custom, {"0": "sex"}, {"a": account})


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    apps = [full_app(), hosted()]

    save(tmp_path / "data.json", apps)

    assert load(tmp_path / "data.json") == apps
    assert list(tmp_path.iterdir()) == [tmp_path / "data.json"]


def test_a_file_may_leave_out_what_it_has_none_of(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('{"apps": [{"app_id": 7, "key": "k", "accounts": {"a": {}}}]}', encoding="utf-8")

    assert load(path) == [HostedApp(7, "k", accounts={"a": Account()})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a data file"),
        ("[]", "not a data file"),
        ('{"apps": []}', "holds no app"),
        ('{"apps": [{"key": "k"}]}', r"missing required field `app_id`.*apps\[0\]"),
        ('{"apps": [{"app_id": "7", "key": "k"}]}', r"Expected `int`, got `str`.*app_id"),
        ('{"apps": [{"app_id": 7, "key": "k", "custom": {"Vip": {}}}]}', "Vip is not a custom field"),
        ('{"apps": [{"app_id": 7, "key": "k", "custom": {"Tag_SNS_Custom_Keyword99": {}}}]}', "not a custom"),
        ("[" * 100_000, "not a data file"),
    ],
)
def test_says_what_is_wrong_with_a_file(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(DataFileError, match=said) as refused:
        load(path)

    assert str(path) in str(refused.value)


def test_says_what_keeps_it_from_reading_and_writing(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"cannot read .*: Is a directory"):
        load(tmp_path)
    with pytest.raises(DataFileError, match=r"cannot write .*/nowhere/data.json: No such file"):
        save(tmp_path / "nowhere" / "data.json", [hosted()])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.json"
    save(path, [full_app()])

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DataFileError, match="No space left"):
        save(path, [hosted()])

    assert load(path) == [full_app()]
    assert list(tmp_path.iterdir()) == [tmp_path / "data.json"]


def test_changes_are_written_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.json"
    monkeypatch.setattr(server, "SAVE_DELAY", 0.01)

    with serving(Sandbox(hosted(), keep=path)) as caller:
        for account in ("ann", "ben"):
            caller.call("account_import", {"UserID": account})
        wait_for(path)

    assert load(path)[0].accounts.keys() == {"ann", "ben"}


def test_reading_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SAVE_DELAY", 0.0)

    with serving(Sandbox(hosted({"ann": {}}), keep=tmp_path / "data.json")) as caller:
        assert caller.code("account_check", {"CheckItem": [{"UserID": "ann"}]}) == 0
        assert caller.code("im_get_attr", {"To_Account": ["ann"]}) == 0

    assert not list(tmp_path.iterdir())


def test_goes_on_when_the_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "SAVE_DELAY", 0.0)
    gone = tmp_path / "gone" / "data.json"

    with caplog.at_level(logging.ERROR), serving(Sandbox(hosted(), keep=gone)) as caller:
        codes = [caller.code("account_import", {"UserID": account}) for account in ("ann", "ben")]

    assert codes == [0, 0]
    assert "cannot write" in caplog.text


def test_neither_the_key_nor_a_profile_is_in_a_repr() -> None:
    shown = repr(full_app())

    assert "Account(fails=40006)" in shown
    assert not any(secret in shown for secret in ("'key'", "安", "Work", "'F'"))


def test_without_a_file_there_is_nothing_to_save(caller: Caller) -> None:
    caller.sandbox.save()


def test_a_file_can_be_read_by_people(tmp_path: Path) -> None:
    save(tmp_path / "data.json", [full_app()])

    text = (tmp_path / "data.json").read_text(encoding="utf-8")
    assert json.loads(text)["apps"][0]["accounts"]["a"]["profile"]["Tag_Profile_IM_Nick"] == "安"
    assert "安" in text
    assert len(text.splitlines()) > 20


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 5
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
