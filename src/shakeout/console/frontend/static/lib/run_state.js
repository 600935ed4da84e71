// A run as the page holds it: what the backend stored, then each live event laid over it. Laying one twice changes nothing.

export const OUTCOMES = ["failed", "inconclusive", "degraded", "skipped", "passed"];

export const empty = { run: null, checks: [], issues: [], services: [], log: [] };

/** Replace the item with the same key in place, or add it at the end. */
function put(items, item, key) {
  const at = items.findIndex((other) => other[key] === item[key]);
  if (at < 0) return [...items, item];
  return items.map((other, index) => (index === at ? { ...other, ...item } : other));
}

/** The next state. Actions: {type:"loaded", answer}, {type:"event", sequence, at, event}. */
export function reduce(state, action) {
  if (action.type === "loaded") {
    const { run, checks = [], issues = [], services = [] } = action.answer;
    if (run.state === "finished") return { ...state, run, checks, issues, services };
    // An answer may be older than events that came while it was on its way: what events said stays.
    const lay = (stored, seen, key) => seen.reduce((items, item) => put(items, item, key), stored);
    return {
      ...state, run,
      checks: lay(checks, state.checks, "name"), issues: lay(issues, state.issues, "id"), services: lay(services, state.services, "name"),
    };
  }
  const { kind, ...event } = action.event;
  const line = (text, tone = "") => [...state.log.slice(-499), { sequence: action.sequence, at: action.at, text, tone }];
  if (kind === "check") {
    const check = event.check ?? event;
    const text = `${check.name}: ${check.outcome}${check.detail ? `, ${check.detail}` : ""}`;
    return { ...state, checks: put(state.checks, check, "name"), log: line(text, check.outcome), changed: check.name };
  }
  if (kind === "issue") {
    const issue = event.issue ?? event;
    return { ...state, issues: put(state.issues, issue, "id"), log: line(`${issue.priority} issue: ${issue.title}`, "failed") };
  }
  if (kind === "service") {
    const service = typeof event.service === "object" ? event.service : event;
    return { ...state, services: put(state.services, service, "name"), log: line(`${service.name}: ${service.status}`) };
  }
  if (kind === "status") {
    return { ...state, run: { ...state.run, ...event }, log: line(`Status: ${event.status ?? event.state ?? "changed"}`) };
  }
  return { ...state, log: line(event.message ?? event.text ?? event.detail ?? event.phase ?? "") };
}

/** {passed, failed, …} of a list of checks. */
export function tally(checks) {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  for (const { outcome } of checks) if (outcome in counts) counts[outcome] += 1;
  return counts;
}

/** Checks with what needs a look first; within one outcome in the order in which they were asked. */
export function byUrgency(checks) {
  return [...checks].sort((one, other) => OUTCOMES.indexOf(one.outcome) - OUTCOMES.indexOf(other.outcome));
}
