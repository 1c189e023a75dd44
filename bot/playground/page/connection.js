// Connections to the server: WebSockets that reconnect, and posts of actions.

const SHORTEST = 250; // milliseconds before the first reconnect; doubled for each further one
const LONGEST = 4000;

const UNKNOWN_PERSON = 4404; // the server's close code

/** Receive the events of a person; `report(state)` is called with `connected`, `lost` or, for an unknown person, `refused`. */
export function listen(me, receive, report) {
  return connect(`events${me ? `?as=${encodeURIComponent(me)}` : ""}`, receive, report);
}

/** Keep a WebSocket to a path open; returns the function that closes it. */
export function connect(path, receive, report = () => {}) {
  let wait = SHORTEST;
  let socket;
  let timer;
  const open = () => {
    socket = new WebSocket(`ws://${location.host}/page/${path}`);
    socket.addEventListener("message", ({ data }) => {
      wait = SHORTEST;
      report("connected");
      receive(JSON.parse(data));
    });
    socket.addEventListener("close", lose);
  };
  const lose = ({ code }) => {
    if (code === UNKNOWN_PERSON) {
      report("refused");
      return;
    }
    report("lost");
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST);
  };
  open();
  return () => {
    clearTimeout(timer);
    socket.removeEventListener("close", lose);
    socket.close();
  };
}

const ERROR_TEXT = {
  __proto__: null,
  account_inactive: "this account is deactivated",
  action_not_found: "this element no longer exists",
  channel_not_found: "this person is not in the channel",
  dispatch_failed: "no bot is connected; start it and try again",
  empty_file: "the file is empty",
  file_not_found: "the file no longer exists",
  file_too_large: "the file is larger than 1 GB",
  http_client_error: "the bot rejected the request; see its response in the inspector",
  http_service_error: "the bot failed; see its response in the inspector",
  invalid_options: "the bot sent invalid options; see the inspector",
  invalid_weather: "this fault setting does not exist; reload the page",
  message_not_found: "the message no longer exists",
  messages_tab_disabled: "the app's manifest lets nobody write here; see app_home in it",
  no_command_with_files: "slash commands take no files; send the file without a command",
  no_command_in_thread: "slash commands do not work in threads; run it in the conversation",
  operation_timeout: "the bot did not answer within 3 seconds; try again",
  query_too_short: "type a few more characters",
  shortcut_not_found: "this shortcut is not available to this person",
  storage_limit_reached: "this local Slack keeps 4 GB at most; restart it",
  view_not_found: "the modal is closed",
};

/** Post an action; returns the response, with the error text as `why`, empty on success. */
export const ask = (path, body) =>
  fetchAnswer(path, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function fetchAnswer(path, request) {
  try {
    const answer = await fetch(`/page/${path}`, { method: "POST", ...request });
    const content = await answer.json();
    return { ...content, why: content.ok ? "" : (ERROR_TEXT[content.error] ?? content.error) };
  } catch {
    return { why: "the playground cannot be reached" };
  }
}

/** Upload a person's file; returns the response, with the `file` and the error text as `why`, empty on success. */
export const upload = (person, file) => fetchAnswer(`upload?${new URLSearchParams({ as: person, name: file.name })}`,
  { headers: { "Content-Type": "application/octet-stream" }, body: file });

/** Post an action; returns the error text, empty on success. */
export const post = async (path, body) => (await ask(path, body)).why;
