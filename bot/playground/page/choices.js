// Suggestions under a text field, selected with the arrow keys while the field keeps the focus
// (https://www.w3.org/WAI/ARIA/apg/patterns/combobox).
import { el } from "./dom.js";

let lists = 0;

export class Choices {
  /** Attach to a field. `take(value)` is called with the chosen value; `many` allows several. */
  constructor(field, label, take, { many = false } = {}) {
    const id = `choices-${lists++}`;
    this.field = field;
    this.take = take;
    this.many = many;
    this.options = [];
    this.at = 0;
    this.list = el("ul", { id, class: "choices", role: "listbox", "aria-label": label, "aria-multiselectable": many ? "true" : undefined,
      tabindex: -1, hidden: true });
    field.setAttribute("aria-controls", id);
    field.setAttribute("aria-autocomplete", "list");
    this.close();
  }

  get isOpen() {
    return this.options.length > 0;
  }

  /** Offer groups of entries with content and value; returns whether anything changed. */
  offer(groups) {
    const changed = this.isOpen || groups.some(({ entries }) => entries.length);
    this.options = [];
    this.list.replaceChildren(...groups.flatMap(({ label, entries }) => {
      const options = entries.map((entry) => this.draw(entry));
      return !label || !options.length ? options
        : [el("li", { role: "group", "aria-label": label }, el("p", { class: "group-label", "aria-hidden": "true" }, label),
          el("ul", { role: "presentation" }, options))];
    }));
    this.list.hidden = !this.isOpen;
    if (this.field.role === "combobox") this.field.ariaExpanded = String(this.isOpen);
    this.step(-this.at);
    return changed;
  }

  close() {
    return this.offer([]);
  }

  draw({ content, value, chosen }) {
    const node = el("li", {
      id: `${this.list.id}-${this.options.length}`, role: "option",
      // On mousedown, since losing the focus would close the list.
      mousedown: (event) => {
        event.preventDefault();
        this.take(value);
      },
    }, content);
    node.classList.toggle("chosen", Boolean(chosen));
    node.ariaSelected = String(Boolean(chosen));
    this.options.push({ node, value });
    return node;
  }

  /** Move the selection by so many entries. */
  step(by) {
    const count = this.options.length;
    this.at = count ? (this.at + by + count) % count : 0;
    const current = this.options[this.at]?.node;
    for (const { node } of this.options) {
      node.classList.toggle("at", node === current);
      // With several choices, aria-selected marks the chosen ones.
      if (!this.many) node.ariaSelected = String(node === current);
    }
    current?.scrollIntoView({ block: "nearest" });
    if (current) this.field.setAttribute("aria-activedescendant", current.id);
    else this.field.removeAttribute("aria-activedescendant");
    return true;
  }

  /** The selected value, if any. */
  get current() {
    return this.options[this.at]?.value;
  }

  /** Take the selected value; returns whether there was one. */
  accept() {
    if (!this.isOpen) return false;
    this.take(this.current);
    return true;
  }
}
