// A run's report as one document, in the order in which it is read and printed.
import { html, useEffect } from "../lib/html.js";
import { count, duration, utc } from "../lib/format.js";
import { paths } from "../lib/router.js";
import { useConsole } from "../parts/context.js";
import { EvidenceList } from "../parts/evidence.js";
import { Heading } from "../parts/heading.js";
import { Issue } from "../parts/issue.js";
import { Commit, Priority, RunStatus } from "../parts/marks.js";
import { Trouble, useAnswer, Waiting } from "../parts/states.js";
import { Checks, Services } from "../parts/tables.js";
import { Counts } from "./run.js";

const phases = ["deploy", "verify", "explain", "report", "total"];

function save(report, id) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
  link.download = `shakeout-${id}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function Recommendations({ report, run }) {
  const { recommendations = [], next_steps: steps = [] } = report;
  const known = new Set((report.issues ?? []).map((issue) => issue.id));
  return html`
    ${recommendations.length ? html`<section aria-labelledby="recommendations"><h2 id="recommendations">Recommendations</h2>
      <ol class="issue-list">${recommendations.map((item, index) => html`<li key=${index}><${Priority} priority=${item.priority} />
        <div>${known.has(item.issue) ? html`<a href=${paths.issue(run, item.issue)}>${item.text}</a>` : item.text}</div></li>`)}</ol></section>` : ""}
    ${steps.length ? html`<section aria-labelledby="next-steps"><h2 id="next-steps">Next steps</h2>
      <ol class="steps">${steps.map((step, index) => html`<li key=${index}>${step}</li>`)}</ol></section>` : ""}`;
}

function Unexplained({ symptoms }) {
  if (!symptoms?.length) return null;
  return html`<section aria-labelledby="unexplained"><h2 id="unexplained">Not explained</h2>
    <ul class="unexplained">${symptoms.map((item, index) => html`<li key=${index}><p><code>${item.symptom}</code>${item.count > 1 ? html` <span class="muted">${count(item.count, "time")}</span>` : ""}</p>
      <p class="under">To take it further: ${item.needs}</p><${EvidenceList} evidence=${item.evidence} /></li>`)}</ul></section>`;
}

export function ReportPage({ run: id }) {
  const { backend } = useConsole();
  const { answer, error, again } = useAnswer((signal) => backend.report(id, signal), [id]);
  useEffect(() => { document.title = `Report of ${id} · Shakeout`; }, [id]);
  const report = answer?.report;
  const crumbs = html`<p class="crumbs"><a href="/">Runs</a> <a href=${paths.run(id)}>${id}</a></p>`;
  if (!report) return html`${crumbs}<${Heading}>Report</${Heading}>${error ? html`<${Trouble} error=${error} again=${again} />` : html`<${Waiting} what="the report" />`}`;
  const { issues = [], checks = [], services = [], notes = [], seconds = {}, release = {} } = report;
  const times = phases.filter((phase) => phase in seconds).map((phase) => `${phase} ${duration(seconds[phase])}`).join(" · ");
  const facts = [["Date", report.date ? utc(report.date) : ""], ["Application", report.application], ["Environment", report.environment],
    ["Target", report.target], ["Commit", html`<${Commit} commit=${release.commit} />${release.subject ? html` <q>${release.subject}</q>` : ""}${release.dirty ? " with uncommitted changes" : ""}`],
    ["Took", times]].filter(([, value]) => value);
  return html`${crumbs}<article class="report">
    <div class="page-head"><div><${Heading}>Deployment analysis report</${Heading}>
        <p class="run-status"><${RunStatus} run=${{ status: report.status, state: "finished" }} /></p></div>
      <p class="screen-only actions"><button type="button" onClick=${() => save(report, id)}>Save as JSON</button>
        <button type="button" onClick=${() => print()}>Print</button></p></div>
    <dl class="line-facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${notes.map((note, index) => html`<p class="notice" key=${index}>${note}</p>`)}
    <section aria-labelledby="summary"><h2 id="summary">Deployment summary</h2><${Services} services=${services} /></section>
    ${issues.length ? html`<section class="issues" aria-label="Issues">${issues.map((issue, index) => html`<${Issue} key=${issue.id} issue=${issue} number=${index + 1} href=${paths.issue(id, issue.id)} />`)}</section>`
      : html`<p class="muted">No issue was found.</p>`}
    <${Unexplained} symptoms=${report.unexplained} />
    <section aria-labelledby="results"><h2 id="results">Test results</h2><${Counts} checks=${checks} /><${Checks} checks=${checks} filter=${false} /></section>
    <${Recommendations} report=${report} run=${id} />
  </article>`;
}
