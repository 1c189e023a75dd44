from bot.playground.people import EDITOR
from bot.settings import RoleSettings
from tests.support.whole import whole_bot


def test_answers_only_those_who_are_listed() -> None:
    roles = RoleSettings(viewers=EDITOR.id, editors="")
    with (
        whole_bot("socket", roles=roles) as whole,
        whole.acting_as() as vera,
        whole.acting_as(EDITOR) as ed,
    ):
        refused, answered = vera.ask("/im profile alice"), ed.ask("/im profile alice")

    assert "ROLES__VIEWERS" in refused["text"]
    assert "1 of 1 found" in answered["text"]


def test_answers_an_envelope_that_comes_twice() -> None:
    with whole_bot("socket") as whole, whole.acting_as() as vera:
        whole.workspace.sockets.repeat()
        message = vera.ask("/im profile alice")

    assert "1 of 1 found" in message["text"]


def test_comes_back_when_its_socket_is_dropped() -> None:
    with whole_bot("socket") as whole, whole.acting_as() as vera:
        vera.ask("/im whoami")
        whole.workspace.sockets.drop()
        answers = [vera.ask("/im whoami")["text"] for _ in range(3)]

    assert all(answers)
