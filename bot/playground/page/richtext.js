// Rendering of rich text blocks, whose text has no markup.
import { formatDate } from "./dates.js";
import { el, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { broadcast, mention } from "./workspace.js";

const STYLES = { code: "code", bold: "strong", italic: "em", strike: "s", underline: "u" };

const PARTS = {
  __proto__: null,
  text: ({ text }) => text,
  link: ({ url, text }) => link(url, text || undefined),
  user: ({ user_id: id }) => mention("@", id),
  channel: ({ channel_id: id }) => mention("#", id),
  usergroup: ({ usergroup_id: id }) => mention("@", id),
  team: ({ team_id: id }) => mention("@", id),
  broadcast: ({ range }) => broadcast(range),
  emoji: ({ name, unicode }) => emoji(name, unicode),
  color: ({ value }) => el("code", {}, value),
  date: ({ timestamp, format, url, fallback }) => {
    const shown = formatDate(timestamp, format, fallback ?? "");
    return url ? link(url, shown) : shown;
  },
};

const GROUPS = {
  __proto__: null,
  rich_text_section: (group) => el("p", {}, parts(group)),
  rich_text_preformatted: (group) => el("pre", {}, parts(group)),
  rich_text_quote: (group) => el("blockquote", {}, parts(group)),
  rich_text_list: (group) => el(
    group.style === "ordered" ? "ol" : "ul",
    { class: `indent-${Math.min(group.indent ?? 0, 4)}`, start: group.offset ? group.offset + 1 : undefined },
    group.elements.map((item) => el("li", {}, parts(item))),
  ),
};

const part = (one) => {
  const styles = Object.keys(STYLES).filter((style) => one.style?.[style]);
  return styles.reduce((inside, style) => el(STYLES[style], {}, inside), PARTS[one.type]?.(one) ?? `[${one.type}]`);
};
const parts = (group) => group.elements.map(part);

/** Render the groups of a rich text block. */
export const richText = (block) => block.elements.map((group) => GROUPS[group.type]?.(group) ?? `[${group.type}]`);
