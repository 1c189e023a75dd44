"""The Web API methods for files: announce one, finish its upload, ask about it."""

import json
from typing import Any

from bot.playground.errors import RefusedError
from bot.playground.json_types import Json
from bot.playground.people import BOT, Channel
from bot.playground.state.messages import Draft
from bot.playground.state.serializers import describe_file
from bot.playground.web_api.calls import Call


def get_upload_url(call: Call) -> Json:
    """Announce a file (https://docs.slack.dev/reference/methods/files.getUploadURLExternal)."""
    name, length = str(call.arguments.get("filename") or ""), str(call.arguments.get("length", ""))
    if not name or not length.isdecimal() or not int(length):
        raise RefusedError("missing_argument")
    file = call.workspace.files.announce(name, int(length), call.workspace.clock(), call.address)
    return {"upload_url": f"{call.address}/upload/v1/{file.ticket}", "file_id": file.id}


def complete_upload(call: Call) -> Json:
    """Finish uploads and share the files (https://docs.slack.dev/reference/methods/files.completeUploadExternal)."""
    wanted = _read_list(call.arguments.get("files"))
    channels = [_find_channel(call, id_) for id_ in _list_channels(call)]
    threads = [call.find_thread(channel) for channel in channels]
    files = [call.workspace.files.get_sent(entry.get("id")) for entry in wanted]
    for channel in channels:
        call.workspace.posting.take(channel.id, call.workspace.clock())
    for file, entry in zip(files, wanted, strict=True):
        file.title = str(entry.get("title") or file.name)
        file.complete = True
    draft = Draft(str(call.arguments.get("initial_comment") or ""))
    for channel, thread in zip(channels, threads, strict=True):
        for file in files:
            file.shared_in.append(channel.id)
        call.workspace.post(channel, BOT, draft, thread_ts=thread, files=tuple(files))
    return {"files": [describe_file(file) for file in files]}


def get_info(call: Call) -> Json:
    """Tell about a file (https://docs.slack.dev/reference/methods/files.info)."""
    if (file := call.workspace.files.find(call.arguments.get("file"))) is None:
        raise RefusedError("file_not_found")
    return {"file": describe_file(file), "comments": []}


def _list_channels(call: Call) -> list[str]:
    named = (call.arguments.get("channel_id"), *str(call.arguments.get("channels") or "").split(","))
    return [str(id_) for id_ in named if id_]


def _find_channel(call: Call, id_: str) -> Channel:
    channel = call.workspace.channels.get(id_)
    if channel is None:
        raise RefusedError("channel_not_found")
    if BOT.id not in channel.members:
        raise RefusedError("not_in_channel")
    return channel


def _read_list(value: Any) -> list[Json]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise RefusedError("invalid_arguments") from None
    if not (isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value)):
        raise RefusedError("invalid_arguments")
    return value
