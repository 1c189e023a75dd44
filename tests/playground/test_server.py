import requests

from bot.playground.workspace import Workspace
from tests.support.slack import ONCALL


def test_serves_a_page_that_may_load_nothing_from_elsewhere(url: str, workspace: Workspace) -> None:
    page = requests.get(url, timeout=30)

    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"] == "default-src 'self'; connect-src 'self' ws:"


def test_serves_the_files_of_the_page_and_no_others(url: str, workspace: Workspace) -> None:
    assert requests.get(f"{url}/page/index.html", timeout=30).status_code == 200
    assert requests.get(f"{url}/page/%2e%2e/server.py", timeout=30).status_code == 404


def test_follows_a_link_to_a_message_to_its_channel(url: str, workspace: Workspace) -> None:
    answer = requests.get(f"{url}/archives/{ONCALL}/p1355517523000008", timeout=30, allow_redirects=False)

    assert answer.headers["Location"] == f"/#{ONCALL}"
