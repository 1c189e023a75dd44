// A combobox with one choice or several.
import { Choices } from "./choices.js";
import { el } from "./dom.js";

export class Combobox {
  /**
   * Make a combobox with options chosen. `find(typed)` returns groups of options, or the reason for none as a text;
   * it is called `wait` milliseconds after the last character. `many` allows several choices, at most `most`.
   */
  constructor({ attributes, placeholder, chosen, many = false, most = Infinity, wait = 0, find }) {
    Object.assign(this, { placeholder, chosen, many, most, wait, find, asked: 0 });
    this.field = el("input", {
      ...attributes, type: "text", role: "combobox", "aria-expanded": "false", autocomplete: "off", spellcheck: "false",
      click: () => this.looking || this.search(), input: () => this.type(), keydown: (event) => this.steer(event), blur: () => this.leave(),
      change: (event) => event.stopPropagation(), // typed text is not a choice
    });
    // Typed text that is not a choice, and so is not in the state; restored when the field is redrawn.
    Object.defineProperty(this.field, "typed", {
      get: () => (this.field.value === this.settled ? "" : this.field.value),
      set: (typed) => {
        this.field.value = typed;
        this.type();
      },
    });
    this.choices = new Choices(this.field, "Suggestions", (option) => this.take(option), { many });
    this.tokens = el("span", { class: "tokens" });
    this.status = el("p", { class: "hint", role: "status" });
    this.element = el("div", { class: "combobox" }, this.tokens, this.field, this.choices.list, this.status);
    this.show();
  }

  /** Show the choices: several as tokens, one as the text of the field. */
  show() {
    this.field.placeholder = this.chosen.length ? "" : this.placeholder;
    this.settled = this.many ? "" : (this.chosen[0]?.text.text ?? "");
    this.field.value = this.settled;
    // Not tab stops: the keyboard removes choices in the list, or with Backspace.
    this.tokens.replaceChildren(...(this.many ? this.chosen : []).map((option) => el("button", {
      type: "button", class: "token", tabindex: -1, "aria-label": `Remove ${option.text.text}`, click: () => this.take(option),
    }, option.text.text, el("span", { "aria-hidden": "true" }, "✕"))));
  }

  /** Replace the choices. */
  choose(chosen) {
    this.chosen = chosen;
    this.show();
  }

  /** Search for the typed text, after a pause if `wait` is set; emptying the field clears the choice. */
  type() {
    clearTimeout(this.pause);
    if (!this.many && this.chosen.length && !this.field.value) this.settle([]);
    this.entered = false; // Enter was pressed for the text before
    this.looking = true;
    if (this.wait) this.pause = setTimeout(() => this.search(this.field.value), this.wait);
    else this.search(this.field.value);
  }

  /** Search; synchronous results are offered synchronously, since the next key may already be waiting. */
  search(typed = "") {
    const number = ++this.asked;
    const found = this.find(typed.trim());
    this.looking = true;
    if (found instanceof Promise) found.then((later) => number === this.asked && this.offer(later));
    else this.offer(found);
    return true;
  }

  /** Offer the results, or show the reason for none. */
  offer(found) {
    const groups = typeof found === "string" ? [] : found;
    this.choices.offer(groups.map(({ label, entries }) => ({
      label, entries: entries.map(({ label: content, value }) => ({ content, value, chosen: this.has(value) })),
    })));
    this.choices.list.scrollIntoView({ block: "nearest" });
    this.status.textContent = this.choices.isOpen ? "" : typeof found === "string" ? found : "No matches.";
    this.looking = false;
    if (this.entered) this.enter();
  }

  /** Take the selected option, once the search is done; returns whether there is or will be one. */
  enter() {
    this.entered = this.looking;
    return this.looking || this.choices.accept();
  }

  has(option) {
    return this.chosen.some(({ value }) => value === option.value);
  }

  /** Choose an option; with several choices, toggle it. */
  take(option) {
    const others = this.chosen.filter(({ value }) => value !== option.value);
    const added = others.length === this.chosen.length ? [...others, option] : others;
    this.close();
    if (this.many && added.length > this.most) this.status.textContent = `You can choose at most ${this.most}.`;
    else this.settle(this.many ? added : [option]);
  }

  settle(chosen) {
    this.choose(chosen);
    this.element.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.pause);
    this.asked += 1;
    this.looking = this.entered = false;
    this.status.textContent = "";
    return this.choices.close();
  }

  /** Leave the field, discarding typed text that is not a choice. */
  leave() {
    this.close();
    this.show();
  }

  steer(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (!KEYS[event.key]?.(this)) return;
    event.preventDefault();
    event.stopPropagation(); // Escape must not close the modal around the list
  }
}

/** Handlers of keys; each returns whether it did something. */
const KEYS = {
  __proto__: null,
  ArrowDown: (box) => (box.choices.isOpen ? box.choices.step(1) : box.looking || box.search()),
  ArrowUp: (box) => box.choices.isOpen && box.choices.step(-1),
  Enter: (box) => box.enter(),
  Escape: (box) => box.choices.isOpen && box.close(),
  Backspace: (box) => {
    if (!box.many || box.field.value || !box.chosen.length) return false;
    box.settle(box.chosen.slice(0, -1));
    return true;
  },
};
