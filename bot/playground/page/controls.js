// What can be pressed: buttons and overflow menus, and the dialogs that ask first.
import { el, isLinkable, link } from "./dom.js";
import { menu } from "./menu.js";
import { EVERYTHING, VERBATIM, mrkdwn } from "./mrkdwn.js";

const BUSY = 500; // milliseconds for which a press is seen to have been taken

/** Show a text object: plain text as it is, mrkdwn as it reads. */
export function words(text) {
  return text.type === "mrkdwn" ? mrkdwn(text.text, text.verbatim ? VERBATIM : EVERYTHING) : text.text;
}

/** Ask before something is done, and say whether to go on. */
function confirmed(dialog) {
  if (!dialog) return true;
  const choice = (value, label, look) => el("button", { class: `button ${look}`, value }, label);
  const box = el("dialog", { "aria-label": dialog.title?.text ?? "Are you sure?" },
    el("form", { method: "dialog" },
      el("h3", {}, dialog.title?.text ?? "Are you sure?"),
      el("p", {}, dialog.text ? words(dialog.text) : ""),
      el("menu", {},
        choice("", dialog.deny?.text ?? "Cancel", ""),
        choice("yes", dialog.confirm?.text ?? "Yes", dialog.style ?? "primary"))));
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => box.addEventListener("close", () => {
    box.remove();
    resolve(box.returnValue === "yes");
  }));
}

/** Act on a press once: ask if need be, tell the server, and show for a moment that it is under way. */
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
  }, element.text.text);
  return node;
}

function overflow(element, press) {
  const opener = { label: "More actions", content: "⋯", "data-action": element.action_id };
  return menu(opener, element.options.map((option) => ({
    label: option.text.text,
    note: option.description?.text,
    act: (node) => {
      visit(option);
      act(node, element, press, { selected_option: option });
    },
  })));
}

/** Stand in for a picture: the page loads nothing from elsewhere, so its description is shown. */
export const picture = (element) => el("span", { class: "picture", role: "img", "aria-label": element.alt_text }, element.alt_text);

const CONTROLS = { __proto__: null, button, overflow, image: picture };

/** Name what this page does not draw. */
export const unknown = (type) => el("span", { class: "unknown" }, `${type} is not shown here`);

/** Render what can be pressed; `press(element, more)` tells the server. */
export const control = (element, press) => CONTROLS[element.type]?.(element, press) ?? unknown(element.type);
