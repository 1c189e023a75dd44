"""Links from answers to the audit channel's messages."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from queue import Queue

import pytest

from bot.errors import AuditError
from bot.slack.delivery.audit.post_links import PostLinks

Places = dict[int, tuple[str, str]]


class Posts:
    """The messages of entries; each look is counted, and fails while there are problems."""

    def __init__(self) -> None:
        self.places: Places = {}
        self.problems: list[Exception] = []
        self.looks: Queue[tuple[int, ...]] = Queue()

    def find(self, numbers: Collection[int]) -> Mapping[int, tuple[str, str]]:
        self.looks.put(tuple(numbers))
        if self.problems:
            raise self.problems.pop()
        return {number: place for number, place in self.places.items() if number in numbers}


@pytest.fixture
def posts() -> Posts:
    return Posts()


def run(posts: Posts, look_seconds: float = 60.0) -> Iterator[PostLinks]:
    with closing(PostLinks(posts.find, "https://x.slack.com/{}/{}".format, look_seconds)) as links:
        links.start()
        yield links


@pytest.fixture
def links(posts: Posts) -> Iterator[PostLinks]:
    """Links that are looked for when the relay has posted, and hardly otherwise."""
    yield from run(posts)


def test_adds_the_link_once_the_entry_is_posted(posts: Posts, links: PostLinks) -> None:
    added: Queue[str] = Queue()
    links.expect(7, added.put)
    assert posts.looks.get(timeout=9) == (7,)

    posts.places = {7: ("C1", "1.5"), 8: ("C1", "1.6")}
    links.look()

    assert added.get(timeout=9) == "https://x.slack.com/C1/1.5"
    links.look()
    links.expect(8, added.put)
    assert added.get(timeout=9) == "https://x.slack.com/C1/1.6"
    assert added.empty()


def test_finds_what_another_process_posts(posts: Posts) -> None:
    added: Queue[str] = Queue()
    for links in run(posts, look_seconds=0.01):
        links.expect(7, added.put)
        assert posts.looks.get(timeout=9) == (7,)
        posts.places = {7: ("C1", "1.5")}

        assert added.get(timeout=9) == "https://x.slack.com/C1/1.5"


@pytest.mark.parametrize("problem", [AuditError("the disk is gone"), RuntimeError("a defect")])
def test_goes_on_after_a_failure(posts: Posts, links: PostLinks, problem: Exception) -> None:
    added: Queue[str] = Queue()
    posts.problems = [problem]
    posts.places = {7: ("C1", "1.5")}
    links.expect(7, added.put)
    assert posts.looks.get(timeout=9) == (7,)

    links.look()

    assert added.get(timeout=9) == "https://x.slack.com/C1/1.5"


def test_adds_nothing_where_the_workspace_has_no_known_address(posts: Posts) -> None:
    added: Queue[str] = Queue()
    posts.places = {7: ("C1", "1.5"), 8: ("C1", "1.6")}
    with closing(PostLinks(posts.find, lambda _, ts: ts if ts == "1.6" else "", 60.0)) as links:
        links.start()
        links.expect(7, added.put)
        links.expect(8, added.put)

        assert added.get(timeout=9) == "1.6"
    assert added.empty()
