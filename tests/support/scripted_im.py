"""An IM client in front of a far end that does what a script says."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.core.model import Deadline
from bot.im.client import IMClient
from tests.support.scripted_server import ScriptedServer, ServerResponse

APP_ID = 1400000000
KEY = "key-that-must-not-leak"
OK = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}


def client_for(url: str, *, workers: int = 4) -> IMClient:
    return IMClient(base_url=url, app_id=APP_ID, key=KEY, admin="administrator", workers=workers)


@contextmanager
def facing(*script: ServerResponse) -> Iterator[tuple[IMClient, ScriptedServer]]:
    """Open a client and the server it asks."""
    with ScriptedServer(*script) as scripted_server, closing(client_for(scripted_server.url)) as im:
        yield im, scripted_server


def soon() -> Deadline:
    """Leave time for a second try on a busy machine too."""
    return Deadline.after(1.5)


def fail(code: int) -> dict[str, object]:
    """Write the answer of a call that failed as a whole."""
    return {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": f"Err_{code}"}
