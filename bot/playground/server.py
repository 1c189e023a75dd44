"""Web application of a workspace: Slack's API for the bot, and the page for people."""

from functools import partial
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from bot.playground.interactions import events, responses
from bot.playground.page_server import connection, uploads
from bot.playground.web_api import endpoint, file_transfer
from bot.playground.workspace import Workspace

PAGE = Path(__file__).with_name("page")
"""The folder of the web page."""

_POLICY = {"Content-Security-Policy": "default-src 'self'; connect-src 'self' ws:"}


def make_app(workspace: Workspace) -> Starlette:
    """Make the ASGI application that serves a workspace."""
    workspace.listener = partial(events.send_message_event, workspace)
    return Starlette(
        routes=[
            Route("/", _show_page),
            Route("/archives/{channel}/{message}", _show_channel),
            Route("/api/{method}", partial(endpoint.receive, workspace), methods=["GET", "POST"]),
            Route("/response/{ticket}", partial(responses.receive, workspace), methods=["POST"]),
            Route("/upload/v1/{ticket}", partial(file_transfer.upload, workspace), methods=["POST"]),
            Route("/files-pri/{id}/download/{name:path}", partial(file_transfer.download, workspace)),
            Route("/files-pri/{id}/{name:path}", partial(file_transfer.download, workspace)),
            Route("/files/{page:path}", file_transfer.show_editor),
            Route("/signin", file_transfer.show_login),
            WebSocketRoute("/link/", workspace.sockets.serve),
            WebSocketRoute("/page/events", partial(connection.stream_events, workspace)),
            WebSocketRoute("/page/inspector", partial(connection.stream_exchanges, workspace)),
            Route("/page/inspector", partial(connection.list_exchanges, workspace), methods=["GET"]),
            Route("/page/upload", partial(uploads.receive_upload, workspace), methods=["POST"]),
            Route("/page/{action}", partial(connection.receive_action, workspace), methods=["POST"]),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        # Rejects sites that point their own name at loopback (DNS rebinding).
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


async def _show_channel(request: Request) -> RedirectResponse:
    """Follow a link to a message as far as its channel."""
    return RedirectResponse(f"/#{quote(request.path_params['channel'])}")


async def _show_page(_: Request) -> FileResponse:
    return FileResponse(PAGE / "index.html", headers=_POLICY)
