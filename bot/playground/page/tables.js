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
export function dataTable(block) {
  const state = states.get(block) ?? { column: 0, order: "none", filter: "", page: 0 };
  states.set(block, state);
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? PAGE_SIZE;
  const drawn = rows.map((cells) => drawRow(cells, block.row_header_column_index ?? 0));
  const body = el("tbody");
  const count = el("span", { role: "status" });

  const show = () => {
    const kept = arrange(drawn, state);
    const last = Math.max(0, Math.ceil(kept.length / size) - 1);
    state.page = Math.min(state.page, last);
    const first = state.page * size;
    const page = kept.slice(first, first + size);
    body.replaceChildren(...page.map(({ node }) => node));
    headers.forEach((header, column) => header.mark(state.column === column ? state.order : "none"));
    count.textContent = describe(first, page.length, kept.length, rows.length);
    pager.hidden = !last;
    previous.disabled = !state.page;
    next.disabled = state.page === last;
  };
  const change = (changes) => {
    Object.assign(state, changes);
    show();
  };
  const headers = head.map((cell, column) => makeHeader(cell, column, () => {
    const order = TURNS[state.column === column ? state.order : "none"];
    change({ column, order, page: 0 });
  }));
  const turn = (label, sign, by) =>
    el("button", { type: "button", class: "button", "aria-label": label, "data-action": label, click: () => change({ page: state.page + by }) }, sign);
  const [previous, next] = [turn("Previous page", "‹", -1), turn("Next page", "›", 1)];
  const pager = el("span", { class: "pager" }, previous, next);
  const filter = el("input", {
    type: "search", class: "entry", placeholder: "Filter", "aria-label": `Filter ${block.caption}`, "data-action": "filter",
    value: state.filter, input: ({ currentTarget }) => change({ filter: currentTarget.value, page: 0 }),
  });
  const node = [
    el("div", { class: "table-bar" }, el("strong", { "aria-hidden": "true" }, block.caption), filter),
    scroller(block.caption, el("table", {},
      el("caption", { class: "unseen" }, block.caption),
      el("thead", {}, el("tr", {}, headers.map((header) => header.node))), body)),
    el("div", { class: "table-bar" }, count, pager),
  ];
  show();
  return node;
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
