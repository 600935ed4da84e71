// Small marks that carry a state by shape, word and colour, never by colour alone.
import { html } from "../lib/html.js";
import { ago, clock, duration, short, utc } from "../lib/format.js";

const shapes = {
  passed: "M4 8.5 7 11.5 12.2 5",
  failed: "M5 5 11 11M11 5 5 11",
  degraded: "M8 4.2V8.6M8 11.4V11.5",
  inconclusive: "M5.9 6.2A2.1 2.1 0 1 1 8 8.4V9M8 11.6V11.7",
  skipped: "M5 8H11",
  running: "M8 4.5V8L10.4 9.6",
};

const runs = {
  SUCCESSFUL: ["passed", "Successful"],
  "SUCCESSFUL with ISSUES": ["degraded", "Successful with issues"],
  FAILED: ["failed", "Failed"],
  INCONCLUSIVE: ["inconclusive", "Inconclusive"],
};

/** The statuses that a run can have, as the backend names them, with our words. */
export const STATUSES = Object.entries(runs).map(([value, [, label]]) => ({ value, label }));

export function Mark({ outcome }) {
  return html`<svg class="mark ${outcome}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <circle cx="8" cy="8" r="7.5" /><path d=${shapes[outcome] ?? shapes.inconclusive} />
  </svg>`;
}

/** A check's outcome. */
export function Outcome({ outcome }) {
  return html`<span class="outcome ${outcome}"><${Mark} outcome=${outcome} />${outcome}</span>`;
}

/** [tone, words] of a run. */
export function statusOf(run) {
  if (run.status && runs[run.status]) return runs[run.status];
  if (run.state && run.state !== "finished") return ["running", run.state === "running" ? "Running" : run.state];
  return ["inconclusive", run.status || "Unknown"];
}

export function RunStatus({ run }) {
  const [tone, words] = statusOf(run);
  return html`<span class="status ${tone}"><${Mark} outcome=${tone} />${words}</span>`;
}

export function Priority({ priority }) {
  return html`<span class="priority ${String(priority).toLowerCase()}">${priority}</span>`;
}

export function When({ at }) {
  return at ? html`<time datetime=${at} title=${utc(at)}>${ago(at)}</time>` : html`<span class="muted">unknown</span>`;
}

export function Clock({ at }) {
  return html`<time datetime=${at} title=${utc(at)}>${clock(at)}</time>`;
}

export function Commit({ commit }) {
  return commit ? html`<code class="commit" title=${commit}>${short(commit)}</code>` : html`<span class="muted">unknown</span>`;
}

export function Seconds({ seconds }) {
  return html`<span class="figure">${seconds ? duration(seconds) : "–"}</span>`;
}

/** Passed and failed as words and as one thin bar. */
export function Tally({ passed = 0, failed = 0, other = 0 }) {
  const total = passed + failed + other;
  if (!total) return html`<span class="muted">none yet</span>`;
  return html`<span class="tally">
    <svg class="tally-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="passed" width=${(100 * passed) / total} height="4" />
      <rect class="failed" x=${(100 * passed) / total} width=${(100 * failed) / total} height="4" />
      <rect class="other" x=${(100 * (passed + failed)) / total} width=${(100 * other) / total} height="4" />
    </svg>
    <span class="figure">${passed} passed</span>
    ${failed ? html`<span class="figure bad">${failed} failed</span>` : ""}
    ${other ? html`<span class="figure muted">${other} other</span>` : ""}
  </span>`;
}
