// A field that offers what fits what is typed in it, for one choice or for several.
import { Choices } from "./choices.js";
import { el } from "./dom.js";

export class Combobox {
  /**
   * Make a field with these options chosen. `find(typed)` gives groups of options, or why there are none as a text;
   * `wait` milliseconds pass after the last character before it is asked. `most` may be chosen, of `many`.
   */
  constructor({ attributes, placeholder, chosen, many = false, most = Infinity, wait = 0, find }) {
    Object.assign(this, { placeholder, chosen, many, most, wait, find, asked: 0 });
    this.field = el("input", {
      ...attributes, type: "text", role: "combobox", "aria-expanded": "false", autocomplete: "off", spellcheck: "false",
      click: () => this.looking || this.search(), input: () => this.type(), keydown: (event) => this.steer(event), blur: () => this.leave(),
      change: (event) => event.stopPropagation(), // what is typed is not yet chosen
    });
    // What is typed and not chosen: nothing that the field holds, so it must be typed again when the field is drawn anew.
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

  /** Show what is chosen: several as tokens, one as the text of the field. */
  show() {
    this.field.placeholder = this.chosen.length ? "" : this.placeholder;
    this.settled = this.many ? "" : (this.chosen[0]?.text.text ?? "");
    this.field.value = this.settled;
    // The keyboard takes a choice back in the list, or with Backspace: it need not stop at each.
    this.tokens.replaceChildren(...(this.many ? this.chosen : []).map((option) => el("button", {
      type: "button", class: "token", tabindex: -1, "aria-label": `Remove ${option.text.text}`, click: () => this.take(option),
    }, option.text.text, el("span", { "aria-hidden": "true" }, "✕"))));
  }

  /** Choose exactly these. */
  choose(chosen) {
    this.chosen = chosen;
    this.show();
  }

  /** Look for what is typed, after a while if need be; an emptied field holds nothing. */
  type() {
    clearTimeout(this.pause);
    if (!this.many && this.chosen.length && !this.field.value) this.settle([]);
    this.entered = false; // Enter was for what was typed before
    this.looking = true;
    if (this.wait) this.pause = setTimeout(() => this.search(this.field.value), this.wait);
    else this.search(this.field.value);
  }

  /** Look for what fits; what is found at once is offered at once, for the next key may be waiting already. */
  search(typed = "") {
    const number = ++this.asked;
    const found = this.find(typed.trim());
    this.looking = true;
    if (found instanceof Promise) found.then((later) => number === this.asked && this.offer(later));
    else this.offer(found);
    return true;
  }

  /** Offer what was found, or say why there is nothing. */
  offer(found) {
    const groups = typeof found === "string" ? [] : found;
    this.choices.offer(groups.map(({ label, entries }) => ({
      label, entries: entries.map(({ label: content, value }) => ({ content, value, chosen: this.has(value) })),
    })));
    this.choices.list.scrollIntoView({ block: "nearest" });
    this.status.textContent = this.choices.isOpen ? "" : typeof found === "string" ? found : "Nothing fits.";
    this.looking = false;
    if (this.entered) this.enter();
  }

  /** Take what the keyboard is at, as soon as it is known; tells whether there was or will be something to take. */
  enter() {
    this.entered = this.looking;
    return this.looking || this.choices.accept();
  }

  has(option) {
    return this.chosen.some(({ value }) => value === option.value);
  }

  /** Choose an option, or of several take it back. */
  take(option) {
    const others = this.chosen.filter(({ value }) => value !== option.value);
    const added = others.length === this.chosen.length ? [...others, option] : others;
    this.close();
    if (this.many && added.length > this.most) this.status.textContent = `At most ${this.most} can be chosen.`;
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

  /** Leave the field: nothing typed in it stays that was not chosen. */
  leave() {
    this.close();
    this.show();
  }

  steer(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (!KEYS[event.key]?.(this)) return;
    event.preventDefault();
    event.stopPropagation(); // Escape closes the list alone, not the modal around it
  }
}

/** What keys do; each tells whether it did something. */
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
