// A thread in the panel: its parent message, replies and composer.
import { takeDrops } from "./attachments.js";
import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { MessageList } from "./message-list.js";
import { closePanel, openPanel } from "./panel.js";

const HINT = "Slash commands do not work in threads. Enter sends, Shift + Enter starts a new line";

let current = null; // the open thread: its conversation, the timestamp of its parent message, its list

/**
 * Open the thread of a message. `send(line)` posts a reply and `press` an action; both return the error text, which is
 * shown in the thread.
 */
export function openThread(conversation, ts, actions, { press, send }) {
  const composer = new Composer(send, { hint: HINT });
  const list = new MessageList(`Thread in ${conversation.shown}`, {
    ...actions, press: async (...what) => composer.showError(await press(...what)),
  });
  const content = el("div", { class: "conversation" }, list.element, composer.element);
  takeDrops(content, (files) => composer.files.add(files));
  const name = ["Thread", el("small", {}, conversation.shown)];
  openPanel({ name, look: "narrow", content, leave: () => { current = null; } });
  current = { conversation, ts, list };
  for (const message of [conversation.messages.get(ts), ...conversation.listReplies(ts)]) list.update(message);
  list.show(true);
  composer.setLabel("Reply in thread");
  composer.focus();
}

/** Update the open thread after a message was changed or removed. */
export function refreshThread(conversation, ts) {
  if (current?.conversation !== conversation) return;
  const message = conversation.messages.get(ts);
  if (!message) current.list.remove(ts);
  else if (ts === current.ts || message.thread_ts === current.ts) current.list.update(message);
}

/** Close the open thread, but no other content of the panel. */
export function closeThread() {
  if (current) closePanel();
}
