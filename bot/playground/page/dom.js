// Builds elements; foreign data becomes text or a checked link, never markup.

/** Make an element; functions become listeners, and `true` and `false` set or omit an attribute. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined));
  return node;
}

/** Copy an icon from the page's templates. */
export const icon = (name) => document.getElementById(`icon-${name}`).content.cloneNode(true);

/** Check whether a URL may be linked: http, https or mailto. */
export const isLinkable = (url) => /^(https?:\/\/|mailto:)/i.test(url) && URL.canParse(url);

/** Make a link; a URL that must not be linked gives the words alone. */
export function link(url, words = url) {
  return isLinkable(url) ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words) : words;
}
