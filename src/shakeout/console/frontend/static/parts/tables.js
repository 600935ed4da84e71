// Services and checks as tables; each row becomes a block of its own on a narrow screen.
import { html, useState } from "../lib/html.js";
import { count } from "../lib/format.js";
import { byUrgency, OUTCOMES, tally } from "../lib/run_state.js";
import { Copy } from "./copy.js";
import { Commit, Mark, Outcome, Seconds } from "./marks.js";
import { EvidenceList } from "./evidence.js";

const serviceTone = { deployed: "passed", ready: "passed", healthy: "passed", failed: "failed", crashed: "failed", degraded: "degraded" };

/** A link only where the address is one that a browser should open. */
export function Address({ url }) {
  if (!url) return html`<span class="muted">none</span>`;
  if (!/^https?:\/\//i.test(url)) return html`<code>${url}</code>`;
  return html`<a href=${url} rel="noopener noreferrer" target="_blank">${url.replace(/^https?:\/\//, "")}</a>`;
}

export function Services({ services }) {
  if (!services.length) return html`<p class="muted">No service is known yet.</p>`;
  return html`<div class="table-frame"><table class="rows services" role="table">
    <caption class="unseen">Services of this run</caption>
    <thead role="rowgroup"><tr role="row">
      <th role="columnheader" scope="col">Service</th><th role="columnheader" scope="col">Status</th>
      <th role="columnheader" scope="col">Address</th><th role="columnheader" scope="col">Version</th>
      <th role="columnheader" scope="col">Commit</th>
    </tr></thead>
    <tbody role="rowgroup">${services.map((service) => html`<tr role="row" key=${service.name}>
      <th role="rowheader" scope="row">${service.name}
        ${service.revision ? html`<span class="under">${service.revision}</span>` : ""}</th>
      <td role="cell" data-label="Status">
        <span class="outcome ${serviceTone[service.status] ?? "inconclusive"}">
          <${Mark} outcome=${serviceTone[service.status] ?? "inconclusive"} />${service.status ?? "unknown"}</span>
        ${service.restarts ? html`<span class="under">${count(service.restarts, "restart")}</span>` : ""}
        ${service.detail ? html`<span class="under">${service.detail}</span>` : ""}</td>
      <td role="cell" data-label="Address" class="address"><${Address} url=${service.url} /></td>
      <td role="cell" data-label="Version">${service.version ?? html`<span class="muted">unknown</span>`}</td>
      <td role="cell" data-label="Commit"><${Commit} commit=${service.commit} /></td>
    </tr>`)}</tbody>
  </table></div>`;
}

function More({ check }) {
  const facts = [["Expected", check.expected], ["Actual", check.actual]].filter(([, value]) => value);
  return html`<details class="more">
    <summary>Details<span class="unseen"> of ${check.name}</span></summary>
    <div class="more-body">
      ${facts.length ? html`<dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>` : ""}
      ${check.excerpt ? html`<pre class="quote">${check.excerpt}</pre>` : ""}
      ${check.evidence?.length ? html`<${EvidenceList} evidence=${check.evidence} />` : ""}
      ${check.reproduce ? html`<p class="command"><code>${check.reproduce}</code><${Copy} text=${check.reproduce} label="Copy command" /></p>` : ""}
    </div>
  </details>`;
}

const hasMore = (check) => check.expected || check.actual || check.excerpt || check.reproduce || check.evidence?.length;

/** Every check, what needs a look first; `changed` names the one that has just come in. */
export function Checks({ checks, changed, filter = true }) {
  const [only, setOnly] = useState("");
  if (!checks.length) return html`<p class="muted">No check has answered yet.</p>`;
  const counts = tally(checks);
  const present = OUTCOMES.filter((outcome) => counts[outcome]);
  const shown = byUrgency(checks).filter((check) => !counts[only] || check.outcome === only);
  return html`<div>
    ${filter && present.length > 1 && html`<div class="chips screen-only" role="group" aria-label="Show checks by outcome">
      <button type="button" aria-pressed=${!counts[only]} onClick=${() => setOnly("")}>all ${checks.length}</button>
      ${present.map((outcome) => html`<button key=${outcome} type="button" aria-pressed=${only === outcome}
        onClick=${() => setOnly(outcome)}><${Mark} outcome=${outcome} />${outcome} ${counts[outcome]}</button>`)}
    </div>`}
    <div class="table-frame"><table class="rows checks" role="table">
      <caption class="unseen">Checks, what needs a look first</caption>
      <thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col">Outcome</th><th role="columnheader" scope="col">Check</th>
        <th role="columnheader" scope="col">Seen</th><th role="columnheader" scope="col" class="right">Took</th>
      </tr></thead>
      <tbody role="rowgroup">${shown.map((check) => html`<tr role="row" key=${check.name} class=${check.name === changed ? "changed" : ""}>
        <td role="cell"><${Outcome} outcome=${check.outcome} /></td>
        <th role="rowheader" scope="row">${check.name}
          ${check.question ? html`<span class="under">${check.question}</span>` : check.service ? html`<span class="under">${check.service}</span>` : ""}</th>
        <td role="cell" class="detail">${check.detail}
          ${check.blocked_by ? html`<span class="under">blocked by ${check.blocked_by}</span>` : ""}
          ${hasMore(check) ? html`<${More} check=${check} />` : ""}</td>
        <td role="cell" class="right"><${Seconds} seconds=${check.seconds} /></td>
      </tr>`)}</tbody>
    </table></div>
  </div>`;
}
