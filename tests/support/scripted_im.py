"""An IM client against a scripted server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.core.model import Deadline
from bot.im.client import IMClient
from bot.im.transport import PAUSES, Pauses
from tests.support.scripted_server import ScriptedServer, ServerResponse

APP_ID = 1400000000
KEY = "key-that-must-not-leak"
OK = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
SHORT_PAUSES: Pauses = {retry: [pause / 50 for pause in pauses] for retry, pauses in PAUSES.items()}
"""The usual pauses, fifty times shorter."""


def make_im_client(url: str, *, workers: int = 4, pauses: Pauses = SHORT_PAUSES) -> IMClient:
    return IMClient(
        base_url=url, app_id=APP_ID, key=KEY, admin="administrator", workers=workers, pauses=pauses
    )


@contextmanager
def scripted_im(
    *script: ServerResponse, pauses: Pauses = SHORT_PAUSES
) -> Iterator[tuple[IMClient, ScriptedServer]]:
    """Run a scripted server, and open a client of it that pauses for a short time before further tries."""
    with (
        ScriptedServer(*script) as scripted_server,
        closing(make_im_client(scripted_server.url, pauses=pauses)) as im,
    ):
        yield im, scripted_server


def short_deadline() -> Deadline:
    """Make a deadline with time for a second try, on a busy machine too."""
    return Deadline.after(1.5)


def failed_call(code: int) -> dict[str, object]:
    """Make the answer of a call that failed as a whole."""
    return {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": f"Err_{code}"}
