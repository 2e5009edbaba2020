// Times and durations in the form of times.py.
const pad = (number) => String(number).padStart(2, "0");
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time in the reader's own zone. */
export function localText(moment) {
  return format.format(new Date(moment));
}

/** The same in UTC. */
export function utcText(moment) {
  return new Date(moment).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

/** A number of seconds as a reader says it. */
export function durationText(seconds) {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${pad(Math.floor((whole % 86400) / 3600))} h`;
}
