// One run: as it happens while it runs, as it ended afterwards.
import { html, useEffect, useReducer, useRef, useState } from "../lib/html.js";
import { between, count, duration } from "../lib/format.js";
import { Live } from "../lib/live.js";
import { paths } from "../lib/router.js";
import { empty, OUTCOMES, reduce, tally } from "../lib/run_state.js";
import { useConsole } from "../parts/context.js";
import { Heading } from "../parts/heading.js";
import { Clock, Commit, Mark, Priority, RunStatus, statusOf, When } from "../parts/marks.js";
import { Trouble, Waiting } from "../parts/states.js";
import { Checks, Services } from "../parts/tables.js";

const running = (run) => Boolean(run) && run.state !== "finished" && !run.status;

/** Snapshot and live events of one run: {state, error, connection}. */
function useRun(id) {
  const { backend, session, config } = useConsole();
  const [state, dispatch] = useReducer(reduce, empty);
  const [error, setError] = useState(null);
  const [connection, setConnection] = useState(null);
  const [turn, again] = useReducer((number) => number + 1, 0);
  const alive = running(state.run);
  useEffect(() => {
    const stop = new AbortController();
    backend.run(id, stop.signal).then(
      (answer) => { setError(null); dispatch({ type: "loaded", answer }); },
      (failure) => stop.signal.aborted || setError(failure),
    );
    return () => stop.abort();
  }, [id, turn]);
  useEffect(() => {
    if (!alive) return undefined;
    const live = new Live({
      backend, session, protocol: config.protocol, run: id,
      onEvent: (message) => {
        dispatch({ type: "event", ...message });
        if (message.event.kind === "status" && message.event.state === "finished") again(); // what it came to is the backend's to say
      },
      onState: setConnection,
      onGap: again,
    });
    return () => live.close();
  }, [id, alive]);
  return { state, error, connection, again };
}

function Connection({ connection }) {
  if (!connection) return null;
  const { phase, detail, seconds } = connection;
  const words = {
    connecting: "Connecting…",
    live: "Live",
    waiting: `Not connected: ${detail}. Trying again in ${seconds} s.`,
    mismatch: "Live updates are off",
    refused: "Live updates are off",
  }[phase];
  return html`<p class="connection ${phase}" role="status"><span class="pulse" aria-hidden="true"></span>${words}</p>`;
}

function Facts({ run, finished }) {
  const took = duration(run.seconds ?? between(run.started_at, run.finished_at));
  const facts = [
    ["Environment", run.environment], ["Target", run.target], ["Commit", html`<${Commit} commit=${run.commit} />`],
    ["Started", html`<${When} at=${run.started_at} />`], ["Took", finished ? took : ""],
  ].filter(([, value]) => value);
  return html`<dl class="line-facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function Counts({ checks }) {
  const counts = tally(checks);
  return html`<ul class="counts" aria-label="Checks by outcome">${[...OUTCOMES].reverse().map((outcome) => html`<li key=${outcome} class=${counts[outcome] ? outcome : "none"}>
    <span class="number">${counts[outcome]}</span><span class="name"><${Mark} outcome=${outcome} />${outcome}</span></li>`)}</ul>`;
}

function IssueList({ run, issues }) {
  return html`<ol class="issue-list">${issues.map((issue) => html`<li key=${issue.id}>
    <${Priority} priority=${issue.priority} />
    <div><a href=${paths.issue(run.id, issue.id)}>${issue.title}</a>
      ${issue.root_cause ? html`<p class="under">${issue.root_cause.statement}</p>` : ""}</div>
    <span class="figure muted">${issue.whys?.length ? count(issue.whys.length, "why") : ""}</span></li>`)}</ol>`;
}

function Log({ log }) {
  const end = useRef();
  useEffect(() => { if (end.current) end.current.scrollTop = end.current.scrollHeight; }, [log.length]);
  return html`<section aria-labelledby="log-title"><h2 id="log-title">What is happening</h2>
    <ol class="log" ref=${end} tabindex="0" role="log" aria-label="Events of this run">${log.length
      ? log.map((line) => html`<li key=${line.sequence}><${Clock} at=${line.at} /><span class=${line.tone}>${line.text}</span></li>`)
      : html`<li class="muted">Waiting for the first event.</li>`}</ol></section>`;
}

export function RunPage({ run: id }) {
  const { state, error, connection, again } = useRun(id);
  const { run, checks, issues, services, log } = state;
  useEffect(() => {
    document.title = run ? `${statusOf(run)[1]}: ${run.application ?? id}, ${run.environment} · Shakeout` : "Run · Shakeout";
  }, [run?.status, run?.state]);
  if (!run) {
    return html`<${Heading}>Run</${Heading}>${error ? html`<${Trouble} error=${error} again=${again} />` : html`<${Waiting} what="the run" />`}`;
  }
  const alive = running(run);
  return html`
    <p class="crumbs"><a href="/">Runs</a></p>
    <div class="page-head"><div>
        <${Heading}>${run.application ?? "Run"} <span class="soft">${run.id}</span></${Heading}>
        <p class="run-status" aria-live="polite"><${RunStatus} run=${run} /></p></div>
      ${alive ? html`<${Connection} connection=${connection} />`
        : html`<p class="screen-only"><a class="button" href=${paths.report(id)}>Read the report</a></p>`}</div>
    <${Facts} run=${run} finished=${!alive} />
    ${error ? html`<${Trouble} error=${error} again=${again} />` : ""}
    ${alive && ["mismatch", "refused"].includes(connection?.phase) ? html`<div class="trouble" role="alert">
      <p><strong>${connection.phase === "mismatch" ? "Versions differ." : "The backend refused live updates."}</strong> ${connection.detail}</p>
      <button type="button" onClick=${() => location.reload()}>Load the page again</button></div>` : ""}
    <${Counts} checks=${checks} />
    ${issues.length ? html`<section aria-labelledby="issues-title"><h2 id="issues-title">Issues</h2><${IssueList} run=${run} issues=${issues} /></section>` : ""}
    <section aria-labelledby="services-title"><h2 id="services-title">Services</h2><${Services} services=${services} /></section>
    <section aria-labelledby="checks-title"><h2 id="checks-title">Checks</h2><${Checks} checks=${checks} changed=${alive ? state.changed : ""} /></section>
    ${alive || log.length ? html`<${Log} log=${log} />` : ""}`;
}
