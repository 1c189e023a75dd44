// Rendering of mrkdwn (https://docs.slack.dev/messaging/formatting-message-text).
import { formatDate } from "./dates.js";
import { el, isLinkable, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { broadcast, findChannel, mention } from "./workspace.js";

const MARKS = [
  "`(?<code>[^`\\n]+)`",
  "<(?<angle>[^<>\\n]+)>",
  "(?<![\\p{L}\\p{N}])(?<mark>[*_~])(?=\\S)(?<styled>(?:(?!\\k<mark>).)+(?<!\\s))\\k<mark>(?![\\p{L}\\p{N}])",
  ":(?<emoji>[a-z0-9_+-]+):",
];
const URLS = ["(?<url>https?:\\/\\/[^\\s<>|]*[^\\s<>|.,;:!?()\"'*_~`])"];
const MENTIONS = ["(?<![\\p{L}\\p{N}])@(?<range>here|channel|everyone)\\b", "(?<![\\p{L}\\p{N}&])#(?<channel>[\\p{L}\\p{N}_-]+)"];
const grammar = (...sources) => new RegExp(sources.flat().join("|"), "gu");

/** Grammars: explicit markup alone; with bare URLs; with bare URLs and mentions. */
export const VERBATIM = grammar(MARKS);
export const LINKS = grammar(MARKS, URLS);
export const EVERYTHING = grammar(MARKS, URLS, MENTIONS);

const STYLES = { "*": "strong", _: "em", "~": "s" };
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Render mrkdwn as a list of nodes. */
export function mrkdwn(text, reading = VERBATIM) {
  return text.split(/```([\s\S]+?)```/).map((part, index) =>
    index % 2 ? el("pre", {}, unescape(part.replace(/^\n|\n$/g, ""))) : paragraphs(part, reading));
}

/** Replace the entities of escaped text. */
export const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

function paragraphs(text, reading) {
  return text.split(/((?:^(?:&gt;|>).*\n?)+)/m).map((part, index) =>
    index % 2 ? el("blockquote", {}, inline(part.trimEnd().replace(/^(?:&gt;|>) ?/gm, ""), reading)) : inline(part, reading));
}

function inline(text, reading) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(reading)) {
    nodes.push(unescape(text.slice(end, match.index)), token(match, reading));
    end = match.index + match[0].length;
  }
  return [...nodes, unescape(text.slice(end))];
}

function token({ 0: whole, groups }, reading) {
  if (groups.code) return el("code", {}, unescape(groups.code));
  if (groups.angle) return angle(groups.angle);
  if (groups.styled) return el(STYLES[groups.mark], {}, inline(groups.styled, reading));
  if (groups.emoji) return emoji(groups.emoji);
  if (groups.url) return link(unescape(groups.url));
  if (groups.range) return broadcast(groups.range);
  const channel = findChannel(groups.channel);
  return channel ? mention("#", channel.id) : whole;
}

/** Render the content of angle brackets: a mention, a date or a link. */
function angle(inside) {
  const [target, ...rest] = inside.split("|");
  const label = unescape(rest.join("|"));
  const [command, ...parts] = target.split("^");
  if (target.startsWith("@")) return mention("@", target.slice(1), label);
  if (target.startsWith("#")) return mention("#", target.slice(1), label);
  if (command === "!subteam") return mention("@", parts[0], label.replace(/^@/, ""));
  if (command === "!date") return date(parts, label);
  if (/^!(here|channel|everyone)$/.test(target)) return broadcast(target.slice(1));
  if (target.startsWith("!")) return label || target;
  const url = unescape(target);
  return isLinkable(url) ? link(url, label || url) : `<${unescape(inside)}>`;
}

function date([seconds, format = "", url], fallback) {
  const shown = formatDate(Number(seconds), unescape(format), fallback);
  return url ? link(unescape(url), shown) : shown;
}
