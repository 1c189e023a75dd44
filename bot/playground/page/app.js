// The page: who is acting, which conversation is open, and what arrives.
import { aim, complain, offerCommands, startComposer } from "./composer.js";
import { listen, post } from "./connection.js";
import { el } from "./dom.js";
import { Log } from "./log.js";
import { menu } from "./menu.js";
import { showView, startModal } from "./modal.js";
import { startTheme } from "./theme.js";
import { avatar, isMe, learn } from "./workspace.js";

const byId = (id) => document.getElementById(id);
const rooms = new Map(); // by channel id: its log, its link in the sidebar, its last message, how many are unread
let me = new URLSearchParams(location.search).get("as");
let team = "";
let current = "";
let shortcuts = [];

const HEARD = {
  __proto__: null,
  snapshot,
  message: ({ message }) => arrive(message),
  message_changed: ({ message }) => rooms.get(message.channel)?.log.place(message),
  message_deleted: ({ channel, ts }) => rooms.get(channel)?.log.remove(ts),
  view: ({ view }) => showView(view),
};

function snapshot(news) {
  me = news.me;
  team = news.team.name;
  learn(news);
  showView(null);
  shortcuts = news.shortcuts;
  byId("shortcuts").replaceChildren(offer("global", { label: "Shortcuts", content: bolt(), look: "icon" }));
  byId("team").textContent = team;
  byId("people").replaceChildren(...news.people.filter(({ kind }) => kind !== "bot").map(makePerson));
  makeRooms(news.channels);
  offerCommands(news.commands);
  news.messages.forEach(arrive);
  const wanted = [location.hash.slice(1), current].find((id) => rooms.has(id));
  open(wanted ?? news.channels[0]?.id);
}

/** Switch to a person by a link: everything begins anew, as it would in their own browser. */
function makePerson({ id, name, title }) {
  const follow = ({ currentTarget }) => { currentTarget.hash = location.hash; };
  return el("li", {}, el("a", { href: `?as=${id}`, "aria-current": isMe(id) ? "true" : undefined, click: follow },
    avatar(id, name), el("span", { class: "name" }, name, el("small", {}, title))));
}

function makeRooms(channels) {
  rooms.clear();
  byId("channels").replaceChildren();
  byId("directs").replaceChildren();
  for (const { id, name, kind, shared } of channels) {
    const direct = kind === "direct";
    const count = el("span", { class: "count" });
    const link = el("a", { href: `#${id}` },
      direct ? avatar(id, name) : el("span", { class: "sign", "aria-hidden": "true" }, "#"),
      el("span", { class: "name" }, name), shared ? el("small", {}, "shared") : [], count);
    byId(direct ? "directs" : "channels").append(el("li", {}, link));
    const shown = direct ? name : `#${name}`;
    rooms.set(id, { shown, shared, link, count, log: new Log(shown, press, tools), last: "", unread: 0 });
  }
  byId("logs").replaceChildren(...[...rooms.values()].map(({ log }) => log.element));
}

function open(id) {
  const room = rooms.get(id);
  if (!room) return;
  current = id;
  for (const one of rooms.values()) {
    one.log.show(one === room);
    one.link.ariaCurrent = one === room ? "page" : null;
  }
  byId("title").replaceChildren(room.shown, room.shared ? el("small", {}, "shared with another organization") : "");
  fold(true);
  read(room);
  aim(room.shown);
}

// Kept for the tab, since switching to another person and back loads the page anew.
const bookmark = (id) => `read ${me} ${id}`;

function read(room) {
  sessionStorage.setItem(bookmark(current), room.last);
  count(room, 0);
  document.title = `${room.shown} · ${team}`;
}

function arrive(message) {
  const room = rooms.get(message.channel);
  if (!room) return;
  room.log.place(message);
  room.last = message.ts;
  if (message.channel === current) read(room);
  else if (message.ts > (sessionStorage.getItem(bookmark(message.channel)) ?? "")) count(room, room.unread + 1);
}

function count(room, unread) {
  room.unread = unread;
  room.link.classList.toggle("unread", unread > 0);
  room.count.replaceChildren(...(unread ? [String(unread), el("span", { class: "unseen" }, " unread")] : []));
}

async function press(message, block, element, more) {
  const place = { as: me, channel: message.channel, ts: message.ts };
  const what = { block_id: block.block_id, action_id: element.action_id, value: element.value, ...more };
  complain(await post("press", { ...place, ...what }));
}

/** Make a menu of the shortcuts of one type; nothing if there are none. */
function offer(type, opener, place = {}) {
  const offered = shortcuts.filter((shortcut) => shortcut.type === type);
  return !offered.length ? "" : menu(opener, offered.map(({ callback_id: id, name, description }) => ({
    label: name, note: description,
    act: async () => complain(await post("shortcut", { as: me, channel: current, callback_id: id, ...place })),
  })));
}

const bolt = () => byId("bolt").content.cloneNode(true);

/** What can be done with a message; nothing with one that only one person sees. */
const tools = (message) => (message.ephemeral ? ""
  : offer("message", { label: "More actions", content: "⋯", look: "icon" }, { channel: message.channel, ts: message.ts }));

/** Fold the sidebar away, or unfold it; it only ever folds in a narrow window. */
function fold(folded) {
  byId("sidebar").classList.toggle("unfolded", !folded);
  byId("fold").ariaExpanded = String(!folded);
}

byId("fold").addEventListener("click", () => fold(byId("sidebar").classList.contains("unfolded")));
byId("logs").addEventListener("click", () => fold(true));
document.addEventListener("keydown", ({ key }) => key === "Escape" && fold(true));
window.addEventListener("hashchange", () => open(location.hash.slice(1)));
startTheme(byId("theme"));
startModal((deed, body) => post(deed, { as: me, ...body }));
startComposer((text) => post("send", { as: me, channel: current, text }));
listen(me, (news) => HEARD[news.type]?.(news), (lost) => {
  byId("banner").hidden = !lost;
  byId("banner").textContent = lost ? "Connection lost. Trying to reconnect…" : "";
});
