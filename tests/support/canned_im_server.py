"""A server with canned answers of Tencent Chat, a set latency and a log of arrivals, for benchmarks.

As a program it serves on loopback, prints its port, and at the end of its input the times of arrival.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

ACCOUNTS = [f"user-{number:04}" for number in range(100)]
TAGS = [
    "Tag_Profile_IM_Nick",
    "Tag_Profile_IM_Gender",
    "Tag_Profile_IM_BirthDay",
    "Tag_Profile_IM_Location",
    "Tag_Profile_IM_AllowType",
    "Tag_Profile_IM_Level",
    "Tag_Profile_IM_SelfSignature",
    "Tag_Profile_IM_Image",
]


def _profile(number: int) -> dict[str, object]:
    values = (
        f"Nickname {number} 张三",
        "Gender_Type_Female",
        19900101 + number,
        "Shenzhen",
        "AllowType_Type_NeedConfirm",
        number,
        "A signature of an ordinary length",
        f"https://images.example.com/avatars/{number}/large.png",
    )
    items = [{"Tag": tag, "Value": value} for tag, value in zip(TAGS, values, strict=True)]
    return {"To_Account": ACCOUNTS[number], "ProfileItem": items, "ResultCode": 0, "ResultInfo": ""}


BODY = json.dumps(
    {
        "UserProfileItem": [_profile(number) for number in range(len(ACCOUNTS))],
        "ActionStatus": "OK",
        "ErrorCode": 0,
        "ErrorInfo": "",
        "ErrorDisplay": "",
    }
).encode()


def _respond(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n%s"
    return head % (len(body), body)


ANSWER = _respond(BODY)
_ITEMS = [json.dumps(_profile(number)["ProfileItem"]) for number in range(len(ACCOUNTS))]


def make_answer(request: bytes) -> bytes:
    """Answer with a profile for each account that was asked for; other calls get a hundred."""
    asked = json.loads(request).get("To_Account")
    if asked in (None, ACCOUNTS):
        return ANSWER
    profiles = ",".join(
        f'{{"To_Account":{json.dumps(account)},"ProfileItem":{items},"ResultCode":0}}'
        for account, items in zip(asked, _ITEMS, strict=False)
    )
    return _respond(f'{{"UserProfileItem":[{profiles}],"ErrorCode":0}}'.encode())


class CannedIMServer(asyncio.Protocol):
    """The protocol of one connection."""

    latency = 0.0
    arrivals: list[float]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not blank or len(body) < int(length or 0):
            return
        self._received = b""
        loop = asyncio.get_running_loop()
        self.arrivals.append(loop.time())
        loop.call_later(self.latency, self._transport.write, make_answer(body))


async def serve(latency: float) -> list[float]:
    """Serve until the input ends; return the times at which requests were complete (monotonic seconds)."""
    CannedIMServer.latency = latency
    CannedIMServer.arrivals = []
    server = await asyncio.get_running_loop().create_server(CannedIMServer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    return CannedIMServer.arrivals


class CannedIMProcess:
    """A canned server in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self._output: IO[str] = process.stdout
        self.url = f"http://localhost:{self._output.readline().strip()}"

    def stop(self) -> list[float]:
        """Stop it; return the times at which requests were complete."""
        output, _ = self._process.communicate()
        return [float(time) for time in json.loads(output or "[]")]


@contextmanager
def run_canned_im_server(latency: float) -> Iterator[CannedIMProcess]:
    """Run a canned server with a latency in seconds."""
    command = [sys.executable, __file__, str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield CannedIMProcess(process)
        finally:
            if process.poll() is None:
                process.kill()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(serve(float(sys.argv[1])))))
