from bot.core.scheduling.turns import BULK_COST, Turns


def taken(turns: Turns[str], number: int) -> list[str]:
    found = []
    for _ in range(number):
        turn = turns.first()
        assert turn
        found.append(turns.take(turn))
    return found


def test_owners_take_turns() -> None:
    turns = Turns[str]()
    for number in range(3):
        turns.add(f"a{number}", "a")
    assert taken(turns, 1) == ["a0"]
    turns.add("b0", "b")
    turns.add("c0", "c")
    turns.add("b1", "b")

    assert taken(turns, 5) == ["a1", "b0", "c0", "a2", "b1"]
    assert turns.first() is None


def test_one_item_waits_for_one_of_each_other_owner() -> None:
    turns = Turns[str]()
    for number in range(1000):
        turns.add(f"a{number}", "a")
    taken(turns, 500)
    turns.add("b", "b")

    assert taken(turns, 2)[1] == "b"


def test_a_big_job_yields_to_commands_and_still_moves() -> None:
    turns = Turns[str]()
    for _ in range(3):
        turns.add("bulk", "job", bulk=True)
    taken(turns, 1)
    for _ in range(2 * BULK_COST):
        turns.add("command", "a")

    assert taken(turns, 2 * BULK_COST + 2) == [
        *(["command"] * (BULK_COST - 1)),
        "bulk",
        *(["command"] * BULK_COST),
        "bulk",
        "command",
    ]


def test_finds_the_next_command_behind_a_big_job() -> None:
    turns = Turns[str]()
    turns.add("bulk", "job", bulk=True)
    assert turns.first(bulk=False) is None
    command, *_ = (turns.add("command", "a") for _ in range(BULK_COST + 1))

    assert turns.first(bulk=False) == command
    assert (turns.count(bulk=True), turns.count(bulk=False)) == (1, BULK_COST + 1)


def test_forgets_what_waits_no_longer() -> None:
    turns = Turns[str]()
    first, second = turns.add("a0", "a"), turns.add("a1", "a")
    turns.remove(first)
    turns.remove(first)
    assert turns.place(second) == 0
    turns.take(second)
    turns.remove(second)

    assert len(turns) == 0
    assert turns._last == {}
