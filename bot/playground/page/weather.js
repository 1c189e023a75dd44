// The weather: what goes wrong around the bot, as far as somebody wants to see it go wrong.
import { el } from "./dom.js";

let rows = new Map(); // the select of each dial, by its name

/** What is not as it should be; a dial is fine where it stands first. */
const troubles = (dials) => dials.filter(({ setting, settings }) => setting !== settings[0].name)
  .map(({ label, setting, settings }) => `${label}: ${settings.find(({ name }) => name === setting).label}`);

/** Show how the dials stand; `turn(dial, setting)` tells the server and gives in words why it was not taken. */
export function showWeather(dials, turn) {
  const [button, sign, list, problem] = ["weather-button", "weather-sign", "dials", "weather-problem"]
    .map((id) => document.getElementById(id));
  if (dials.length !== rows.size || !dials.every(({ name }) => rows.has(name))) {
    rows = new Map(dials.map((dial) => [dial.name, select(dial, async (setting) => {
      problem.textContent = await turn(dial.name, setting);
    })]));
    list.replaceChildren(...dials.map(({ name, label }) => el("p", {}, el("label", { for: `dial-${name}` }, label), rows.get(name))));
  }
  for (const { name, setting } of dials) rows.get(name).value = setting;
  const wrong = troubles(dials);
  sign.hidden = !wrong.length;
  sign.textContent = wrong[0] + (wrong.length > 1 ? ` + ${wrong.length - 1}` : "");
  button.ariaLabel = wrong.length ? `Weather. ${wrong.join(". ")}` : "Weather";
  button.title = wrong.join("\n") || "Weather: make Slack or Tencent Chat slow, fail or repeat itself";
}

const select = ({ name, settings }, tell) =>
  el("select", { id: `dial-${name}`, class: "entry", change: ({ currentTarget }) => tell(currentTarget.value) },
    settings.map((one) => el("option", { value: one.name }, one.label)));
