// A thread in the panel: its first message, the replies, and a box for one more.
import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { MessageList } from "./message-list.js";
import { closePanel, openPanel } from "./panel.js";

const HINT = "Slash commands do not work in threads. Enter sends, Shift + Enter begins a new line";

let current = null; // the thread that is open: its conversation, the time stamp of its first message, its log

/**
 * Open the thread of a message; `actions` are what its log lets people do. `send(line)` sends a reply and `press` tells
 * of a press; both give in words why it was not taken, which is said here.
 */
export function openThread(conversation, ts, actions, { press, send }) {
  const composer = new Composer(send, { hint: HINT });
  const list = new MessageList(`Thread in ${conversation.shown}`, {
    ...actions, press: async (...what) => composer.showError(await press(...what)),
  });
  const name = ["Thread", el("small", {}, conversation.shown)];
  const content = el("div", { class: "conversation" }, list.element, composer.element);
  openPanel({ name, look: "narrow", content, leave: () => { current = null; } });
  current = { conversation, ts, list };
  for (const message of [conversation.messages.get(ts), ...conversation.listReplies(ts)]) list.update(message);
  list.show(true);
  composer.setLabel("Reply in thread");
  composer.focus();
}

/** Keep the open thread as its messages are: one was placed, or taken away. */
export function refreshThread(conversation, ts) {
  if (current?.conversation !== conversation) return;
  const message = conversation.messages.get(ts);
  if (!message) current.list.remove(ts);
  else if (ts === current.ts || message.thread_ts === current.ts) current.list.update(message);
}

/** Close the thread, if one is open; what else is in the panel stays. */
export function closeThread() {
  if (current) closePanel();
}
