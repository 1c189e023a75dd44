// A conversation: its sidebar link, message list, threads and unread count.
import { el } from "./dom.js";
import { MessageList } from "./message-list.js";
import { makeStarters } from "./starters.js";
import { avatar } from "./workspace.js";

export class Conversation {
  /** Make an empty conversation; `actions` are those of its messages, `bookmark` is the storage key of its last read message. */
  constructor({ id, name, kind, shared }, actions, bookmark, hint) {
    this.id = id;
    this.shared = shared;
    this.direct = kind === "direct";
    this.isChannel = kind === "channel";
    this.shown = this.isChannel ? `#${name}` : name;
    this.bookmark = bookmark;
    this.messages = new Map(); // by timestamp
    this.threads = new Map(); // replies by the timestamp of their parent message
    this.last = "";
    this.unread = 0;
    this.count = el("span", { class: "count" });
    this.link = el("a", { href: `#${id}` },
      this.isChannel ? el("span", { class: "sign", "aria-hidden": "true" }, "#") : avatar(id, name),
      el("span", { class: "name" }, name), shared ? el("small", {}, "shared") : [], this.count);
    const starters = makeStarters();
    const start = [el("h3", {}, this.shown),
      el("p", {}, `This is the very beginning of ${this.shown}. `, starters ? "Press one, or type it:" : ["Try ", el("code", {}, hint)]),
      starters];
    this.list = new MessageList(`Messages in ${this.shown}`, actions, start);
  }

  /** Add or update a message, or a reply of its thread. */
  update(message) {
    this.messages.set(message.ts, message);
    const first = message.thread_ts !== message.ts && this.messages.get(message.thread_ts);
    if (first) this.threads.set(first.ts, (this.threads.get(first.ts) ?? new Map()).set(message.ts, message));
    this.list.update(first || message, this.listReplies((first || message).ts));
  }

  /** Remove a message; if it has replies, a notice replaces it. */
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

  /** Count a new message as unread, unless the conversation is open. */
  arrive(message, open) {
    this.last = message.ts;
    if (open) this.read();
    else if (message.ts > (sessionStorage.getItem(this.bookmark) ?? "")) this.mark(this.unread + 1);
  }

  /** Mark what came since the conversation was last read, if it ever was; until it is left. */
  markNew(open) {
    this.list.markNew((open && this.unread && sessionStorage.getItem(this.bookmark)) || "");
  }

  // Kept for the browser tab, since switching to another person reloads the page.
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
