// The page: who is acting, which conversation is open, and what arrives.
import { Composer } from "./composer.js";
import { ask, listen, post } from "./connection.js";
import { el, icon } from "./dom.js";
import { Home } from "./home.js";
import { startInspector } from "./inspector.js";
import { menu } from "./menu.js";
import { showView, startModal } from "./modal.js";
import { Room } from "./rooms.js";
import { fold, showPeople } from "./sidebar.js";
import { startTheme } from "./theme.js";
import { closeThread, openThread, refreshThread } from "./thread.js";
import { showWeather } from "./weather.js";
import { learn } from "./workspace.js";

const byId = (id) => document.getElementById(id);
const rooms = new Map(); // by channel id
let me = new URLSearchParams(location.search).get("as");
let team = "";
let current = null; // the room that is open
let hasHome = false;
let shortcuts = [];

const tell = (deed, body) => post(deed, { as: me, ...body });
const question = (deed, body) => ask(deed, { as: me, ...body });
const composer = new Composer((text) => tell("send", { channel: current.id, text }), { id: "text" });
const home = new Home(question);

const HEARD = {
  __proto__: null,
  snapshot,
  message: ({ message }) => arrive(message),
  message_changed: ({ message }) => place(message),
  message_deleted: ({ channel, ts }) => {
    rooms.get(channel)?.remove(ts);
    refreshThread(rooms.get(channel), ts);
  },
  view: ({ view }) => showView(view),
  home: ({ view }) => home.place(view),
  weather: ({ weather }) => showWeather(weather, turn),
};

function snapshot(news) {
  me = news.me;
  team = news.team.name;
  hasHome = news.home_enabled;
  learn(news);
  showView(null);
  home.place(null);
  closeThread();
  showWeather(news.weather, turn);
  shortcuts = news.shortcuts;
  composer.tools.replaceChildren(offer("global", { label: "Shortcuts", content: icon("bolt"), look: "icon" }));
  byId("team").textContent = team;
  showPeople(news.people);
  makeRooms(news.channels);
  composer.offerCommands(news.commands);
  news.messages.forEach(arrive);
  const wanted = [location.hash.slice(1), current?.id].find((hash) => rooms.has(hash?.split("/")[0]));
  // The connection may have been away while text was typed elsewhere.
  open(wanted ?? news.channels[0]?.id, document.activeElement === document.body);
}

function makeRooms(channels) {
  rooms.clear();
  byId("channels").replaceChildren();
  byId("directs").replaceChildren();
  for (const channel of channels) {
    const room = new Room(channel, deeds, `read ${me} ${channel.id}`);
    byId(room.direct ? "directs" : "channels").append(el("li", {}, room.link));
    rooms.set(room.id, room);
  }
  byId("logs").replaceChildren(...[...rooms.values()].map(({ log }) => log.element), home.element);
}

/** Open a conversation by what is in the address: its id, and the tab of a direct message. Its box takes the focus if it may. */
function open(hash, focus = true) {
  const [id, tab] = hash?.split("/") ?? [];
  const room = rooms.get(id);
  if (!room) return;
  if (room !== current) closeThread();
  current = room;
  const atHome = room.direct && hasHome && tab === "home";
  for (const one of rooms.values()) {
    one.log.show(one === room && !atHome);
    one.link.ariaCurrent = one === room ? "page" : null;
  }
  home.show(atHome);
  composer.element.hidden = atHome;
  byId("title").replaceChildren(room.shown, room.shared ? el("small", {}, "shared with another organization") : "");
  document.title = `${room.shown} · ${team}`;
  showTabs(room, atHome);
  fold(true);
  if (!atHome) room.read();
  composer.aim(`Message ${room.shown}`);
  if (focus) composer.focus();
}

/** Show the tabs of the bot's direct message, and tell the bot which one was opened. */
async function showTabs(room, atHome) {
  const tab = (name, id, here) => el("a", { href: `#${id}`, "aria-current": here ? "page" : undefined }, name);
  byId("tabs").hidden = !(room.direct && hasHome);
  byId("tabs").replaceChildren(tab("Home", `${room.id}/home`, atHome), tab("Messages", room.id, !atHome));
  if (!room.direct) return;
  const why = await tell("open_app", { channel: room.id, tab: atHome ? "home" : "messages" });
  if (atHome) home.say(why);
}

function place(message) {
  const room = rooms.get(message.channel);
  room?.place(message);
  if (room) refreshThread(room, message.ts);
}

function arrive(message) {
  const room = rooms.get(message.channel);
  place(message);
  room?.arrive(message, room === current && home.element.hidden);
}

const where = (message, block, element) =>
  ({ channel: message.channel, ts: message.ts, block_id: block.block_id, action_id: element.action_id });

const press = (message, block, element, more) =>
  tell("press", { value: element.value, ...more, ...where(message, block, element) });

/** What people can do with messages. */
const deeds = {
  press: async (...what) => composer.complain(await press(...what)),
  suggest: (message, block, element, value) => question("suggest", { ...where(message, block, element), value }),
  open: (message) => {
    const ts = rooms.get(message.channel).messages.has(message.thread_ts) ? message.thread_ts : message.ts;
    const send = (text) => tell("send", { channel: message.channel, thread_ts: ts, text });
    openThread(rooms.get(message.channel), ts, deeds, { press, send });
  },
  // Nothing can be done with a message that only one person sees, or that is gone.
  tools: (message) => (message.ephemeral || message.gone ? [] : [
    el("button", { type: "button", class: "icon", "aria-label": "Reply in thread", title: "Reply in thread",
      "data-action": "thread", click: () => deeds.open(message) }, icon("thread")),
    offer("message", { label: "More actions", content: "⋯", look: "icon" }, { channel: message.channel, ts: message.ts }),
  ]),
};

const turn = (dial, setting) => tell("weather", { dial, setting });

/** Make a menu of the shortcuts of one type; nothing if there are none. */
function offer(type, opener, where = {}) {
  const offered = shortcuts.filter((shortcut) => shortcut.type === type);
  return !offered.length ? "" : menu(opener, offered.map(({ callback_id: id, name, description }) => ({
    label: name, note: description,
    act: async () => composer.complain(await tell("shortcut", { channel: current.id, callback_id: id, ...where })),
  })));
}

byId("composer").append(composer.element);
window.addEventListener("hashchange", () => open(location.hash.slice(1)));
startTheme(byId("theme"));
startInspector(byId("inspect"));
startModal(question);
listen(me, (news) => HEARD[news.type]?.(news), (lost) => {
  byId("banner").hidden = !lost;
  byId("banner").textContent = lost ? "Connection lost. Trying to reconnect…" : "";
});
