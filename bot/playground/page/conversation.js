// A conversation: its link in the sidebar, its log, its threads, and what is unread in it.
import { el } from "./dom.js";
import { MessageList } from "./message-list.js";
import { avatar } from "./workspace.js";

export class Conversation {
  /** Begin empty; `actions` are what the log lets people do, and `bookmark` is where what was read is remembered. */
  constructor({ id, name, kind, shared }, actions, bookmark) {
    this.id = id;
    this.shared = shared;
    this.direct = kind === "direct";
    this.shown = this.direct ? name : `#${name}`;
    this.bookmark = bookmark;
    this.messages = new Map(); // by time stamp
    this.threads = new Map(); // the replies to a message, by its time stamp
    this.last = "";
    this.unread = 0;
    this.count = el("span", { class: "count" });
    this.link = el("a", { href: `#${id}` },
      this.direct ? avatar(id, name) : el("span", { class: "sign", "aria-hidden": "true" }, "#"),
      el("span", { class: "name" }, name), shared ? el("small", {}, "shared") : [], this.count);
    const start = [el("h3", {}, this.shown),
      el("p", {}, `This is the very beginning of ${this.shown}. Try `, el("code", {}, "/im profile alice bob_k nobody"))];
    this.list = new MessageList(`Messages in ${this.shown}`, actions, start);
  }

  /** Show a message in the log, or as one more reply to its thread's first. */
  update(message) {
    this.messages.set(message.ts, message);
    const first = message.thread_ts !== message.ts && this.messages.get(message.thread_ts);
    if (first) this.threads.set(first.ts, (this.threads.get(first.ts) ?? new Map()).set(message.ts, message));
    this.list.update(first || message, this.listReplies((first || message).ts));
  }

  /** Take a message away; while there are replies to it, something stands in its place. */
  remove(ts) {
    const message = this.messages.get(ts);
    this.messages.delete(ts);
    this.threads.get(message?.thread_ts)?.delete(ts);
    const first = this.messages.get(message?.thread_ts);
    if (first) this.list.update(first, this.listReplies(first.ts));
    else if (this.listReplies(ts).length) this.update({ ...message, ...GONE });
    else this.list.remove(ts);
  }

  listReplies(ts) {
    return [...(this.threads.get(ts)?.values() ?? [])];
  }

  /** Note that a message has arrived; it is read at once if the room is open. */
  arrive(message, open) {
    this.last = message.ts;
    if (open) this.read();
    else if (message.ts > (sessionStorage.getItem(this.bookmark) ?? "")) this.mark(this.unread + 1);
  }

  // Kept for the tab, since switching to another person and back loads the page anew.
  read() {
    sessionStorage.setItem(this.bookmark, this.last);
    this.mark(0);
  }

  mark(unread) {
    this.unread = unread;
    this.link.classList.toggle("unread", unread > 0);
    this.count.replaceChildren(...(unread ? [String(unread), el("span", { class: "unseen" }, " unread")] : []));
  }
}

const GONE = { text: "_This message was deleted._", blocks: null, files: [], command: null, gone: true };
