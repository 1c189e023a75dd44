// Directory of people, channels and user groups, by id.
import { el } from "./dom.js";

const TINTS = 6;
const SIGNS = { __proto__: null, channel: "#", direct: "", group: "" };
const known = new Map();
let me = "";

/** Load the directory from a snapshot. */
export function loadDirectory(snapshot) {
  known.clear();
  me = snapshot.me;
  snapshot.people.forEach((person, index) => known.set(person.id, { ...person, tint: index % TINTS }));
  for (const other of [...snapshot.channels, ...(snapshot.groups ?? [])]) known.set(other.id, other);
}

/** List the people, or the conversations, of selects. */
export const listPeople = () => [...known.values()].filter((one) => "tint" in one);
export const listConversations = () => [...known.values()].filter((one) => one.kind in SIGNS)
  .map(({ id, name, kind }) => ({ id, name: SIGNS[kind] + name }));

/** The app's bot. */
export const findApp = () => [...known.values()].find((one) => one.kind === "bot");

export const isMe = (id) => id === me;

/** The id of the acting person. */
export const getMe = () => me;

export const findChannel = (name) => [...known.values()].find((one) => one.kind === "channel" && one.name === name);

/** Render a mention of an id, highlighted if it is the reader. */
export function mention(sign, id, label) {
  const name = known.get(id)?.name ?? (label || id);
  return el("span", { class: isMe(id) ? "mention calls" : "mention" }, sign + name);
}

/** Render a broadcast mention: here, channel or everyone. */
export const broadcast = (range) => el("span", { class: "mention calls" }, `@${range}`);

/** Render an avatar: initials on a color. */
export function avatar(id, name) {
  const { avatar_letter: letter, kind, tint } = known.get(id) ?? {};
  const [look, letters] = letter && kind !== "bot" ? [`tint-${tint}`, letter] : ["app", name.slice(0, 2)];
  return el("span", { class: `avatar ${look}`, "aria-hidden": "true" }, letters);
}
