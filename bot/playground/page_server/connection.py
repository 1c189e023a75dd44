"""The web page's side: what it is told over its WebSocket, and how it says what people do.

The page opens `/page/events?as=<person id>` and is sent JSON objects, told apart by `type`:

- `snapshot`, once: `team`, `me`, `people`, `channels`, `groups`, `commands`, `shortcuts`, `messages`, and
  `home_enabled`: whether there is a Home tab.
- `message`, `message_changed`: a `message` with `channel`, `ts`, `at`, `from`, `text`, `blocks`, `ephemeral`,
  `command`, `error`, `thread_ts` (the first message of its thread, or null) and `files`, each with `id`,
  `name`, `title`, `mimetype`, `filetype`, `size` and the `url` it is downloaded from.
- `message_deleted`: `channel`, `ts`.
- `view`: the modal's `view` now before the person, null for none: `id`, `hash`, `title`, `submit`, `close`,
  `blocks`, `stack_depth`, `errors`, `problem`.
- `home`: the person's Home tab, a `view` with `id`, `hash`, `blocks`, `problem`; after the snapshot too.
- `weather`: `weather`, a list of dials, each with `name`, `label`, `setting` and `settings`, each of those
  with `name` and `label`. The snapshot has it too.

The inspector's own WebSocket is `/page/inspector`: first `records` with the latest, oldest first, then a
`record` for each exchange that has ended. `GET /page/inspector` has the `records` as well. One has `number`,
`direction` (`to_bot`, `from_bot`), `name` (the kind of payload, the Web API method, `response_url`,
`upload_url`), `title`, `at`, `took_ms`, `outcome` (an HTTP status, `acknowledged` or Slack's word), `sent`,
`answer`, `problems` (the Block Kit check's, each with `pointer`, `message`, and `house` where only we mind)
and `builder_url`, which shows the blocks in Slack's Block Kit Builder, or null.

What a person does is posted as JSON to `/page/<deed>`, with `as`, the person's id; it is answered with `ok`
and, if it is refused, `error`:

- `send`: `channel`, `text`; `thread_ts` to reply in a thread. Links, addresses and `@handle` are marked.
- `open_app`: `channel`, the direct message with the bot; `tab`, `home` or `messages`. Tells the bot.
- `press`: what is pressed, `block_id`, `action_id` and the value under the key payloads have it; in a message
  `channel` and `ts`, in a modal or Home tab `view_id` and `state`.
- `suggest`: as `press`, with what was typed as `value`; the answer has `options` or `option_groups`, as the
  bot gave them in its acknowledgement. Asked from `min_query_length` characters on (3 unless it says).
- `submit`: `view_id`, `state`. `close`: `view_id`, `clear` for the whole stack.
- `shortcut`: `channel`, `callback_id`; `ts` for one on a message.
- `weather`: `dial`, `setting`, by their names.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.errors import SlackError
from bot.playground.interactions.actions import ACTIONS, QUERIES
from bot.playground.json_types import Json
from bot.playground.page_server.snapshots import make_snapshot, serialize_event
from bot.playground.people import VIEWER
from bot.playground.state.workspace_events import WorkspaceEvent
from bot.playground.web_api.endpoint import find_address
from bot.playground.workspace import Workspace


async def stream_events(workspace: Workspace, websocket: WebSocket) -> None:
    """Tell one page what the person it acts as can see, from a snapshot on."""
    person = workspace.people.get(websocket.query_params.get("as") or VIEWER.id)
    if person is None or not _is_own_page(websocket):
        await websocket.close()
        return
    queue: asyncio.Queue[Json] = asyncio.Queue()
    with workspace.subscribe(
        person.id, lambda event, subject: queue.put_nowait(serialize_event(workspace, event, subject))
    ):
        queue.put_nowait(make_snapshot(workspace, person))
        if view := workspace.modals.get_top(person.id):
            queue.put_nowait(serialize_event(workspace, WorkspaceEvent.VIEW, view))
        if home := workspace.home_tabs.get(person.id):
            queue.put_nowait(serialize_event(workspace, WorkspaceEvent.HOME, home))
        await _serve(queue, websocket)


async def list_exchanges(workspace: Workspace, _: Request) -> Response:
    """List what the inspector has, oldest first."""
    return JSONResponse({"records": list(workspace.inspector.exchanges)})


async def stream_exchanges(workspace: Workspace, websocket: WebSocket) -> None:
    """Tell one page what goes to the bot and comes from it, from what the inspector has on."""
    if not _is_own_page(websocket):
        await websocket.close()
        return
    queue: asyncio.Queue[Json] = asyncio.Queue()
    with workspace.inspector.subscribe(
        lambda exchange: queue.put_nowait({"type": "record", "record": exchange})
    ):
        queue.put_nowait({"type": "records", "records": list(workspace.inspector.exchanges)})
        await _serve(queue, websocket)


async def receive_action(workspace: Workspace, request: Request) -> Response:
    """Take what somebody does in the page."""
    name = request.path_params["action"]
    try:
        if ask := QUERIES.get(name):
            return JSONResponse({"ok": True, **await ask(workspace, await _read_body(request))})
        if begin := ACTIONS.get(name):
            task = begin(workspace, await _read_body(request), find_address(request))
            return JSONResponse({"ok": True}, background=task)
    except SlackError as error:
        return JSONResponse(error.body)
    return Response(status_code=404)


async def _serve(queue: asyncio.Queue[Json], websocket: WebSocket) -> None:
    """Send what is put into a queue until the page is gone."""
    await websocket.accept()
    sender = asyncio.create_task(_send_all(queue, websocket))
    try:
        async for _ in websocket.iter_text():
            pass
    finally:
        sender.cancel()


async def _send_all(queue: asyncio.Queue[Json], websocket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.send_json(await queue.get())


def _is_own_page(websocket: WebSocket) -> bool:
    """Keep out pages of other sites, which a browser lets open a WebSocket to loopback."""
    origin = websocket.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == websocket.headers.get("Host")


async def _read_body(request: Request) -> Mapping[str, Any]:
    """Read a JSON object; insisting on the content type keeps out forms of other sites."""
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise SlackError("invalid_form_data")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body
