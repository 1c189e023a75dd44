// The page's line to the server: news over a WebSocket that comes back by itself, and what people do.

const SHORTEST = 250; // milliseconds before the first attempt to come back; doubled with each further one
const LONGEST = 4000;

/** Listen to the news for one person; `told(lost)` hears when the line is lost and when it is back. */
export function listen(me, hear, told, wait = SHORTEST) {
  const query = me ? `?as=${encodeURIComponent(me)}` : "";
  const socket = new WebSocket(`ws://${location.host}/page/events${query}`);
  let next = wait;
  socket.addEventListener("message", ({ data }) => {
    next = SHORTEST;
    told(false);
    hear(JSON.parse(data));
  });
  socket.addEventListener("close", () => {
    told(true);
    setTimeout(() => listen(me, hear, told, Math.min(next * 2, LONGEST)), next);
  });
}

const WORDS = {
  __proto__: null,
  account_inactive: "a deactivated account can send nothing",
  action_not_found: "this is no longer there",
  channel_not_found: "this person is not in the channel",
  message_not_found: "the message is gone",
  shortcut_not_found: "this person has no such shortcut",
  view_not_found: "the modal is closed",
};

/** Post what somebody did; gives an empty string, or in words why it was not taken. */
export async function post(path, body) {
  try {
    const answer = await fetch(`/page/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const { ok, error } = await answer.json();
    return ok ? "" : (WORDS[error] ?? error);
  } catch {
    return "the playground cannot be reached";
  }
}
