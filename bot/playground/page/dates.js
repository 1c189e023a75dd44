// Dates as Slack writes them (https://docs.slack.dev/messaging/formatting-message-text#date-formatting).

const intl = (options) => {
  const formatter = new Intl.DateTimeFormat(undefined, options);
  return (date) => formatter.format(date);
};
const isoDay = (date) => new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

const dayOfThisYear = intl({ weekday: "long", month: "long", day: "numeric" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** Say how long ago it was, or how long until it is. */
function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  return relative.format(Math.trunc(seconds / size), unit);
}

const TOKENS = {
  __proto__: null,
  date_num: isoDay,
  date_slash: intl({ dateStyle: "short" }),
  date: intl({ dateStyle: "long" }),
  date_long: intl({ dateStyle: "full" }),
  date_long_full: intl({ dateStyle: "long" }),
  date_short: intl({ dateStyle: "medium" }),
  day_divider: (date) => (date.getFullYear() === new Date().getFullYear() ? dayOfThisYear : TOKENS.date_long)(date),
  ago,
  time: intl({ timeStyle: "short" }),
  time_secs: intl({ timeStyle: "medium" }),
};

const inFull = intl({ dateStyle: "full", timeStyle: "medium" });
const dateOf = (seconds) => new Date(seconds * 1000);

/** Say the time of day, such as 9:41 AM. */
export const clock = (seconds) => TOKENS.time(dateOf(seconds));

/** Say the day and the time in full. */
export const moment = (seconds) => inFull(dateOf(seconds));

/** Name the day: Today, Yesterday, Tomorrow, or its date in the given style. */
export function day(seconds, style = "day_divider") {
  const date = dateOf(seconds);
  const apart = Math.round((Date.parse(isoDay(date)) - Date.parse(isoDay(new Date()))) / 86_400_000);
  return { "-1": "Yesterday", 0: "Today", 1: "Tomorrow" }[apart] ?? TOKENS[style](date);
}

/** Fill a format such as `{date_short} at {time}`; an unknown token or no valid time gives the fallback. */
export function formatDate(seconds, format, fallback) {
  try {
    return format.replace(/\{(\w+?)(_pretty)?\}/g, (_, token, pretty) =>
      pretty ? day(seconds, token) : TOKENS[token](dateOf(seconds)));
  } catch {
    return fallback;
  }
}
