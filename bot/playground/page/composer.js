// The composer: sends messages, suggests slash commands, and recalls sent messages.
import { Attachments } from "./attachments.js";
import { Choices } from "./choices.js";
import { el, icon } from "./dom.js";
import { listPeople } from "./workspace.js";

const KEPT = 50; // sent messages that can be recalled
const MEMORY = "sent";
const MENTION = /(?<=^|\s)@([a-z0-9-]*)$/i; // the beginning of one, at the end of the text
const USUAL_HINT = "Enter sends, Shift + Enter starts a new line, ↑ recalls";

// Kept for the browser tab, so that a message can be sent again as another person.
const sent = JSON.parse(sessionStorage.getItem(MEMORY) ?? "[]");
let boxes = 0;

export class Composer {
  /** Make a composer. `deliver(line, files)` sends a message and returns the error text, empty on success. */
  constructor(deliver, { id = `text-${boxes++}`, hint = USUAL_HINT, attach = true } = {}) {
    this.deliver = deliver;
    this.usualHint = hint;
    this.commands = [];
    this.place = null; // the conversation that is open
    this.drafts = new Map(); // texts that wait in other conversations, by place
    this.attached = new Map(); // ids of files that wait in other conversations, by place
    this.recalled = sent.length;
    this.tools = el("div", { class: "shortcuts" });
    this.slash = this.makeInsert("/", "Slash command");
    this.slash.hidden = true;
    // A text area cannot have the role combobox (https://www.w3.org/TR/html-aria/#el-textarea), but it may refer to
    // the list; a status announces the suggestions.
    this.text = el("textarea", {
      id, rows: 1, spellcheck: "false", autocomplete: "off", "aria-describedby": `${id}-hint`, "aria-haspopup": "listbox",
      input: () => this.refresh(), blur: () => this.choices.close(), keydown: (event) => this.steer(event),
    });
    this.send = el("button", { class: "icon send", "aria-label": "Send", disabled: true }, icon("send"));
    this.files = new Attachments({ home: this.text, changed: () => this.weigh() });
    this.hint = el("p", { id: `${id}-hint`, class: "hint" });
    this.status = el("p", { class: "unseen", role: "status" });
    this.problem = el("p", { class: "refusal", role: "alert" });
    this.choices = new Choices(this.text, "Suggestions", ({ line }) => this.write(`${line} `));
    this.element = el("form", { class: "composer", submit: (event) => this.submit(event) },
      this.choices.list,
      el("div", { class: "box" }, this.text, this.files.element,
        el("div", { class: "row" }, attach ? this.makeAttach() : [], this.tools, this.slash, this.makeInsert("@", "Mention somebody"), this.send)),
      this.hint, this.status, this.problem);
  }

  /** Make a button that begins a word with a sign, and so opens its suggestions. */
  makeInsert(sign, label) {
    const insert = () => {
      const { value } = this.text;
      this.text.focus();
      this.write(sign === "/" ? sign + value.replace(/^\/+/, "") : `${value}${!value || /\s$/.test(value) ? "" : " "}${sign}`);
    };
    return el("button", { type: "button", class: "icon sign", "aria-label": label, title: label, click: insert }, sign);
  }

  /** Make the button that attaches files. */
  makeAttach() {
    const field = el("input", { type: "file", multiple: true, hidden: true, change: () => {
      this.files.add([...field.files]);
      field.value = "";
      this.text.focus();
    } });
    return [field, el("button", { type: "button", class: "icon", "aria-label": "Attach files", title: "Attach files",
      click: () => field.click() }, icon("attach"))];
  }

  /** Set the slash commands to suggest. */
  offerCommands(known) {
    this.commands = known;
    this.slash.hidden = !known.length;
    this.refresh();
  }

  /** Set the label of the message box. */
  setLabel(label) {
    this.text.placeholder = label;
    this.text.ariaLabel = label;
    this.showError("");
    this.refresh(); // its height can be measured once it is in the page
  }

  /** Move to a conversation: text and files stay where they were, and the draft of the new place is shown. */
  moveTo(place) {
    if (place === this.place) return;
    this.drafts.set(this.place, this.text.value);
    this.attached.set(this.place, this.files.ids);
    this.place = place;
    this.recalled = sent.length;
    this.files.choose(this.attached.get(place) ?? []);
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
    const { place, text: { value: line }, files: { ids } } = this;
    if (this.send.disabled) return;
    this.write("");
    this.files.choose([]);
    if (await this.sendLine(line, ids)) return;
    if (place !== this.place) {
      this.drafts.set(place, line);
      this.attached.set(place, ids);
    } else if (!this.text.value && !this.files.ids.length) {
      this.write(line);
      this.files.choose(ids);
    }
  }

  /** Send a line with files, whatever is in the box; returns whether it was taken. */
  async sendLine(line, files = []) {
    const { place } = this;
    const why = await this.deliver(line, files);
    if (place === this.place) this.showError(why);
    if (!why && line.trim()) this.remember(line);
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
    this.weigh();
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    const [word, ...rest] = text.value.split(" ");
    const current = this.commands.find((one) => one.command === word);
    this.hint.textContent = current ? `${current.command} ${current.usage_hint}` : this.usualHint;
    this.hint.title = current ? this.hint.textContent : "";
    this.suggest(word.startsWith("/") && !rest.length ? this.matchCommands(word) : matchPeople(text.value));
  }

  /** Let the message be sent once there is something to send and no file is on its way. */
  weigh() {
    this.send.disabled = this.files.waiting > 0 || !(this.text.value.trim() || this.files.ids.length);
  }

  matchCommands(word) {
    return this.commands.filter(({ command }) => command.startsWith(word)).map(({ command, usage_hint: usage, description }) => ({
      value: { line: command }, content: [el("strong", {}, command), el("code", {}, usage), el("span", {}, description)],
    }));
  }

  suggest(entries) {
    this.choices.offer([{ entries }]);
    this.status.textContent = entries.length
      ? `${entries.length === 1 ? "1 suggestion" : `${entries.length} suggestions`}. Up and Down to select, Tab to insert.` : "";
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

/** Find the people whom the mention at the end of a text may mean. */
function matchPeople(text) {
  const found = MENTION.exec(text);
  if (!found) return [];
  const start = found[1].toLowerCase();
  const names = ({ name, handle }) => [handle, ...name.toLowerCase().split(" ")];
  return listPeople().filter((person) => names(person).some((name) => name.startsWith(start))).map(({ name, handle }) => ({
    value: { line: `${text.slice(0, found.index)}@${handle}` }, content: [el("strong", {}, name), el("code", {}, `@${handle}`)],
  }));
}

/** Handlers of keys; each returns whether it did something. */
const KEYS = {
  __proto__: null,
  ArrowDown: (box) => (box.choices.isOpen ? box.choices.step(1) : box.recall(box.recalled + 1)),
  ArrowUp: (box) => (box.choices.isOpen ? box.choices.step(-1) : box.recall(box.recalled - 1)),
  Tab: (box) => box.choices.accept(),
  Enter: (box) => {
    if (box.text.value === box.choices.current?.line || !box.choices.accept()) box.element.requestSubmit();
    return true;
  },
  Escape: (box) => box.choices.close(),
};
