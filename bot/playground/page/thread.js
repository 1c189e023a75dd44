// A thread in the panel: its first message, the replies, and a box for one more.
import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { Log } from "./log.js";
import { closePanel, openPanel } from "./panel.js";

const HINT = "Slash commands do not work in threads. Enter sends, Shift + Enter begins a new line";

let now = null; // the thread that is open: its room, the time stamp of its first message, its log

/**
 * Open the thread of a message; `deeds` are what its log lets people do. `send(line)` sends a reply and `press` tells
 * of a press; both give in words why it was not taken, which is said here.
 */
export function openThread(room, ts, deeds, { press, send }) {
  const composer = new Composer(send, { hint: HINT });
  const log = new Log(`Thread in ${room.shown}`, {
    ...deeds, press: async (...what) => composer.complain(await press(...what)),
  });
  const name = ["Thread", el("small", {}, room.shown)];
  const content = el("div", { class: "conversation" }, log.element, composer.element);
  openPanel({ name, look: "narrow", content, leave: () => { now = null; } });
  now = { room, ts, log };
  for (const message of [room.messages.get(ts), ...room.listReplies(ts)]) log.place(message);
  log.show(true);
  composer.aim("Reply in thread");
  composer.focus();
}

/** Keep the open thread as its messages are: one was placed, or taken away. */
export function refreshThread(room, ts) {
  if (now?.room !== room) return;
  const message = room.messages.get(ts);
  if (!message) now.log.remove(ts);
  else if (ts === now.ts || message.thread_ts === now.ts) now.log.place(message);
}

/** Close the thread, if one is open; what else is in the panel stays. */
export function closeThread() {
  if (now) closePanel();
}
