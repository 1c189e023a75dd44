import threading

from bot.serving.health import BackgroundCheck
from tests.support.slack import wait_until

QUICK = 0.01


def test_knows_what_the_last_check_found() -> None:
    found = [""]
    check = BackgroundCheck("test", lambda: found[0], every=QUICK)
    assert check.trouble() == "not checked yet"

    check.start()
    wait_until(lambda: check.trouble() == "")
    found[0] = "the disk is full"
    wait_until(lambda: check.trouble() == "the disk is full")
    found[0] = ""
    wait_until(lambda: check.trouble() == "")
    check.close()


def test_answers_at_once_while_a_check_is_stuck_and_says_so() -> None:
    released = threading.Event()

    def hang() -> str:
        released.wait()
        return ""

    check = BackgroundCheck("test", hang, every=QUICK, stuck_after=0.1)
    check.start()
    try:
        wait_until(lambda: check.trouble().startswith("no answer for "))
        check.close(seconds=QUICK)
    finally:
        released.set()

    wait_until(lambda: check.trouble() == "")


def test_goes_on_after_a_fault() -> None:
    faults = [KeyError("a value that must not be shown")]

    def fail_once() -> str:
        if faults:
            raise faults.pop()
        return ""

    check = BackgroundCheck("test", fail_once, every=0.2)
    check.start()
    wait_until(lambda: "the bot failed (KeyError)" in check.trouble())
    assert "must not be shown" not in check.trouble()
    wait_until(lambda: check.trouble() == "")
    check.close()
