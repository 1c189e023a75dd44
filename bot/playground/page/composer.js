// The composer: sends messages, suggests slash commands, and recalls sent messages.
import { Choices } from "./choices.js";
import { el, icon } from "./dom.js";

const KEPT = 50; // sent messages that can be recalled
const MEMORY = "sent";
const USUAL_HINT = "Enter sends, Shift + Enter starts a new line, ↑ recalls";

// Kept for the browser tab, so that a message can be sent again as another person.
const sent = JSON.parse(sessionStorage.getItem(MEMORY) ?? "[]");
let boxes = 0;

export class Composer {
  /** Make a composer. `deliver(line)` sends a message and returns the error text, empty on success. */
  constructor(deliver, { id = `text-${boxes++}`, hint = USUAL_HINT } = {}) {
    this.deliver = deliver;
    this.usualHint = hint;
    this.commands = [];
    this.place = null; // the conversation that is open
    this.drafts = new Map(); // texts that wait in other conversations, by place
    this.recalled = sent.length;
    this.tools = el("div", { class: "shortcuts" });
    // A text area cannot have the role combobox (https://www.w3.org/TR/html-aria/#el-textarea), but it may refer to
    // the list; a status announces the suggestions.
    this.text = el("textarea", {
      id, rows: 1, spellcheck: "false", autocomplete: "off", "aria-describedby": `${id}-hint`, "aria-haspopup": "listbox",
      input: () => this.refresh(), blur: () => this.choices.close(), keydown: (event) => this.steer(event),
    });
    this.send = el("button", { class: "icon send", "aria-label": "Send", disabled: true }, icon("send"));
    this.hint = el("p", { id: `${id}-hint`, class: "hint" });
    this.status = el("p", { class: "unseen", role: "status" });
    this.problem = el("p", { class: "refusal", role: "alert" });
    this.choices = new Choices(this.text, "Commands", ({ command }) => this.write(`${command} `));
    this.element = el("form", { class: "composer", submit: (event) => this.submit(event) },
      this.choices.list,
      el("div", { class: "box" }, this.tools, this.text, this.send),
      this.hint, this.status, this.problem);
  }

  /** Set the slash commands to suggest. */
  offerCommands(known) {
    this.commands = known;
    this.refresh();
  }

  /** Set the label of the message box. */
  setLabel(label) {
    this.text.placeholder = label;
    this.text.ariaLabel = label;
    this.showError("");
    this.refresh(); // its height can be measured once it is in the page
  }

  /** Move to a conversation: the text stays where it was written, and the draft of the new place is shown. */
  moveTo(place) {
    if (place === this.place) return;
    this.drafts.set(this.place, this.text.value);
    this.place = place;
    this.recalled = sent.length;
    this.write(this.drafts.get(place) ?? "");
  }

  /** Focus the message box. */
  focus() {
    this.text.focus({ preventScroll: true });
  }

  /** Show an error; an empty string clears it. */
  showError(why) {
    this.problem.textContent = why && `Failed: ${why}.`;
  }

  steer(event) {
    // An input method handles keys while it composes.
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (KEYS[event.key]?.(this)) event.preventDefault();
  }

  async submit(event) {
    event.preventDefault();
    const { place, text: { value: line } } = this;
    if (!line.trim()) return;
    this.write("");
    if (await this.sendLine(line)) return;
    if (place !== this.place) this.drafts.set(place, line);
    else if (!this.text.value) this.write(line);
  }

  /** Send a line, whatever is in the box; returns whether it was taken. */
  async sendLine(line) {
    const { place } = this;
    const why = await this.deliver(line);
    if (place === this.place) this.showError(why);
    if (!why) this.remember(line);
    return !why;
  }

  remember(line) {
    if (sent.at(-1) !== line) sent.push(line);
    sent.splice(0, sent.length - KEPT);
    this.recalled = sent.length;
    sessionStorage.setItem(MEMORY, JSON.stringify(sent));
  }

  write(line) {
    this.text.value = line;
    this.refresh();
  }

  refresh() {
    const { text } = this;
    this.send.disabled = !text.value.trim();
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    const [word, ...rest] = text.value.split(" ");
    const current = this.commands.find((one) => one.command === word);
    this.hint.textContent = current ? `${current.command} ${current.usage_hint}` : this.usualHint;
    this.hint.title = current ? this.hint.textContent : "";
    this.suggest(word.startsWith("/") && !rest.length ? this.commands.filter((one) => one.command.startsWith(word)) : []);
  }

  suggest(commands) {
    const entries = commands.map((value) => ({ value, content: [
      el("strong", {}, value.command), el("code", {}, value.usage_hint), el("span", {}, value.description)] }));
    this.choices.offer([{ entries }]);
    this.status.textContent = entries.length
      ? `${entries.length === 1 ? "1 command" : `${entries.length} commands`}. Up and Down to select, Tab to insert.` : "";
  }

  /** Recall an earlier or later message, unless other text is in the box. */
  recall(index) {
    if (this.text.value && this.text.value !== sent[this.recalled]) return false;
    if (index < 0 || index > sent.length) return false;
    this.recalled = index;
    this.write(sent[index] ?? "");
    this.choices.close();
    return true;
  }
}

/** Handlers of keys; each returns whether it did something. */
const KEYS = {
  __proto__: null,
  ArrowDown: (box) => (box.choices.isOpen ? box.choices.step(1) : box.recall(box.recalled + 1)),
  ArrowUp: (box) => (box.choices.isOpen ? box.choices.step(-1) : box.recall(box.recalled - 1)),
  Tab: (box) => box.choices.accept(),
  Enter: (box) => {
    if (box.text.value === box.choices.current?.command || !box.choices.accept()) box.element.requestSubmit();
    return true;
  },
  Escape: (box) => box.choices.close(),
};
