// Buttons and overflow menus, and their confirmation dialogs.
import { el, icon, isLinkable, link } from "./dom.js";
import { plainText } from "./emoji.js";
import { menu } from "./menu.js";
import { EVERYTHING, VERBATIM, mrkdwn } from "./mrkdwn.js";

const BUSY = 500; // milliseconds for which a pressed control is shown as busy

/** Render a text object: plain text or mrkdwn. */
export function words(text) {
  return text.type === "mrkdwn" ? mrkdwn(text.text, text.verbatim ? VERBATIM : EVERYTHING) : plainText(text);
}

/** Show a confirmation dialog; returns whether it was confirmed. */
function confirmed(dialog) {
  if (!dialog) return true;
  const choice = (value, label, look) => el("button", { class: `button ${look}`, value }, label);
  const box = el("dialog", { "aria-label": dialog.title?.text ?? "Are you sure?" },
    el("form", { method: "dialog" },
      el("h3", {}, dialog.title ? plainText(dialog.title) : "Are you sure?"),
      el("p", {}, dialog.text ? words(dialog.text) : ""),
      el("menu", {},
        choice("", dialog.deny ? plainText(dialog.deny) : "Cancel", ""),
        choice("yes", dialog.confirm ? plainText(dialog.confirm) : "Yes", dialog.style ?? "primary"))));
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => box.addEventListener("close", () => {
    box.remove();
    resolve(box.returnValue === "yes");
  }));
}

/** Send a press once: confirm it if needed, and show the control as busy meanwhile. */
export async function act(control, element, press, more = {}) {
  if (control.ariaBusy === "true" || !(await confirmed(element.confirm))) return false;
  control.ariaBusy = "true";
  await Promise.all([press(element, more), new Promise((done) => setTimeout(done, BUSY))]);
  control.ariaBusy = null;
  return true;
}

function visit({ url = "" }) {
  if (isLinkable(url)) link(url).click();
}

function button(element, press) {
  const look = `button ${element.style ?? ""}`;
  const node = el("button", {
    type: "button", class: look, "data-action": element.action_id, "aria-label": element.accessibility_label,
    click: () => {
      visit(element);
      act(node, element, press);
    },
  }, plainText(element.text));
  return node;
}

function overflow(element, press) {
  const opener = { label: "More actions", content: "⋯", "data-action": element.action_id };
  return menu(opener, element.options.map((option) => ({
    label: plainText(option.text),
    note: option.description?.text,
    act: (node) => {
      visit(option);
      act(node, element, press, { selected_option: option });
    },
  })));
}

/** Draw an image as a placeholder with its alt text: the page loads nothing from other sites. */
export const picture = ({ alt_text: alt }) =>
  el("span", { class: "picture", role: "img", "aria-label": alt, title: alt }, icon("picture"), el("span", {}, alt));

const CONTROLS = { __proto__: null, button, overflow, image: picture };

/** Placeholder for an unsupported element. */
export const unknown = (type) => el("span", { class: "unknown" }, `${type} is not supported here`);

/** Render a control; `press(element, more)` sends its action. */
export const control = (element, press) => CONTROLS[element.type]?.(element, press) ?? unknown(element.type);
