"""The checks of the guided run: facts that only a workspace can settle, in the order of the docs."""

import json
from collections.abc import Callable
from typing import Any

import requests

from bot.slack.api.errors import SlackCallError
from bot.slack.api.people import SlackPeople
from tests.field.run import OK, Check, FieldRun, Observed, Payload, SkippedError
from tests.support.slack import make_buttons, make_input, make_text, make_view

TIMEOUT = 30
CONTENT = b"id,nickname\r\nalice,Anna\r\n"
URL_USES = 5
BURST = 8
LEAST_TEXT, MOST_TEXT, STEP = 9_000, 14_000, 50
"""Between which sizes the longest text of blocks is looked for, and how exactly."""
OUR_TEXT, REPORTED_TEXT = 9_500, 11_341
"""The limit that the bot keeps to, and the shortest text that is known to be refused."""


def answer_command_twice(run: FieldRun) -> Observed:
    url = _ask(run)
    codes = run.respond(url, "Working …"), run.respond(url, "Done", replace_original=True)
    return Observed(_list(codes), codes == (OK, OK))


def use_url_six_times(run: FieldRun) -> Observed:
    url = _ask(run)
    codes = [run.respond(url, f"Answer {number}") for number in range(1, URL_USES + 2)]
    return Observed(_list(codes), codes[:-1] == [OK] * URL_USES and codes[-1] != OK)


def replace_pressed_message(run: FieldRun) -> Observed:
    ts = run.post("A message with a button", blocks=make_buttons("press"))
    pressed = run.need("block_actions", "Press the button of the new message")
    code = run.respond(pressed["response_url"], "Replaced", replace_original=True)
    return Observed(f"{code}; read back: {_read_back(run, ts)}", code == OK)


def compare_teams(run: FieldRun) -> Observed:
    asked = run.need("command", f"Type {run.command} hello into the channel")["team_id"]
    pressed = run.press()["user"].get("team_id")
    if asked == pressed:
        raise SkippedError("command and press have the same team id: it takes a person of two workspaces")
    is_own = asked in SlackPeople(run.slack).get_identity().home
    return Observed(f"the press has another team id; the command has the bot's: {is_own}", is_own)


def show_status(run: FieldRun) -> Observed:
    ts = run.post("A message with a status")
    return _took(
        run.try_call(
            "assistant.threads.setStatus", channel_id=run.channel, thread_ts=ts, status="is checking this…"
        )
    )


def post_ephemeral_in_new_thread(run: FieldRun) -> Observed:
    ts = run.post("A message without replies")
    return _took(run.post_ephemeral("An ephemeral reply", thread_ts=ts))


def post_ephemeral_and_reload(run: FieldRun) -> Observed:
    code = run.post_ephemeral("This is for you alone")
    run.let("Find “This is for you alone”, then reload Slack (Ctrl or Cmd and R)")
    return _took(code)


def post_ephemerals_in_a_burst(run: FieldRun) -> Observed:
    codes = [_try_ephemeral(run, f"{number} of {BURST}") for number in range(1, BURST + 1)]
    return Observed(_list(codes), set(codes) == {OK})


def update_with_long_texts(run: FieldRun) -> Observed:
    place = {"channel": run.channel, "ts": run.post("A text that grows")}
    # Two bytes each, so that bytes and characters differ.
    long, longest = ("é" * 1900, "é" * 2000 + "x")
    codes = (
        run.try_call("chat.update", **place, text=long),
        run.try_call("chat.update", **place, text=longest),
    )
    said = f"3,800 bytes: {codes[0]}; 4,001 bytes in 2,001 characters: {codes[1]}"
    return Observed(said, codes == (OK, "msg_too_long"))


def find_longest_text_of_blocks(run: FieldRun) -> Observed:
    taken, refused, codes = LEAST_TEXT, MOST_TEXT, set()
    while refused - taken > STEP:
        size = (taken + refused) // 2
        code = run.try_post("Long blocks", blocks=_make_sections(size))
        taken, refused = (size, refused) if code == OK else (taken, size)
        codes.add(code)
    fits = codes == {OK, "msg_blocks_too_long"} and refused > OUR_TEXT and taken < REPORTED_TEXT
    return Observed(f"{taken:,} characters: ok; {refused:,}: {_list(codes - {OK})}", fits)


def post_data_table(run: FieldRun) -> Observed:
    rows = [[{"type": "raw_text", "text": text}] for text in ("id", *(f"user_{n}" for n in range(100)))]
    code = run.try_post("A data table", blocks=[{"type": "data_table", "caption": "Accounts", "rows": rows}])
    return Observed(code, code == OK)


def post_two_tables(run: FieldRun) -> Observed:
    rows = [[{"type": "raw_text", "text": text}] for text in ("id", "alice")]
    code = run.try_post("Two tables", blocks=[{"type": "table", "rows": rows}] * 2)
    return Observed(code, code == "invalid_attachments")


def upload_raw_and_in_a_form(run: FieldRun) -> Observed:
    raw, in_a_form = _upload(run, data=CONTENT), _upload(run, files={"filename": ("accounts.csv", CONTENT)})
    said = f"raw: {_say(raw)}; in a form: {_say(in_a_form)}"
    return Observed(said, raw is not None and in_a_form is not None)


def download_without_right(run: FieldRun) -> Observed:
    file = _upload(run, data=CONTENT)
    url = file.get("url_private_download") if file else None
    if not url:
        raise SkippedError("Slack gave no url_private_download")
    with_token, without = _download(url, {"Authorization": f"Bearer {run.slack.token}"}), _download(url, {})
    return Observed(f"with the token: {with_token}; without: {without}", without == "200 text/html")


def mention_with_a_file(run: FieldRun) -> Observed:
    mention = run.wait_for(
        "app_mention", "Attach any small file to a message that mentions the bot in the channel: @im-bot file"
    )
    if mention is None:
        return Observed("no app_mention", fits=False)
    listed = bool(mention["event"].get("files"))
    return Observed("listed" if listed else "left out", listed)


def mention_in_a_group_message(run: FieldRun) -> Observed:
    mention = run.wait_for(
        "app_mention", "Mention the bot in a group direct message with it and one more person: @im-bot hello"
    )
    if mention is None:
        return Observed("no app_mention", fits=False)
    kind = mention["event"].get("channel_type")
    return Observed(f"app_mention, channel_type: {kind}", kind is None)


def start_with_the_conversation(run: FieldRun) -> Observed:
    trigger = run.press()["trigger_id"]
    loading = make_view(_TEXT, callback_id="asking")
    view_id = run.call("views.open", trigger_id=trigger, view=loading)["view"]["id"]
    element = {"type": "conversations_select", "default_to_current_conversation": True}
    view = make_view({**make_input("where", element), "optional": True}, callback_id="asking")
    run.call("views.update", view_id=view_id, view=view)
    values = run.need("view_submission", "Choose nothing else, press Go")["view"]["state"]["values"]
    ((chosen,),) = (block.values() for block in values.values())
    is_here = chosen["selected_conversation"] == run.channel
    return Observed(f"the conversation is chosen: {is_here}", is_here)


def close_with_and_without_notice(run: FieldRun) -> Observed:
    _open_form(run, make_view(_TEXT, callback_id="silent", close=make_text("Close")))
    silent = run.let("Close the form", "view_closed")
    _open_form(run, make_view(_TEXT, callback_id="reported", close=make_text("Close"), notify_on_close=True))
    reported = run.wait_for("view_closed", "Close this form too")
    said = f"without notify_on_close: {_name(silent)}; with it: {_name([reported] if reported else [])}"
    return Observed(said, not silent and reported is not None)


def close_a_stack(run: FieldRun) -> Observed:
    blocks = make_buttons("next")
    _open_form(run, make_view(*blocks, callback_id="first", notify_on_close=True))
    trigger = run.need("block_actions", "Press the button in the form")["trigger_id"]
    view = make_view(_TEXT, callback_id="second", notify_on_close=True)
    run.call("views.push", trigger_id=trigger, view=view)
    closed = run.let("Close all of it with the cross at the top right, not with a button", "view_closed")
    said = f"view_closed: {_name(closed)}, is_cleared: {_list(each.get('is_cleared') for each in closed)}"
    return Observed(said, _name(closed) == "first" and closed[0].get("is_cleared") is True)


def submit_nothing(run: FieldRun) -> Observed:
    _open_form(run, make_view(make_input("id", {"type": "plain_text_input"}), callback_id="asking"))
    submitted = run.let("Leave the field empty, press Go, look, then close the form", "view_submission")
    return Observed(f"view_submission: {_name(submitted)}", not submitted)


def edit_a_mention(run: FieldRun) -> Observed:
    first, second = _mention_and_edit(run)
    if second is None:
        return Observed("no second event", fits=False)
    same = {key: first["event"].get(key) == second["event"].get(key) for key in ("ts", "event_ts")}
    has = "edited" in second["event"]
    is_new = first["event_id"] != second["event_id"]
    said = f"new event_id: {is_new}; same ts: {same['ts']}; same event_ts: {same['event_ts']}; edited: {has}"
    return Observed(said, is_new and same["ts"] and has)


def describe_typed_message(run: FieldRun) -> Observed:
    first, second = _mention_and_edit(run)
    if second is None:
        raise SkippedError("no second event")
    ids = [each["event"].get("client_msg_id") for each in (first, second)]
    kinds = [block["type"] for block in first["event"].get("blocks", ())]
    said = f"client_msg_id: {ids[0] is not None}; kept: {ids[0] == ids[1]}; blocks: {_list(kinds)}"
    return Observed(said, ids[0] is not None and ids[0] == ids[1] and kinds == ["rich_text"])


def type_a_less_than_sign(run: FieldRun) -> Observed:
    event = run.need("app_mention", "Mention the bot in a message with a <, such as: @im-bot 1 < 2")["event"]
    escaped = {"text": "&lt;" in event["text"], "block": "&lt;" in json.dumps(event.get("blocks"))}
    said = f"escaped in the text: {escaped['text']}; in the block: {escaped['block']}"
    return Observed(said, escaped == {"text": True, "block": False} and "blocks" in event)


def count_repeated_envelopes(run: FieldRun) -> Observed:
    if not run.repeated:
        raise SkippedError(f"none of {run.received} came twice, which proves nothing")
    return Observed(f"{run.repeated} of {run.received} came twice")


def list_scopes(run: FieldRun) -> Observed:
    scopes = SlackPeople(run.slack).get_identity().scopes
    return Observed(f"{len(scopes)} scopes", bool(scopes))


CHECKS = (
    Check(
        "A response URL works five times within 30 minutes",
        use_url_six_times,
    ),
    Check(
        "`replace_original` at the URL of a pressed message replaces that message",
        replace_pressed_message,
        "What became of the message with the button?",
        ("It says “Replaced”", "It stayed, and “Replaced” came below it", "It stayed, and nothing came"),
    ),
    Check(
        "`replace_original` at the URL of a slash command posts a new message; a blog says that it replaces "
        "the one before",
        answer_command_twice,
        "What do you see below your command?",
        ("“Working …” and “Done”", "“Done” alone"),
    ),
    Check(
        "In an Enterprise organization `user.team_id` of presses and submissions is always the same one of a "
        "person's workspaces; commands have the right one (bolt-js 1875)",
        compare_teams,
    ),
    Check(
        "An ephemeral message in a thread is shown only if the thread has replies; there is no error "
        "otherwise",
        post_ephemeral_in_new_thread,
        "Where do you see “An ephemeral reply”? Open the thread of “A message without replies”, too.",
        ("Nowhere", "In the thread", "In the channel"),
    ),
    Check(
        "`assistant.threads.setStatus` takes any message's time stamp, with the scope `chat:write`; the "
        "status goes when the app posts to that thread",
        show_status,
        "Where do you see that the bot “is checking this…”? Look into its thread, too.",
        ("At the message or in its thread", "Nowhere"),
    ),
    Check(
        "Ephemeral messages are gone after a reload",
        post_ephemeral_and_reload,
        "Is “This is for you alone” still there?",
        ("It is gone", "It is still there"),
    ),
    Check(
        "Ephemeral messages are limited by calls a minute (tier 4), posts to about one a second and channel "
        "after a burst",
        post_ephemerals_in_a_burst,
    ),
    Check(
        "`chat.update` refuses more than 4,000 bytes of text with `msg_too_long`; its page says characters",
        update_with_long_texts,
    ),
    Check(
        "The text of all blocks together is limited with `msg_blocks_too_long`, between 9,600 and 11,300 "
        "characters",
        find_longest_text_of_blocks,
    ),
    Check(
        "A message has at most one table; a second is refused with `invalid_attachments`",
        post_two_tables,
    ),
    Check(
        "A message takes `data_table` blocks: a header and at most 100 rows, 20,000 characters together, no "
        "rich text in the header. Some workspaces may not have them yet",
        post_data_table,
    ),
    Check(
        "An upload URL takes raw bytes or a form with one file",
        upload_raw_and_in_a_form,
    ),
    Check(
        "A file's address redirects a caller that may not read it, such as a token without `files:read`, to "
        "the login page, whose status is 200",
        download_without_right,
    ),
    Check(
        "The event of a mention lists `files` (bolt-js 2056). Some saw it without them (hermes-agent 77141, "
        "background-agents 1693), or no event before an edit (bolt-python 925)",
        mention_with_a_file,
    ),
    Check(
        "A mention in one is an `app_mention` without `channel_type`. A project that waits for "
        "`message.mpim` alone (cli-jaw 651) has not tried it in a workspace",
        mention_in_a_group_message,
    ),
    Check(
        "`default_to_current_conversation` also works in a view that comes by `views.update`. Its page "
        "speaks of the opened modal alone; an empty choice would get a direct message",
        start_with_the_conversation,
    ),
    Check(
        "Closing a view reports it only with `notify_on_close`",
        close_with_and_without_notice,
    ),
    Check(
        "Closing the whole stack reports its first view alone, with `is_cleared`",
        close_a_stack,
    ),
    Check(
        "A required input without a value is named at the input, and nothing is submitted",
        submit_nothing,
        "What happened when you pressed Go?",
        ("The form stayed, with an error at the field", "The form stayed, with no error", "The form closed"),
    ),
    Check(
        "An edited mention is an event of its own: a new `event_id`, the message's `ts`, and `edited`",
        edit_a_mention,
    ),
    Check(
        "A message that a person typed comes with a `client_msg_id`, which an edit keeps, and with one "
        "`rich_text` block",
        describe_typed_message,
    ),
    Check(
        "The text of that block is not escaped, unlike the message's `text`",
        type_a_less_than_sign,
    ),
    Check(
        "Socket Mode delivers some envelopes twice",
        count_repeated_envelopes,
    ),
    Check(
        "The responses of the Web API list the token's scopes in a header",
        list_scopes,
    ),
)
"""Every check; the person skips those that they cannot make."""

_TEXT = {"type": "section", "text": make_text("Nothing to fill in")}


def _ask(run: FieldRun) -> str:
    """Return the response URL of a new slash command."""
    url: str = run.need("command", f"Type {run.command} hello into the channel")["response_url"]
    return url


def _mention_and_edit(run: FieldRun) -> tuple[Payload, Payload | None]:
    """Return the event of a mention, and that of its edit."""
    first = run.need("app_mention", "Mention the bot in a message to the channel, such as: @im-bot hello")
    return first, run.wait_for("app_mention", "Edit that message, and keep the mention")


def _took(code: str) -> Observed:
    return Observed(code, code == OK)


def _list(words: Any) -> str:
    return ", ".join(map(str, words)) or "none"


def _name(payloads: list[dict[str, Any]]) -> str:
    return _list(payload["view"]["callback_id"] for payload in payloads)


def _try_ephemeral(run: FieldRun, text: str) -> str:
    """Post an ephemeral message at once, without waiting as long as Slack asks."""
    try:
        run.slack.call("chat.postEphemeral", channel=run.channel, user=run.person, text=text)
    except SlackCallError as error:
        return error.reason
    return OK


def _read_back(run: FieldRun, ts: str) -> str:
    """Return a message's text, or why the token may not read it."""
    try:
        found = run.call("conversations.history", channel=run.channel, latest=ts, inclusive=True, limit=1)
    except SlackCallError as error:
        return error.reason
    return str(found["messages"][0]["text"])


def _make_sections(size: int) -> list[dict[str, Any]]:
    """Make blocks that hold so many characters together."""
    parts = [min(2500, size - start) for start in range(0, size, 2500)]
    return [{"type": "section", "text": make_text("x" * part)} for part in parts]


def _upload(run: FieldRun, **body: Any) -> dict[str, Any] | None:
    """Upload a file that only the bot sees; return what Slack says of it, None if it refuses the content."""
    place = run.call("files.getUploadURLExternal", filename="accounts.csv", length=len(CONTENT))
    if not _send(lambda: requests.post(place["upload_url"], timeout=TIMEOUT, **body)).ok:
        return None
    named = json.dumps([{"id": place["file_id"], "title": "accounts.csv"}])
    file: dict[str, Any] = run.call("files.completeUploadExternal", files=named)["files"][0]
    return file


def _say(file: dict[str, Any] | None) -> str:
    return "refused" if file is None else OK


def _download(url: str, headers: dict[str, str]) -> str:
    """Return the status and the kind of what a file's URL gives."""
    answer = _send(lambda: requests.get(url, headers=headers, timeout=TIMEOUT))
    return f"{answer.status_code} {answer.headers.get('Content-Type', '').partition(';')[0]}"


def _send(send: Callable[[], requests.Response]) -> requests.Response:
    try:
        return send()
    except requests.RequestException as error:
        # Without its text, which holds the URL.
        raise SkippedError(type(error).__name__) from None


def _open_form(run: FieldRun, view: dict[str, Any]) -> None:
    run.call("views.open", trigger_id=run.press()["trigger_id"], view=view)
