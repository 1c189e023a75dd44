// Files of a message, as download cards.
import { el, icon } from "./dom.js";

const UNITS = ["bytes", "KB", "MB", "GB"];

/** Format a file size, such as 1.2 KB. */
function sizeOf(bytes) {
  const power = Math.min(Math.floor(Math.log2(bytes || 1) / 10), UNITS.length - 1);
  const shown = (bytes / 1024 ** power).toLocaleString(undefined, { maximumFractionDigits: power ? 1 : 0 });
  return `${shown} ${bytes === 1 ? "byte" : UNITS[power]}`;
}

const card = ({ name, title, filetype, size, url }) => el("li", {},
  el("a", { class: "file", href: url, download: name, title: `Download ${name}` },
    el("span", { class: "filetype", "aria-hidden": "true" }, filetype.slice(0, 4).toUpperCase()),
    el("span", { class: "name" }, el("strong", {}, title || name),
      el("small", {}, title && title !== name ? `${name} · ` : "", sizeOf(size))),
    icon("download")));

/** Render a message's files. */
export const renderFiles = (files = []) => (files.length ? el("ul", { class: "files", "aria-label": "Files" }, files.map(card)) : []);
