// Builds elements; whatever comes from outside ends as text or as a checked link, never as markup.

/** Make an element: functions become listeners, `true` and `false` set or leave out an attribute. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined));
  return node;
}

/** Draw one of the icons that the page itself brings along as templates. */
export const icon = (name) => document.getElementById(`icon-${name}`).content.cloneNode(true);

/** Tell whether an address may be linked: one of the web or of mail. */
export const isLinkable = (url) => /^(https?:\/\/|mailto:)/i.test(url) && URL.canParse(url);

/** Link to an address if it may be linked; otherwise show the words alone. */
export function link(url, words = url) {
  return isLinkable(url) ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words) : words;
}
