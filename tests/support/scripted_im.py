"""An IM client against a scripted server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.core.model import Deadline
from bot.im.client import IMClient
from tests.support.scripted_server import ScriptedServer, ServerResponse

APP_ID = 1400000000
KEY = "key-that-must-not-leak"
OK = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}


def make_im_client(url: str, *, workers: int = 4) -> IMClient:
    return IMClient(base_url=url, app_id=APP_ID, key=KEY, admin="administrator", workers=workers)


@contextmanager
def scripted_im(*script: ServerResponse) -> Iterator[tuple[IMClient, ScriptedServer]]:
    """Run a scripted server, and open a client of it."""
    with ScriptedServer(*script) as scripted_server, closing(make_im_client(scripted_server.url)) as im:
        yield im, scripted_server


def short_deadline() -> Deadline:
    """Make a deadline with time for a second try, on a busy machine too."""
    return Deadline.after(1.5)


def failed_call(code: int) -> dict[str, object]:
    """Make the answer of a call that failed as a whole."""
    return {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": f"Err_{code}"}
