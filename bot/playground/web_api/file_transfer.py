"""Upload and download of files."""

from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.playground.errors import SlackError
from bot.playground.faults.faults import UPLOAD_URL
from bot.playground.state.files import File
from bot.playground.workspace import Workspace

_LOGIN = "<!DOCTYPE html><title>Slack</title><p>Sign in to your workspace"


async def upload(workspace: Workspace, request: Request) -> Response:
    """Handle an upload: raw bytes, or a form with one file (files.getUploadURLExternal)."""
    content = await _read(request)
    with workspace.inspector.recording("from_bot", UPLOAD_URL, f"{len(content)} bytes") as exchange:
        response = await _receive(workspace, request, content)
        exchange.outcome, exchange.answer = str(response.status_code), bytes(response.body).decode()
    return response


async def _read(request: Request) -> bytes:
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        # A form without a file has the wrong length.
        return await files[0].read() if files else b""


async def _receive(workspace: Workspace, request: Request, content: bytes) -> Response:
    if fault := await workspace.faults.inject(UPLOAD_URL, request):
        return fault
    try:
        workspace.files.receive(request.path_params["ticket"], content, workspace.clock())
    except SlackError as error:
        return PlainTextResponse(error.code, error.status or 400)
    return PlainTextResponse(f"OK - {len(content)}")


async def download(workspace: Workspace, request: Request) -> Response:
    """Handle a download by the page or the bot; others get Slack's login page."""
    file = workspace.files.find(request.path_params["id"])
    if file is None or file.content is None:
        return PlainTextResponse("Not Found", 404)
    if not _may_read(workspace, request, file):
        return HTMLResponse(_LOGIN)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(file.content, media_type=file.mimetype, headers=headers)


def _may_read(workspace: Workspace, request: Request, file: File) -> bool:
    if request.query_params.get("key") == file.key:
        return True
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return token == workspace.app.bot_token and "files:read" in workspace.app.scopes
