// Every run, newest first.
import { html, useEffect } from "../lib/html.js";
import { between, duration } from "../lib/format.js";
import { go, paths } from "../lib/router.js";
import { useConsole } from "../parts/context.js";
import { Heading } from "../parts/heading.js";
import { Commit, RunStatus, STATUSES, Tally, When } from "../parts/marks.js";
import { Nothing, Trouble, useAnswer, Waiting } from "../parts/states.js";

const PAGE = 25;
const AGAIN = 10_000; // milliseconds between two looks at the first page

function Filters({ environment, status, known }) {
  const change = (event) => {
    const { environment, status } = Object.fromEntries(new FormData(event.currentTarget));
    go(paths.runs({ environment, status }));
  };
  const environments = [...new Set([...known, ...(environment ? [environment] : [])])].sort();
  return html`<form class="filters screen-only" aria-label="Filter the runs" onChange=${change} onSubmit=${(event) => event.preventDefault()}>
    <label>Environment <select name="environment" value=${environment}>
      <option value="">all</option>${environments.map((name) => html`<option key=${name} value=${name} selected=${name === environment}>${name}</option>`)}
    </select></label>
    <label>Status <select name="status" value=${status}>
      <option value="">all</option>${STATUSES.map(({ value, label }) => html`<option key=${value} value=${value} selected=${value === status}>${label}</option>`)}
    </select></label>
  </form>`;
}

/** The counts that a finished run's report gives. */
function counts({ passed, failed, total }) {
  return { passed, failed, other: Math.max(total - passed - failed, 0) };
}

function Row({ run }) {
  const took = duration(run.seconds ?? between(run.started_at, run.finished_at));
  return html`<tr role="row">
    <td role="cell"><a class="row-link" href=${paths.run(run.id)}><${RunStatus} run=${run} /><span class="unseen">, run ${run.id}</span></a></td>
    <td role="cell" data-label="Application">${run.application ?? "unknown"}</td>
    <td role="cell" data-label="Environment">${run.environment}<span class="under">${run.target}</span></td>
    <td role="cell" data-label="Commit"><${Commit} commit=${run.commit} /></td>
    <td role="cell" data-label="Checks">${run.checks ? html`<${Tally} ...${counts(run.checks)} />` : html`<span class="muted">not counted yet</span>`}</td>
    <td role="cell" data-label="Issues" class="right"><span class="figure ${run.issues ? "bad" : "muted"}">${run.issues ?? "–"}</span></td>
    <td role="cell" data-label="When" class="right"><${When} at=${run.started_at} />${took ? html`<span class="under">${took}</span>` : ""}</td>
  </tr>`;
}

const environmentsSeen = new Set();

export function RunsPage({ query }) {
  const { backend } = useConsole();
  const [environment, status, before] = ["environment", "status", "before"].map((name) => query.get(name) ?? "");
  const { answer, error, loading, again } = useAnswer(
    (signal) => backend.runs({ limit: PAGE, before, environment, status }, signal),
    [environment, status, before],
  );
  useEffect(() => { document.title = "Runs · Shakeout"; }, []);
  useEffect(() => {
    const timer = before ? null : setInterval(() => document.hidden || again(), AGAIN);
    return () => clearInterval(timer);
  }, [before, again]);
  for (const run of answer?.runs ?? []) if (run.environment) environmentsSeen.add(run.environment);
  const runs = answer?.runs ?? [];
  const more = answer?.next;
  const filtered = environment || status;
  return html`
    <div class="page-head"><${Heading}>Runs</${Heading}>
      <${Filters} environment=${environment} status=${status} known=${environmentsSeen} /></div>
    ${answer?.stale ? html`<p class="banner inline" role="status"><strong>History is out of date.</strong>
      <span>ClickHouse does not answer; these runs come from the backend's ${answer.source}.</span></p>` : ""}
    ${error ? html`<${Trouble} error=${error} again=${again} />` : ""}
    ${!answer && loading ? html`<${Waiting} what="the runs" />` : ""}
    ${answer && !runs.length ? html`<${Nothing} title=${filtered ? "No run matches this filter." : before ? "There are no older runs." : "There are no runs yet."}>
      ${filtered || before ? html`<p><a href="/">Show every run</a></p>` : html`<p>A run appears here as soon as <code>shakeout up --console ${location.origin}</code> starts one.</p>`}</${Nothing}>` : ""}
    ${runs.length ? html`<div class="table-frame" aria-busy=${loading && !answer}><table class="rows runs" role="table">
      <caption class="unseen">Runs, newest first</caption>
      <thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col">Status</th><th role="columnheader" scope="col">Application</th>
        <th role="columnheader" scope="col">Environment</th><th role="columnheader" scope="col">Commit</th>
        <th role="columnheader" scope="col">Checks</th><th role="columnheader" scope="col" class="right">Issues</th>
        <th role="columnheader" scope="col" class="right">When</th></tr></thead>
      <tbody role="rowgroup">${runs.map((run) => html`<${Row} key=${run.id} run=${run} />`)}</tbody>
    </table></div>` : ""}
    ${before || more ? html`<nav class="paging screen-only" aria-label="Pages of runs">
      ${before ? html`<a href=${paths.runs({ environment, status })}>Newest</a>` : ""}
      ${more ? html`<a href=${paths.runs({ environment, status, before: more })} rel="next">Older</a>` : ""}
    </nav>` : ""}`;
}
