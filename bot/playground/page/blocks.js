// Renders Block Kit (https://docs.slack.dev/reference/block-kit/blocks).
import { control, picture, unknown, words } from "./controls.js";
import { el } from "./dom.js";
import { plainText } from "./emoji.js";
import { INPUTS } from "./inputs.js";
import { richText } from "./richtext.js";
import { dataTable, table } from "./tables.js";

let fields = 0;

/** Draw an element outside an input block, such as a button or a menu. */
function single(element, here) {
  const label = element.placeholder?.text ?? "Choose…";
  return draw(element, { ...here, attributes: { class: "button", "aria-label": label } });
}

function draw(element, { state, ...here }) {
  const input = INPUTS[element.type];
  return input ? input(element, { state: state?.[element.action_id], ...here }) : control(element, here.press);
}

function section(block, here) {
  return [
    el("div", { class: "text" },
      block.text ? el("div", {}, words(block.text)) : [],
      block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, words(field)))) : []),
    block.accessory ? single(block.accessory, here) : [],
  ];
}

/** Draw an input with its label, hint and error. */
function field(block, { error, ...here }) {
  const id = `field-${fields++}`;
  const notes = [
    error ? el("p", { id: `${id}-error`, class: "complaint" }, error) : [],
    block.hint ? el("p", { id: `${id}-hint`, class: "hint" }, plainText(block.hint)) : [],
  ].flat();
  const node = draw(block.element, {
    ...here, optional: block.optional, silent: !block.dispatch_action,
    attributes: {
      id, class: "entry",
      "aria-describedby": notes.map((note) => note.id).join(" ") || undefined,
      "aria-invalid": error ? "true" : undefined,
      "aria-required": block.optional ? undefined : "true",
    },
  });
  const label = [plainText(block.label), block.optional ? el("small", {}, " (optional)") : []];
  if (node.localName !== "fieldset") return [el("label", { for: id }, label), node, notes];
  node.prepend(el("legend", {}, label));
  return [node, notes];
}

const LEVELS = {
  __proto__: null,
  default: ["", "ℹ"], info: ["Info: ", "ℹ"], success: ["Success: ", "✓"], warning: ["Warning: ", "⚠"], error: ["Error: ", "✕"],
};

function alert({ level = "default", text }) {
  const [name, mark] = LEVELS[level];
  return el("div", { class: `notice ${level}`, role: "note" },
    el("span", { class: "mark", "aria-hidden": "true" }, mark),
    el("div", {}, el("span", { class: "unseen" }, name), words(text)));
}

const contextElement = (element) => (element.type === "image" ? picture(element) : el("span", {}, words(element)));

const BLOCKS = {
  __proto__: null,
  alert,
  section,
  table,
  data_table: dataTable,
  rich_text: richText,
  context: (block) => block.elements.map(contextElement),
  header: (block) => el("h3", {}, plainText(block.text)),
  divider: () => el("hr"),
  actions: (block, here) => block.elements.map((element) => single(element, here)),
  image: (block) => el("figure", {}, block.title ? el("figcaption", {}, plainText(block.title)) : [], picture(block)),
  markdown: (block) => block.text,
  input: field,
};

/**
 * Render the blocks of a message or view. `press(block, element, more)` sends an action, and `suggest(block, element, value)`
 * requests options for typed text. `state` has the values and `errors` the validation errors of inputs, by block id.
 */
export function renderBlocks(blocks, press, { state = {}, errors = {}, suggest } = {}) {
  return blocks.map((block) => {
    const id = block.block_id;
    const here = {
      press: (element, more) => press(block, element, more),
      suggest: (element, value) => suggest(block, element, value),
      state: state[id], error: errors[id],
    };
    const look = `block ${block.type} ${here.error ? "invalid" : ""}`;
    return el("div", { class: look, "data-block": id }, BLOCKS[block.type]?.(block, here) ?? unknown(block.type));
  });
}
