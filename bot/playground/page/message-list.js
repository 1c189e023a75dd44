// The message list of a conversation or thread.
import { renderBlocks } from "./blocks.js";
import { clock, day, moment } from "./dates.js";
import { el } from "./dom.js";
import { renderFiles } from "./files.js";
import { findFocus, restoreFocus, saveFocus } from "./focus.js";
import { LINKS, mrkdwn, unescape } from "./mrkdwn.js";
import { avatar, findApp, isMe } from "./workspace.js";

const PAUSE = 300; // seconds after which the sender is shown again
const NEAR = 120; // pixels from the end within which the list scrolls to new messages
const MOST_FACES = 3; // people shown beside the number of replies

export class MessageList {
  /**
   * Make an empty list. Its actions are `press(message, block, element, more)` and `suggest(message, block, element,
   * value)`, which post to the server, `deleteFile(file)`, `tools(message, list)`, which makes a message's buttons, and
   * `open(message)`, which opens its thread. A list without a start is a thread's.
   */
  constructor(label, actions, start) {
    this.isThread = !start;
    this.actions = actions;
    this.nodes = new Map();
    this.editors = new Map(); // elements in the place of texts that are edited, by timestamp
    this.follow = false;
    this.settling = false;
    this.wasAtEnd = true;
    this.height = 0;
    this.read = ""; // timestamp of the last message that was read before the list was opened
    this.list = el("div", { class: "messages" });
    this.element = el("div", { class: "log", role: "log", "aria-label": label, tabindex: 0, hidden: true },
      start ? el("div", { class: "start" }, start) : [], this.list);
    this.element.addEventListener("scroll", () => this.watchEnd(), { passive: true });
    // Tabs, banners and a growing message box take height from the list.
    new ResizeObserver(() => {
      this.height = this.element.clientHeight;
      if (this.wasAtEnd) this.toEnd();
    }).observe(this.element);
  }

  /** Add a message with the number of its replies, or replace the one with the same timestamp. */
  update(message, replies = []) {
    const old = this.nodes.get(message.ts);
    this.follow ||= this.isAtEnd() || (!old && (message.ephemeral || isMe(message.from.id)));
    const focus = old && saveFocus(old); // before an editor moves to the new node
    const node = this.render(message, replies);
    this.nodes.set(message.ts, node);
    if (old) old.replaceWith(node);
    else this.list.append(node);
    if (focus) restoreFocus(findFocus(node, focus) ?? node, focus);
    this.settle();
  }

  /** Remove a message. */
  remove(ts) {
    this.nodes.get(ts)?.remove();
    this.nodes.delete(ts);
    this.settle();
  }

  /** Put an editor in the place of a message's text, or take it away with null. */
  setEditor(ts, editor) {
    if (editor) this.editors.set(ts, editor);
    else this.editors.delete(ts);
    const node = this.nodes.get(ts);
    if (node) this.update(node.message, node.replies);
  }

  /** Mark the messages after a timestamp as new; an empty one marks none. */
  markNew(read) {
    this.read = read;
    this.arrange();
  }

  /** Show the list, scrolled to its end, or hide it. */
  show(shown) {
    this.element.hidden = !shown;
    if (shown) this.toEnd();
  }

  /** Arrange and scroll once for all messages of a batch. */
  settle() {
    if (this.settling) return;
    this.settling = true;
    queueMicrotask(() => {
      this.settling = false;
      this.arrange();
      if (this.follow) this.toEnd();
      this.follow = false;
    });
  }

  isAtEnd(near = NEAR) {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight <= near;
  }

  /** Note whether the reader is at the end; not while a new height waits to be observed, whose scrolling is not theirs. */
  watchEnd() {
    if (this.element.clientHeight === this.height) this.wasAtEnd = this.isAtEnd(1);
  }

  toEnd() {
    this.wasAtEnd = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  render(message, replies) {
    const { from, at, text, blocks } = message;
    const { press, suggest, tools } = this.actions;
    const more = { suggest: (...what) => suggest(message, ...what) };
    const node = el("article", { class: message.error ? "message error" : "message", tabindex: -1, "aria-label": from.name },
      message.ephemeral ? el("p", { class: "note ephemeral" }, "Only visible to you") : [],
      message.command ? el("p", { class: "note" }, "In answer to ", el("code", {}, message.command)) : [],
      avatar(from.id, from.name),
      el("span", { class: "gutter", "aria-hidden": "true" }, clock(at).replace(/\s?[AP]M$/i, "")),
      el("div", { class: "content" },
        el("p", { class: "from" },
          el("strong", {}, from.name),
          from.bot ? el("span", { class: "badge" }, "APP") : [],
          el("time", { datetime: new Date(at * 1000).toISOString(), title: moment(at) }, clock(at)),
          message.edited ? el("small", {}, " (edited)") : []),
        this.editors.get(message.ts) ?? (blocks?.length ? renderBlocks(blocks, (...what) => press(message, ...what), more)
          : text ? el("div", { class: "block" }, message.mrkdwn === false ? unescape(text) : mrkdwn(text, LINKS)) : []),
        renderFiles(message.files, this.actions.deleteFile),
        message.status ? el("p", { class: "note" }, `${findApp().name} ${message.status}`) : [],
        replies.length ? this.renderReplies(message, replies) : []),
      el("div", { class: "tools" }, tools(message, this)));
    Object.assign(node, { message, replies });
    return node;
  }

  /** Render the link to a message's replies. */
  renderReplies(message, replies) {
    const senders = [...new Map(replies.map(({ from }) => [from.id, from])).values()].slice(0, MOST_FACES);
    const { at } = replies.at(-1);
    return el("button", { type: "button", class: "replies", "data-action": "replies", click: () => this.actions.open(message) },
      senders.map(({ id, name }) => avatar(id, name)),
      el("strong", {}, countReplies(replies.length)),
      el("small", {}, `Last reply ${day(at).toLowerCase()} at ${clock(at)}`));
  }

  /** Insert dividers of days and replies, and group messages of one sender. */
  arrange() {
    this.list.querySelectorAll(".divider").forEach((divider) => divider.remove());
    const nodes = [...this.list.children];
    const firstNew = this.read && nodes.find(({ message }) => message.ts > this.read && !isMe(message.from.id));
    nodes.forEach((node, index) => {
      const { message } = node;
      const last = nodes[index - 1]?.message;
      const mark = this.isThread ? (index === 1 ? countReplies(nodes.length - 1) : "") : nameNewDay(last, message);
      if (mark) node.before(el("p", { class: "divider" }, el("span", {}, mark)));
      if (node === firstNew) node.before(el("p", { class: "divider new" }, el("span", {}, "New")));
      node.classList.toggle("follows", Boolean(last) && !mark && node !== firstNew && continues(last, message));
    });
  }
}

const countReplies = (count) => (count === 1 ? "1 reply" : `${count} replies`);

const nameNewDay = (last, { at }) => (last && day(last.at) === day(at) ? "" : day(at));

const isMarked = (message) => message.ephemeral || message.command || message.error;

const continues = (last, next) =>
  last.from.id === next.from.id && next.at - last.at < PAUSE && !isMarked(next) && !last.ephemeral;
