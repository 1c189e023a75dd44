// The inspector: exchanges between Slack and the bot, newest first.
import { connect } from "./connection.js";
import { moment } from "./dates.js";
import { el } from "./dom.js";
import { renderJson } from "./json.js";
import { closePanel, openPanel } from "./panel.js";

const KEPT = 200; // exchanges; as many as the server keeps
const FINE = /^(ok|acknowledged|2\d\d)$/;
const ARROWS = { to_bot: ["→", "to the bot"], from_bot: ["←", "from the bot"] };

let cleared = 0; // number of the last cleared exchange

/** Make a button toggle the inspector. */
export function startInspector(button) {
  button.addEventListener("click", () => (button.ariaExpanded === "true" ? closePanel() : open(button)));
}

function open(button) {
  const list = el("ul", { class: "records", "aria-label": "Exchanges, newest first" });
  const nodes = new Map(); // by the number of the exchange
  const none = el("p", { class: "empty" });
  const filter = el("input", { type: "search", class: "entry", placeholder: "Filter by name or outcome",
    "aria-label": "Filter", input: sift });

  function add(record) {
    if (record.number <= cleared || nodes.has(record.number)) return;
    nodes.set(record.number, draw(record));
    list.prepend(nodes.get(record.number));
    if (nodes.size <= KEPT) return;
    const [oldest] = nodes.keys();
    nodes.get(oldest).remove();
    nodes.delete(oldest);
  }

  function sift() {
    const wanted = filter.value.toLowerCase().split(/\s+/);
    for (const node of nodes.values()) node.hidden = !wanted.every((word) => node.words.includes(word));
    const shown = [...nodes.values()].some((node) => !node.hidden);
    none.textContent = shown ? "" : nodes.size ? "No matches." : "No exchanges yet. Run a command or press a button.";
  }

  function clear() {
    cleared = Math.max(cleared, ...nodes.keys());
    nodes.clear();
    list.replaceChildren();
    sift();
    filter.focus();
  }

  const content = el("div", { class: "inspector" },
    el("div", { class: "strip" }, filter, el("button", { type: "button", class: "button", click: clear }, "Clear")), none, list);
  const disconnect = connect("inspector", ({ records, record }) => {
    (records ?? [record]).forEach(add);
    sift();
  });
  button.ariaExpanded = "true";
  openPanel({ name: "Inspector", look: "wide", content, leave: () => {
    disconnect();
    button.ariaExpanded = "false";
  } });
  filter.focus();
}

/** Draw an exchange as a line that unfolds. */
function draw(record) {
  const [arrow, direction] = ARROWS[record.direction];
  const [summary, look] = summarize(record);
  const node = el("li", {}, el("details", { toggle: ({ currentTarget: details }) => {
    if (details.open && details.children.length === 1) details.append(unfold(record));
  } },
  el("summary", {},
    el("span", { class: `arrow ${record.direction}`, role: "img", "aria-label": direction, title: direction }, arrow),
    el("span", { class: "what" }, el("strong", {}, record.name), record.title === record.name ? [] : el("span", {}, record.title)),
    summary ? el("span", { class: `verdict ${look}` }, summary) : [],
    record.ignored.length ? el("span", { class: "verdict odd" }, `ignored here: ${record.ignored.join(", ")}`) : [],
    el("span", { class: FINE.test(record.outcome) ? "outcome" : "outcome failed" }, record.outcome || "no answer"),
    el("time", { datetime: new Date(record.at * 1000).toISOString(), title: moment(record.at) }, `${record.took_ms} ms`))));
  node.words = [record.name, record.title, record.outcome, direction, summary, ...record.ignored].join(" ").toLowerCase();
  return node;
}

/** Summarize the Block Kit problems; empty if nothing was checked. */
function summarize({ problems, builder_url: url }) {
  const real = problems.filter(({ house }) => !house).length;
  if (real) return [real === 1 ? "1 problem" : `${real} problems`, "bad"];
  if (problems.length) return [problems.length === 1 ? "1 note" : `${problems.length} notes`, "odd"];
  return url ? ["valid", "good"] : ["", ""];
}

function unfold({ sent, answer, problems, builder_url: url }) {
  const part = (name, value) => (value === null || value === undefined || value === "" ? []
    : el("details", { open: true }, el("summary", {}, name), labelled(renderJson(value), name)));
  return el("div", { class: "exchange" },
    problems.length ? el("ul", { class: "problems", "aria-label": "Problems" }, problems.map(({ pointer, message, house }) =>
      el("li", { class: house ? "house" : "" }, el("code", {}, pointer || "/"), ` ${message}`, house ? " (project rule)" : ""))) : [],
    url ? el("p", {}, el("a", { href: url, target: "_blank", rel: "noopener" }, "Open in Block Kit Builder")) : [],
    part("Sent", sent), part("Answer", answer));
}

function labelled(node, name) {
  node.ariaLabel = name;
  return node;
}
