// The page's lines to the server: news over WebSockets that come back by themselves, and what people do.

const SHORTEST = 250; // milliseconds before the first attempt to come back; doubled with each further one
const LONGEST = 4000;

/** Listen to the news for one person; `report(lost)` hears when the line is lost and when it is back. */
export function listen(me, receive, report) {
  return connect(`events${me ? `?as=${encodeURIComponent(me)}` : ""}`, receive, report);
}

/** Keep a line open to a path until it is hung up, which the function given back does. */
export function connect(path, receive, report = () => {}) {
  let wait = SHORTEST;
  let socket;
  let timer;
  const open = () => {
    socket = new WebSocket(`ws://${location.host}/page/${path}`);
    socket.addEventListener("message", ({ data }) => {
      wait = SHORTEST;
      report(false);
      receive(JSON.parse(data));
    });
    socket.addEventListener("close", lose);
  };
  const lose = () => {
    report(true);
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
  account_inactive: "a deactivated account can send nothing",
  action_not_found: "this is no longer there",
  channel_not_found: "this person is not in the channel",
  dispatch_failed: "no bot is connected; start it and try again",
  http_client_error: "the bot refused it; the inspector shows what it answered",
  http_service_error: "the bot failed; the inspector shows what it answered",
  invalid_options: "the bot offered something that Slack would not show; the inspector says what",
  invalid_weather: "there is no such weather; reload the page",
  message_not_found: "the message is gone",
  no_command_in_thread: "slash commands do not work in threads; run it in the conversation itself",
  operation_timeout: "the bot did not answer within 3 seconds; try again",
  query_too_short: "type a few more characters",
  shortcut_not_found: "this person has no such shortcut",
  view_not_found: "the modal is closed",
};

/** Post what somebody did; gives the answer, and in it as `why` in words why it was not taken. */
export async function ask(path, body) {
  try {
    const answer = await fetch(`/page/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const content = await answer.json();
    return { ...content, why: content.ok ? "" : (ERROR_TEXT[content.error] ?? content.error) };
  } catch {
    return { why: "the playground cannot be reached" };
  }
}

/** Post what somebody did; gives an empty string, or in words why it was not taken. */
export const post = async (path, body) => (await ask(path, body)).why;
