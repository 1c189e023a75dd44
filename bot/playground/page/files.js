// Files of a message, as download cards.
import { el, icon } from "./dom.js";
import { isMe } from "./workspace.js";

const UNITS = ["bytes", "KB", "MB", "GB"];

/** Format a file size, such as 1.2 KB. */
export function sizeOf(bytes) {
  const power = Math.min(Math.floor(Math.log2(bytes || 1) / 10), UNITS.length - 1);
  const shown = (bytes / 1024 ** power).toLocaleString(undefined, { maximumFractionDigits: power ? 1 : 0 });
  return `${shown} ${bytes === 1 ? "byte" : UNITS[power]}`;
}

const remove = (file, act) => el("button", { type: "button", class: "icon", "aria-label": `Delete ${file.name}`,
  title: `Delete ${file.name}`, click: () => act(file) }, "✕");

const gone = () => el("li", {}, el("span", { class: "file" }, el("span", { class: "name" }, "This file was deleted.")));

const card = ({ name, title, filetype, size, url }, ...tools) => el("li", {},
  el("a", { class: "file", href: url, download: name, title: `Download ${name}` },
    el("span", { class: "filetype", "aria-hidden": "true" }, filetype.slice(0, 4).toUpperCase()),
    el("span", { class: "name" }, el("strong", {}, title || name),
      el("small", {}, title && title !== name ? `${name} · ` : "", sizeOf(size))),
    icon("download")),
  ...tools);

/** Render a message's files; `act(file)` deletes one's own. */
export const renderFiles = (files = [], act) => (!files.length ? [] : el("ul", { class: "files", "aria-label": "Files" },
  files.map((file) => (file.deleted ? gone() : card(file, isMe(file.owner) ? remove(file, act) : [])))));
