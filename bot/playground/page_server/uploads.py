"""Uploads of people's files by the page."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bot.playground.errors import SlackError
from bot.playground.interactions.resolve import find_actor
from bot.playground.page_server.snapshots import serialize_file
from bot.playground.state.files import MOST_BYTES, File
from bot.playground.web_api.endpoint import find_address
from bot.playground.workspace import Workspace


async def receive_upload(workspace: Workspace, request: Request) -> Response:
    """Handle the upload of a person's file."""
    try:
        return JSONResponse({"ok": True, "file": serialize_file(await _receive(workspace, request))})
    except SlackError as error:
        return JSONResponse(error.body)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it


async def _receive(workspace: Workspace, request: Request) -> File:
    owner, name = find_actor(workspace, request.query_params), request.query_params.get("name")
    length = request.headers.get("Content-Length", "")
    # Requiring the content type rejects forms of other sites.
    if (
        request.headers.get("Content-Type") != "application/octet-stream"
        or not name
        or not length.isdecimal()
    ):
        raise SlackError("invalid_form_data")
    if not 0 < int(length) <= MOST_BYTES:
        raise SlackError("file_too_large" if int(length) else "empty_file")
    now = workspace.clock()
    file = workspace.files.create(owner, name, int(length), now, find_address(request))
    await workspace.files.receive(file.ticket, request.stream(), now)
    file.complete = True
    return file
