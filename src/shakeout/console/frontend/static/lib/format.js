// Words for figures: times, durations, counts, commits.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const steps = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** A moment as a Date, or null where it is missing or unreadable. */
export function moment(text) {
  const date = text ? new Date(text) : null;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}

/** "2025-09-03 14:05 UTC": the same for every reader. */
export function utc(text) {
  const date = moment(text);
  return date ? `${date.toISOString().slice(0, 16).replace("T", " ")} UTC` : "unknown";
}

/** "14:05:09", UTC. */
export function clock(text) {
  const date = moment(text);
  return date ? date.toISOString().slice(11, 19) : "";
}

/** "3 minutes ago"; the date itself after a week. */
export function ago(text, now = Date.now()) {
  const date = moment(text);
  if (!date) return "unknown";
  const seconds = Math.round((now - date.getTime()) / 1000);
  if (Math.abs(seconds) < 45) return "just now";
  if (Math.abs(seconds) > 7 * 86_400) return date.toISOString().slice(0, 10);
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative.format(-Math.round(seconds / size), unit);
  }
  return relative.format(-1, "minute");
}

/** "4 ms", "1.24 s", "2 min 5 s"; seconds in. */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return "";
  if (seconds < 0.0995) return `${Math.max(seconds * 1000, 0).toFixed(seconds < 0.00995 ? 1 : 0)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.95 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Seconds between two moments, or null. */
export function between(start, end) {
  const [from, to] = [moment(start), moment(end)];
  return from && to ? (to - from) / 1000 : null;
}

/** "1 issue", "3 issues". */
export function count(number, noun, plural = `${noun}s`) {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** The first ten digits of a commit's hash. */
export const short = (commit) => (commit ? String(commit).slice(0, 10) : "unknown");
