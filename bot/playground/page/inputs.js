// Input elements.
import { words } from "./controls.js";
import { el } from "./dom.js";
import { fileInput } from "./file-input.js";
import { initialValue, input, placeholder, sameOption } from "./input-state.js";
import { externalSelect, multiSelect, pick, staticSelect } from "./selects.js";
import { listConversations, listPeople } from "./workspace.js";

const PAUSE = 300; // milliseconds after the last character before a text is sent to the bot

let groups = 0;

const text = (type, inputmode) => (element, here) => {
  const node = el(element.multiline ? "textarea" : "input", {
    ...here.attributes, autocomplete: "off", spellcheck: "false", placeholder: placeholder(element),
    ...(element.multiline ? { rows: 3 } : { type, inputmode }),
  });
  node.value = initialValue(element, here, "value", "initial_value") ?? "";
  const read = () => ({ value: node.value || null });
  if (!here.silent) sendText(node, element, () => here.press(element, read()));
  return input(node, element, { ...here, silent: true }, read);
};

/** Send a text to the bot on Enter or on each character, as the element specifies. */
function sendText(node, element, send) {
  const moments = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  let pause;
  if (moments.includes("on_character_entered")) node.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(send, PAUSE);
  });
  if (moments.includes("on_enter_pressed")) node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    send();
  });
}

/** Make a group of radio buttons or checkboxes. */
const group = (type, key, initial) => (element, here) => {
  const name = `group-${groups++}`;
  const chosen = [initialValue(element, here, key, initial) ?? []].flat();
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
  node.value = initialValue(element, here, "selected_date", "initial_date") ?? "";
  const read = () => ({ selected_date: node.value || null });
  return input(node, element, here, read, (last) => { node.value = last.selected_date ?? ""; });
}

/** Renderers of inputs by type: from the element and its context to a node. */
export const INPUTS = {
  __proto__: null,
  plain_text_input: text("text"),
  number_input: text("text", "decimal"),
  email_text_input: text("email"),
  url_text_input: text("url"),
  static_select: staticSelect,
  external_select: externalSelect,
  multi_static_select: multiSelect,
  users_select: pick("selected_user", "initial_user", listPeople),
  conversations_select: pick("selected_conversation", "initial_conversation", listConversations),
  channels_select: pick("selected_channel", "initial_channel", listConversations),
  radio_buttons: group("radio", "selected_option", "initial_option"),
  checkboxes: group("checkbox", "selected_options", "initial_options"),
  datepicker: date,
  file_input: fileInput,
};
