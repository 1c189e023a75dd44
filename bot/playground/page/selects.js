// Select elements: static, multiple, external, and of people and conversations.
import { Combobox } from "./combobox.js";
import { el } from "./dom.js";
import { initialValue, input, placeholder, sameOption } from "./input-state.js";

const PAUSE = 300; // milliseconds after the last character before options are requested
const LEAST_QUERY = 3; // default of min_query_length

/** Make a select of grouped entries with label and value. */
function select(element, here, groups, key, initial, same = (one, other) => one === other) {
  const entries = groups.flatMap((group) => group.entries);
  const find = (value) => (value ? entries.findIndex((entry) => same(entry.value, value)) : -1);
  const start = find(initialValue(element, here, key, initial));
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

export const staticSelect = (element, here) =>
  select(element, here, listGroups(element), "selected_option", "initial_option", sameOption);

/** Make a combobox for one or several options; `options` are those of Combobox. */
function searched(element, here, key, initial, options) {
  const many = key === "selected_options";
  const box = new Combobox({
    attributes: here.attributes, placeholder: placeholder(element) ?? (many ? "Choose some…" : "Type to search…"), many,
    chosen: [initialValue(element, here, key, initial) ?? []].flat(), ...options,
  });
  const read = () => ({ [key]: many ? box.chosen : box.chosen[0] ?? null });
  return input(box.element, element, here, read, (last) => box.choose([last[key] ?? []].flat()));
}

export function multiSelect(element, here) {
  const fits = (typed) => ({ label }) => label.toLowerCase().includes(typed.toLowerCase());
  const find = (typed) => listGroups(element).map(({ label, entries }) => ({ label, entries: entries.filter(fits(typed)) }));
  return searched(element, here, "selected_options", "initial_options", { find, most: element.max_selected_items });
}

export function externalSelect(element, here) {
  const least = element.min_query_length ?? LEAST_QUERY;
  return searched(element, here, "selected_option", "initial_option", { wait: PAUSE, find: async (typed) => {
    if (typed.length < least) return `Type at least ${least} ${least === 1 ? "character" : "characters"}.`;
    const answer = await here.suggest(element, typed);
    return answer.why ? `Failed: ${answer.why}.` : listGroups(answer);
  } });
}

export const pick = (key, initial, list) => (element, here) => {
  const entries = list().map(({ id, name }) => ({ label: name, value: id }));
  return select(element, here, [{ entries }], key, initial);
};
