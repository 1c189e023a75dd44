// Emoji: the names that apps write most, as `:name:`.
import { el } from "./dom.js";

const EMOJI = {
  __proto__: null,
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", wave: "👋", clap: "👏", pray: "🙏", raised_hands: "🙌", point_right: "👉",
  ok_hand: "👌", eyes: "👀", smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", heart: "❤️", tada: "🎉", sparkles: "✨",
  star: "⭐", fire: "🔥", rocket: "🚀", robot_face: "🤖", zap: "⚡", bulb: "💡",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", heavy_multiplication_x: "✖️",
  negative_squared_cross_mark: "❎", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", warning: "⚠️", rotating_light: "🚨",
  exclamation: "❗", question: "❓", grey_question: "❔", information_source: "ℹ️", bangbang: "‼️",
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵",
  large_purple_circle: "🟣", white_circle: "⚪", black_circle: "⚫", large_green_square: "🟩", large_yellow_square: "🟨",
  large_red_square: "🟥", white_large_square: "⬜",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", calendar: "📆", date: "📅",
  lock: "🔒", unlock: "🔓", key: "🔑", shield: "🛡️", bust_in_silhouette: "👤", busts_in_silhouette: "👥", crown: "👑",
  leftwards_arrow_with_hook: "↩️", arrow_right_hook: "↪️", arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️",
  arrows_counterclockwise: "🔄", repeat: "🔁", rewind: "⏪", fast_forward: "⏩", heavy_plus_sign: "➕", heavy_minus_sign: "➖",
  pencil: "📝", memo: "📝", pencil2: "✏️", mag: "🔍", mag_right: "🔎", bell: "🔔", no_bell: "🔕", loudspeaker: "📢", mega: "📣",
  speech_balloon: "💬", email: "📧", link: "🔗", paperclip: "📎", pushpin: "📌", bookmark: "🔖", scroll: "📜", clipboard: "📋",
  page_facing_up: "📄", card_index: "📇", file_folder: "📁", bar_chart: "📊", chart_with_upwards_trend: "📈",
  gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", wastebasket: "🗑️", package: "📦", construction: "🚧", bug: "🐛",
};
const NAMED = /:([a-z0-9_+-]+):/;

/** Render an emoji, or its name if it is unknown. */
export function emoji(name, points) {
  const picture = points ? String.fromCodePoint(...points.split("-").map((hex) => parseInt(hex, 16))) : EMOJI[name];
  return picture ? el("span", { role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, picture) : `:${name}:`;
}

/** Render plain text: names are emoji where the app asks for it. */
export const plainText = ({ text, emoji: named }) =>
  (named ? text.split(NAMED).map((part, index) => (index % 2 ? emoji(part) : part)) : text);
