// Tables, and data tables with sorting, filtering and pages.
import { el } from "./dom.js";
import { richText } from "./richtext.js";

const PAGE_SIZE = 5; // rows of a page if the block does not say
const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const TURNS = { __proto__: null, none: "ascending", ascending: "descending", descending: "none" };
const MARKS = { __proto__: null, none: "↕", ascending: "↑", descending: "↓" };

// The order, filter and page of each data table, since its message is redrawn when a reply arrives.
const states = new WeakMap();

const CELLS = {
  __proto__: null,
  raw_text: (cell) => cell.text,
  raw_number: (cell) => cell.text ?? String(cell.value),
  rich_text: richText,
};
const draw = (cell) => CELLS[cell.type]?.(cell) ?? `[${cell.type}]`;

/** Draw a table. */
export function table(block) {
  const looks = (block.column_settings ?? []).map((column) =>
    `align-${column?.align ?? "left"} ${column?.is_wrapped ? "wrapped" : ""}`);
  const row = (cells, tag, attributes) =>
    el("tr", {}, cells.map((cell, index) => el(tag, { ...attributes, class: looks[index] }, draw(cell))));
  const [head, ...body] = block.rows;
  return scroller("Table", el("table", {},
    el("thead", {}, row(head, "th", { scope: "col" })),
    el("tbody", {}, body.map((cells) => row(cells, "td")))));
}

/** Draw a data table: its headers sort, and it has a filter and pages. */
export const dataTable = (block) => new DataTable(block).draw();

class DataTable {
  constructor(block) {
    const [head, ...rows] = block.rows;
    this.state = states.get(block) ?? { column: 0, order: "none", filter: "", page: 0 };
    states.set(block, this.state);
    this.caption = block.caption;
    this.size = block.page_size ?? PAGE_SIZE;
    this.rows = rows.map((cells) => drawRow(cells, block.row_header_column_index ?? 0));
    this.headers = head.map((cell, column) => makeHeader(cell, column, () => this.sort(column)));
    this.body = el("tbody");
    this.count = el("span", { role: "status" });
    this.previous = this.makeTurn("Previous page", "‹", -1);
    this.next = this.makeTurn("Next page", "›", 1);
    this.pager = el("span", { class: "pager" }, this.previous, this.next);
  }

  draw() {
    const filter = el("input", {
      type: "search", class: "entry", placeholder: "Filter", "aria-label": `Filter ${this.caption}`, "data-action": "filter",
      value: this.state.filter, input: ({ currentTarget }) => this.change({ filter: currentTarget.value, page: 0 }),
    });
    this.show();
    return [
      el("div", { class: "table-bar" }, el("strong", { "aria-hidden": "true" }, this.caption), filter),
      scroller(this.caption, el("table", {},
        el("caption", { class: "unseen" }, this.caption),
        el("thead", {}, el("tr", {}, this.headers.map(({ node }) => node))), this.body)),
      el("div", { class: "table-bar" }, this.count, this.pager),
    ];
  }

  makeTurn(label, sign, by) {
    const turn = () => this.change({ page: this.state.page + by });
    return el("button", { type: "button", class: "button", "aria-label": label, "data-action": label, click: turn }, sign);
  }

  sort(column) {
    const order = TURNS[this.state.column === column ? this.state.order : "none"];
    this.change({ column, order, page: 0 });
  }

  change(changes) {
    Object.assign(this.state, changes);
    this.show();
  }

  /** Show the rows of the page. */
  show() {
    const { state, size } = this;
    const kept = arrange(this.rows, state);
    const last = Math.max(0, Math.ceil(kept.length / size) - 1);
    state.page = Math.min(state.page, last);
    const first = state.page * size;
    const page = kept.slice(first, first + size);
    this.body.replaceChildren(...page.map(({ node }) => node));
    this.headers.forEach((header, column) => header.mark(state.column === column ? state.order : "none"));
    this.count.textContent = describe(first, page.length, kept.length, this.rows.length);
    this.pager.hidden = !last;
    const focused = document.activeElement;
    this.previous.disabled = !state.page;
    this.next.disabled = state.page === last;
    // A disabled button would lose the focus.
    if (focused === this.next && focused.disabled) this.previous.focus();
    if (focused === this.previous && focused.disabled) this.next.focus();
  }
}

function drawRow(cells, title) {
  const parts = cells.map((cell, index) => el(index === title ? "th" : "td",
    { class: cell.type === "raw_number" ? "align-right" : "wrapped", scope: index === title ? "row" : undefined }, draw(cell)));
  const keys = cells.map((cell, index) => (cell.type === "raw_number" ? cell.value : parts[index].textContent));
  return { node: el("tr", {}, parts), keys, text: parts.map((part) => part.textContent).join("\n").toLowerCase() };
}

function makeHeader(cell, column, sort) {
  const mark = el("span", { "aria-hidden": "true" });
  const node = el("th", { scope: "col" },
    el("button", { type: "button", class: "sort", "data-action": `sort ${column}`, click: sort }, draw(cell), mark));
  return {
    node,
    mark: (order) => {
      node.ariaSort = order;
      mark.textContent = MARKS[order];
    },
  };
}

/** List the rows that contain the filter's text, in order; numbers come before texts. */
function arrange(rows, { column, order, filter }) {
  const kept = rows.filter(({ text }) => text.includes(filter.trim().toLowerCase()));
  if (order === "none") return kept;
  const sign = order === "ascending" ? 1 : -1;
  return kept.sort((one, other) => sign * compareKeys(one.keys[column], other.keys[column]));
}

function compareKeys(one, other) {
  const numbers = [one, other].map((key) => typeof key === "number");
  if (numbers.every(Boolean)) return one - other;
  return numbers.some(Boolean) ? numbers[1] - numbers[0] : compare(one, other);
}

function describe(first, shown, kept, all) {
  const rows = all === 1 ? "1 row" : `${all} rows`;
  if (kept < all) return `${shown < kept ? `${first + 1}–${first + shown} of ` : ""}${kept} of ${rows} match`;
  return shown < kept ? `${first + 1}–${first + shown} of ${rows}` : rows;
}

/** Make a place that scrolls sideways, with a shadow at each edge beyond which there is more. */
function scroller(label, content) {
  const place = el("div", { class: "scroll", role: "group", "aria-label": label, tabindex: 0 }, content);
  const node = el("div", { class: "edges" }, place);
  const mark = () => {
    const { scrollLeft, scrollWidth, clientWidth } = place;
    const beyond = { left: scrollLeft > 1, right: scrollWidth - clientWidth - scrollLeft > 1 };
    node.dataset.more = Object.keys(beyond).filter((side) => beyond[side]).join(" ");
  };
  place.addEventListener("scroll", mark, { passive: true });
  const watch = new ResizeObserver(mark);
  watch.observe(place);
  watch.observe(content);
  return node;
}
