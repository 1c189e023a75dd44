"""Protocol of the web page: events over WebSockets, and actions posted as JSON.

`/page/events?as=<person id>` sends JSON objects, each with a `type`. It closes with 4404 for
an unknown person:

- `snapshot`, once: `team`, `me`, `people`, `channels`, `groups`, `commands`, `shortcuts`, `messages`,
  `home_enabled`: whether there is a Home tab, `hint`: what to type first, and `starters`: lines to send, each
  with `label`, `note`, `line` and the id of the `person` who sends it, or null.
- `message`, `message_changed`, `file_deleted`: a `message` with `channel`, `ts`, `at`, `from`, `text`,
  `mrkdwn` (whether the text has markup), `typed` (what the person typed, or null), `edited`, `blocks`,
  `ephemeral`, `command`, `error`, `thread_ts` (the first message of its thread, or null), `status` (what the
  bot is doing about it) and `files`, each with `id`, `name`, `title`, `mimetype`, `filetype`, `size`, the id
  of its `owner`, whether it is `deleted`, and the `url` it is downloaded from.
- `status`: `channel`, `ts` and the new `status` of a message, empty for none.
- `message_deleted`: `channel`, `ts`.
- `view`: the person's top modal `view`, null for none: `id`, `hash`, `title`, `submit`, `close`,
  `blocks`, `stack_depth`, `errors`, `problem`.
- `home`: the person's Home tab, a `view` with `id`, `hash`, `blocks`, `problem`; after the snapshot too.
- `weather`: `weather`, the list of fault controls, each with `name`, `label`, `setting` and `settings`, each
  of those with `name` and `label`. The snapshot has it too.

The inspector's WebSocket `/page/inspector` sends `records` with the latest exchanges, oldest first, then a
`record` for each finished exchange. `GET /page/inspector` has the `records` as well. One has `number`,
`direction` (`to_bot`, `from_bot`), `name` (the kind of payload, the Web API method, `response_url`,
`upload_url`, `file_url`), `title`, `at`, `took_ms`, `outcome` (an HTTP status, `acknowledged` or Slack's
error code), `sent`, `answer`, `ignored` (names of arguments that are dropped here), `problems` (of Block Kit,
each with `pointer`, `message`, and `house` for a rule of this project, not Slack) and `builder_url`, which
shows the blocks in Slack's Block Kit Builder, or null.

A person's actions are posted as JSON to `/page/<action>`, with `as`, the person's id; the response has `ok`
and, on failure, `error`:

- `send`: `channel`, `text`; `thread_ts` to reply in a thread, `files` with the ids of uploaded files. Links,
  addresses and `@handle` are marked.
- `delete_file`: `file`, the id of one's own.
- `edit`: `channel`, `ts`, `text`; of one's own messages.
- `open_app`: `channel`, the direct message with the bot; `tab`, `home` or `messages`. Sends app_home_opened.
- `press`: `block_id`, `action_id` and the value under the key it has in payloads; in a message
  `channel` and `ts`, in a modal or Home tab `view_id` and `state`.
- `suggest`: as `press`, with the typed text as `value`; the response has `options` or `option_groups`, as the
  bot gave them in its acknowledgement. It needs `min_query_length` characters, by default 3.
- `submit`: `view_id`, `state`, in which file inputs have the ids of uploaded `files`. `close`: `view_id`,
  `clear` for the whole stack.
- `shortcut`: `channel`, `callback_id`; `ts` for one on a message.
- `weather`: `dial`, the name of a fault control, and `setting`, the name of its new setting.

The bytes of a file are posted to `/page/upload?as=<person id>&name=<name>`, with the content type
`application/octet-stream`. The response has `ok` and the `file`, as in a message; nobody else sees it until
its id is sent.
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

UNKNOWN_PERSON = 4404
"""The code with which the WebSocket of an unknown person is closed."""


async def stream_events(workspace: Workspace, websocket: WebSocket) -> None:
    """Send a snapshot and then the events of a person to a page."""
    person = workspace.people.get(websocket.query_params.get("as") or VIEWER.id)
    if not _is_own_page(websocket):
        await websocket.close()
        return
    if person is None:
        await websocket.accept()  # a page cannot read why it was not accepted
        await websocket.close(UNKNOWN_PERSON)
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
    """List the latest exchanges, oldest first."""
    return JSONResponse({"records": list(workspace.inspector.exchanges)})


async def stream_exchanges(workspace: Workspace, websocket: WebSocket) -> None:
    """Send the latest exchanges and then each new one to a page."""
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
    """Handle an action or a query of the page."""
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
    """Send the queued objects until the page disconnects."""
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
    """Check the origin, since browsers let pages of other sites open WebSockets to loopback."""
    origin = websocket.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == websocket.headers.get("Host")


async def _read_body(request: Request) -> Mapping[str, Any]:
    """Read a JSON object; requiring the content type rejects forms of other sites."""
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise SlackError("invalid_form_data")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body
