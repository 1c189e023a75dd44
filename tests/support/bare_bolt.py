"""A minimal Bolt app to compare with, as a program: `process-first`, `working`, `readme` or `socket`.

It imports nothing of the bot, so that its memory is Bolt's alone. `process-first` is served as the bot is,
and only acknowledges; `working` also asks ASKED_URL with ASKED_BODY, commits one row, and answers with
`respond()`.
`readme` is served by `App.start()`, as Bolt's README has it.
"""

import os
import signal
import socket
import sys
from typing import Any

from slack_bolt import Ack, App, BoltRequest, Respond
from slack_sdk import WebClient

THREADS = 8
"""As many threads as the bot has."""


def make_app(*, process_first: bool) -> App:
    # Removed from the environment: Bolt complains of two tokens.
    slack = WebClient(os.environ.pop("SLACK_BOT_TOKEN"), base_url=os.environ["SLACK_API_URL"])
    return App(
        client=slack,
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        process_before_response=process_first,
    )


def make_acknowledging_app(*, process_first: bool) -> App:
    app = make_app(process_first=process_first)

    @app.command("/im")
    def acknowledge(ack: Ack) -> None:
        ack()

    return app


def make_working_app() -> App:
    """Make an app that does what a command needs at the least, each in the ordinary way."""
    import sqlite3  # noqa: PLC0415 - the others need none of these
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415
    from threading import Lock  # noqa: PLC0415

    import requests  # noqa: PLC0415

    app, asking, writing, pool = (
        make_app(process_first=True),
        requests.Session(),
        Lock(),
        ThreadPoolExecutor(16),
    )
    record = sqlite3.connect("bare.db", check_same_thread=False)
    record.execute("PRAGMA journal_mode = WAL")
    record.execute("PRAGMA synchronous = FULL")
    record.execute("CREATE TABLE IF NOT EXISTS entries (sequence INTEGER PRIMARY KEY, content TEXT)")

    def work(text: str, respond: Respond) -> None:
        answer = asking.post(os.environ["ASKED_URL"], data=os.environ["ASKED_BODY"], timeout=5).json()
        with writing, record:
            record.execute("INSERT INTO entries (content) VALUES (?)", (f"{text} {'x' * 400}",))
        respond(text=str(answer["UserProfileItem"])[:3000], response_type="ephemeral")

    @app.command("/im")
    def run(ack: Ack, command: dict[str, Any], respond: Respond) -> None:
        pool.submit(work, command["text"], respond)
        ack()

    return app


def serve(app: App) -> None:
    """Serve over HTTP with waitress on a free port, which is printed."""
    from waitress.server import create_server  # noqa: PLC0415 - Socket Mode needs no server

    def site(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = {
            name[5:].replace("_", "-").lower(): environ[name] for name in environ if name[:5] == "HTTP_"
        }
        headers["content-type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        response = app.dispatch(BoltRequest(body=body, headers=headers))
        content = response.body.encode()
        given = [(name, value) for name, values in response.headers.items() for value in values]
        start_response(f"{response.status} OK", [*given, ("Content-Length", str(len(content)))])
        return [content]

    listener = socket.create_server(("127.0.0.1", 0))
    server = create_server(site, sockets=[listener], threads=THREADS, ident=None)
    print(listener.getsockname()[1], flush=True)
    server.run()


def connect(app: App) -> None:
    """Stay connected over Socket Mode."""
    from slack_bolt.adapter.socket_mode import SocketModeHandler  # noqa: PLC0415 - HTTP needs none

    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).connect()  # type: ignore[no-untyped-call]
    print("connected", flush=True)
    signal.pause()


def start(app: App) -> None:
    """Serve over HTTP with Bolt's own server on a free port, which is printed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    print(port, flush=True)
    app.start(port=port, http_server_logger_enabled=False)


if __name__ == "__main__":
    how = sys.argv[1]
    ways = {"process-first": serve, "working": serve, "readme": start, "socket": connect}
    app = (
        make_working_app()
        if how == "working"
        else make_acknowledging_app(process_first=how == "process-first")
    )
    ways[how](app)
