"""Upload and download of files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.types import Receive, Scope, Send

from bot.playground.errors import SlackError
from bot.playground.faults.faults import FILE_URL, UPLOAD_URL, Redirect, SlackFault, answer_fault
from bot.playground.state.files import File
from bot.playground.workspace import Workspace

_CHUNK = 64 * 1024
_DRIP_SECONDS = 0.5
_LOGIN = "<!DOCTYPE html><title>Slack</title><p>Sign in to your workspace"
_EDITOR = "<!DOCTYPE html><title>Slack</title><p>This is a page, and not the file"


async def upload(workspace: Workspace, request: Request) -> Response:
    """Handle an upload: raw bytes, or a form with one file (files.getUploadURLExternal)."""
    title = f"{request.headers.get('Content-Length', 'some')} bytes"
    with workspace.inspector.recording("from_bot", UPLOAD_URL, title) as exchange:
        response = await _receive(workspace, request)
        exchange.outcome, exchange.answer = str(response.status_code), bytes(response.body).decode()
    return response


async def _receive(workspace: Workspace, request: Request) -> Response:
    if fault := await workspace.faults.inject(UPLOAD_URL, request):
        return fault
    try:
        async with _open(request) as chunks:
            file = await workspace.files.receive(request.path_params["ticket"], chunks, workspace.clock())
    except SlackError as error:
        return PlainTextResponse(error.code, error.status or 400)
    except ClientDisconnect:
        return PlainTextResponse("disconnected", 400)  # nobody reads it
    return PlainTextResponse(f"OK - {file.length}")


@asynccontextmanager
async def _open(request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open the bytes that are sent; a form without a file has none."""
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        yield request.stream()
        return
    async with request.form() as form:
        yield _read_file([value for value in form.values() if isinstance(value, UploadFile)])


async def _read_file(files: list[UploadFile]) -> AsyncIterator[bytes]:
    for file in files[:1]:
        while chunk := await file.read(_CHUNK):
            yield chunk


async def download(workspace: Workspace, request: Request) -> Response:
    """Handle a download, by the page with the file's key or by the bot with its token."""
    file = workspace.files.find(request.path_params["id"].rpartition("-")[2])
    if file is None:
        return PlainTextResponse("Not Found", 404)
    if request.query_params.get("key") == file.key:
        return _send(file)
    with workspace.inspector.recording("from_bot", FILE_URL, file.name) as exchange:
        response = await _answer(workspace, request, file)
        exchange.outcome = str(response.status_code)
    return response


async def show_login(_: Request) -> Response:
    """Show the login page."""
    return HTMLResponse(_LOGIN)


async def show_editor(_: Request) -> Response:
    """Show the page of a file, where people edit a snippet."""
    return HTMLResponse(_EDITOR)


async def _answer(workspace: Workspace, request: Request, file: File) -> Response:
    fault = await workspace.faults.take(FILE_URL)
    if refusal := await answer_fault(fault, request):
        return refusal
    if not _may_read(workspace, request, file):
        return RedirectResponse(f"{file.address}/signin?redir={quote(file.path, safe='')}", 302)
    redirect = workspace.faults.redirect
    if redirect and request.url.hostname != "localhost":
        address = file.address.replace("127.0.0.1", "localhost") + request.url.path
        return RedirectResponse(f"{address}?key={file.key}" if redirect is Redirect.SIGNED else address, 302)
    return _send(file, fault)


def _may_read(workspace: Workspace, request: Request, file: File) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    granted = token == workspace.app.bot_token and "files:read" in workspace.app.scopes
    return granted and workspace.is_open_to_app(file)


def _send(file: File, fault: SlackFault | None = None) -> Response:
    if file.content is None:
        return PlainTextResponse("Gone", 410)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{file.url_name}",
        "X-Content-Type-Options": "nosniff",
    }
    if fault is SlackFault.CUT:
        return _CutResponse(file.content.read_bytes(), media_type=file.mimetype, headers=headers)
    if fault is SlackFault.DRIP:
        headers["Content-Length"] = str(file.length)
        return StreamingResponse(_drip(file.content.read_bytes()), media_type=file.mimetype, headers=headers)
    return FileResponse(file.content, media_type=file.mimetype, headers=headers)


async def _drip(content: bytes) -> AsyncIterator[bytes]:
    for byte in content:
        yield bytes([byte])
        await asyncio.sleep(_DRIP_SECONDS)


class _CutResponse(Response):
    """A response that ends half-way: the server then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
