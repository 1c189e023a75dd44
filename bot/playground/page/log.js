// The messages of one channel, in order.
import { renderBlocks } from "./blocks.js";
import { clock, day, moment } from "./dates.js";
import { el } from "./dom.js";
import { LINKS, mrkdwn } from "./mrkdwn.js";
import { avatar, isMe } from "./workspace.js";

const PAUSE = 300; // seconds after which the same sender is named again
const NEAR = 120; // pixels from the end within which the log follows new messages

export class Log {
  /**
   * Begin an empty log; `press(message, block, element, more)` tells the server of a press, and
   * `tools(message)` makes the menu of a message.
   */
  constructor(name, press, tools) {
    this.press = press;
    this.tools = tools;
    this.nodes = new Map();
    this.follow = false;
    this.settling = false;
    this.list = el("div", { class: "messages" });
    const start = [el("h3", {}, name), el("p", {}, `This is the very beginning of ${name}. Try /im profile alice bob_k nobody`)];
    this.element = el("div", { class: "log", role: "log", "aria-label": `Messages in ${name}`, tabindex: 0, hidden: true },
      el("div", { class: "start" }, start), this.list);
  }

  /** Show a message, in the place of the one with the same time stamp if there is one. */
  place(message) {
    const old = this.nodes.get(message.ts);
    this.follow ||= this.isAtEnd() || (!old && (message.ephemeral || isMe(message.from.id)));
    const node = this.render(message);
    this.nodes.set(message.ts, node);
    if (old) replace(old, node);
    else this.list.append(node);
    this.settle();
  }

  /** Take a message away. */
  remove(ts) {
    this.nodes.get(ts)?.remove();
    this.nodes.delete(ts);
    this.settle();
  }

  /** Show this log, at its end, or hide it. */
  show(shown) {
    this.element.hidden = !shown;
    if (shown) this.toEnd();
  }

  /** Arrange and scroll once, however many messages came together. */
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

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  render(message) {
    const { from, at, text, blocks } = message;
    const press = (...what) => this.press(message, ...what);
    const node = el("article", { class: message.error ? "message error" : "message", tabindex: -1, "aria-label": from.name },
      message.ephemeral ? el("p", { class: "note ephemeral" }, "Only visible to you") : [],
      message.command ? el("p", { class: "note" }, "In answer to ", el("code", {}, message.command)) : [],
      avatar(from.id, from.name),
      el("div", { class: "content" },
        el("p", { class: "from" },
          el("strong", {}, from.name),
          from.bot ? el("span", { class: "badge" }, "APP") : [],
          el("time", { datetime: new Date(at * 1000).toISOString(), title: moment(at) }, clock(at))),
        blocks?.length ? renderBlocks(blocks, press) : el("div", { class: "block" }, mrkdwn(text, LINKS))),
      el("div", { class: "tools" }, this.tools(message)));
    node.message = message;
    return node;
  }

  /** Mark where a day begins, and where a sender goes on and need not be named again. */
  arrange() {
    this.list.querySelectorAll(".day").forEach((divider) => divider.remove());
    let last = null;
    for (const node of this.list.querySelectorAll(".message")) {
      const { message } = node;
      const today = day(message.at);
      const newDay = !last || day(last.at) !== today;
      if (newDay) node.before(el("p", { class: "day" }, el("span", {}, today)));
      node.classList.toggle("follows", !newDay && goesOn(last, message));
      last = message;
    }
  }
}

const isMarked = (message) => message.ephemeral || message.command || message.error;

const goesOn = (last, next) =>
  last.from.id === next.from.id && next.at - last.at < PAUSE && !isMarked(next) && !last.ephemeral;

/** Put a changed message into its place, with the focus on the same control if it was inside. */
function replace(old, node) {
  const { activeElement } = document;
  const { action } = activeElement.dataset;
  const focused = old.contains(activeElement);
  old.replaceWith(node);
  if (!focused) return;
  const same = [...node.querySelectorAll("[data-action]")].filter((control) => control.dataset.action === action);
  (same.find((control) => control.textContent === activeElement.textContent) ?? same[0] ?? node).focus();
}
