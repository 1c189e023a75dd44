// Inputs: what can be typed or chosen, in a message at once, in a modal until it is submitted.
import { act, words } from "./controls.js";
import { el } from "./dom.js";
import { listConversations, listPeople } from "./workspace.js";

const PAUSE = 300; // milliseconds after the last character before a text is told to the bot

let groups = 0;

/** What an input holds: what it held before it was drawn anew, or what the bot gave it to start with. */
const held = (element, here, key, initial) => (here.held && key in here.held ? here.held[key] : element[initial]);

const placeholder = (element) => element.placeholder?.text;

/** Let a node tell what it holds, and tell the bot of a change if it asked for that. */
function input(node, element, here, read, restore) {
  node.read = read;
  node.dataset.action = element.action_id;
  if (here.silent) return node;
  let last = read();
  node.addEventListener("change", async () => {
    if (await act(node, element, here.press, read())) last = read();
    else restore(last);
  });
  return node;
}

const text = (type, inputmode) => (element, here) => {
  const node = el(element.multiline ? "textarea" : "input", {
    ...here.attributes, autocomplete: "off", spellcheck: "false", placeholder: placeholder(element),
    ...(element.multiline ? { rows: 3 } : { type, inputmode }),
  });
  node.value = held(element, here, "value", "initial_value") ?? "";
  const read = () => ({ value: node.value || null });
  if (!here.silent) tellText(node, element, () => here.press(element, read()));
  return input(node, element, { ...here, silent: true }, read);
};

/** Tell the bot of a text when Enter is pressed, or with its characters, as the element says. */
function tellText(node, element, tell) {
  const moments = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  let pause;
  if (moments.includes("on_character_entered")) node.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(tell, PAUSE);
  });
  if (moments.includes("on_enter_pressed")) node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    tell();
  });
}

/** Make a select of groups of entries, each with a label and the value it stands for. */
function select(element, here, groups, key, initial, same = (one, other) => one === other) {
  const entries = groups.flatMap((group) => group.entries);
  const find = (value) => (value ? entries.findIndex((entry) => same(entry.value, value)) : -1);
  const start = find(held(element, here, key, initial));
  let number = 0;
  const list = (group) => group.entries.map((entry) =>
    el("option", { value: number, selected: number++ === start }, entry.label));
  const empty = { value: "", disabled: !here.optional, hidden: !here.optional, selected: start < 0 };
  const node = el("select", here.attributes,
    el("option", empty, placeholder(element) ?? "Choose…"),
    groups.map((group) => (group.label ? el("optgroup", { label: group.label }, list(group)) : list(group))));
  const read = () => ({ [key]: entries[node.value]?.value ?? null });
  return input(node, element, here, read, (last) => { node.selectedIndex = find(last[key]) + 1; });
}

const listGroups = (element) => (element.option_groups ?? [{ options: element.options }]).map((group) => ({
  label: group.label?.text, entries: group.options.map((option) => ({ label: option.text.text, value: option })),
}));

const staticSelect = (element, here) =>
  select(element, here, listGroups(element), "selected_option", "initial_option", sameOption);

/** Make a list of options of which several can be chosen. */
function multiSelect(element, here) {
  const groups = listGroups(element);
  const entries = groups.flatMap((group) => group.entries);
  const chosen = held(element, here, "selected_options", "initial_options") ?? [];
  let number = 0;
  const list = (group) => group.entries.map((entry) =>
    el("option", { value: number++, selected: chosen.some((one) => sameOption(one, entry.value)) }, entry.label));
  const node = el("select", { ...here.attributes, multiple: true, size: Math.min(entries.length + groups.length, 6) },
    groups.map((group) => (group.label ? el("optgroup", { label: group.label }, list(group)) : list(group))));
  const read = () => ({ selected_options: [...node.selectedOptions].map((one) => entries[one.value].value) });
  return input(node, element, here, read, (last) => {
    for (const one of node.options) one.selected = last.selected_options.includes(entries[one.value].value);
  });
}

const pick = (key, initial, list) => (element, here) => {
  const entries = list().map(({ id, name }) => ({ label: name, value: id }));
  return select(element, here, [{ entries }], key, initial);
};

const sameOption = (one, other) => one.value === other.value;

/** Make a group of radio buttons or checkboxes. */
const group = (type, key, initial) => (element, here) => {
  const name = `group-${groups++}`;
  const chosen = [held(element, here, key, initial) ?? []].flat();
  const boxes = element.options.map((option, value) =>
    el("input", { type, name, value, checked: chosen.some((one) => sameOption(one, option)) }));
  const { id, "aria-label": label, "aria-describedby": described } = here.attributes;
  const node = el("fieldset", { id, class: "group", "aria-label": label, "aria-describedby": described },
    element.options.map((option, index) => el("label", {}, boxes[index],
      el("span", {}, words(option.text), option.description ? el("small", {}, words(option.description)) : []))));
  const ticked = () => element.options.filter((_, index) => boxes[index].checked);
  const read = () => ({ [key]: type === "radio" ? ticked()[0] ?? null : ticked() });
  return input(node, element, here, read, (last) => {
    const before = [last[key] ?? []].flat();
    boxes.forEach((box, index) => { box.checked = before.some((one) => sameOption(one, element.options[index])); });
  });
};

function date(element, here) {
  const node = el("input", { ...here.attributes, type: "date" });
  node.value = held(element, here, "selected_date", "initial_date") ?? "";
  const read = () => ({ selected_date: node.value || null });
  return input(node, element, here, read, (last) => { node.value = last.selected_date ?? ""; });
}

/** What each type of input looks like: it is given the element and what is so here, and makes a node. */
export const INPUTS = {
  __proto__: null,
  plain_text_input: text("text"),
  number_input: text("text", "decimal"),
  email_text_input: text("email"),
  url_text_input: text("url"),
  static_select: staticSelect,
  multi_static_select: multiSelect,
  users_select: pick("selected_user", "initial_user", listPeople),
  conversations_select: pick("selected_conversation", "initial_conversation", listConversations),
  channels_select: pick("selected_channel", "initial_channel", listConversations),
  radio_buttons: group("radio", "selected_option", "initial_option"),
  checkboxes: group("checkbox", "selected_options", "initial_options"),
  datepicker: date,
};

/** Read what all inputs inside a node hold, by block id and action id. */
export function readState(node) {
  const state = {};
  for (const one of node.querySelectorAll("[data-action]")) {
    if (!one.read) continue;
    const { block } = one.closest("[data-block]").dataset;
    state[block] = { ...state[block], [one.dataset.action]: one.read() };
  }
  return state;
}
