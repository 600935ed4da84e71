// How it went over the days, as pictures and always as tables too.
import { html, useEffect } from "../lib/html.js";
import { go, paths } from "../lib/router.js";
import { Chart } from "../parts/chart.js";
import { useConsole } from "../parts/context.js";
import { Heading } from "../parts/heading.js";
import { Seconds } from "../parts/marks.js";
import { Nothing, Trouble, useAnswer, Waiting } from "../parts/states.js";

const environments = new Set();

function Days({ days }) {
  return html`<div class="table-frame"><table class="plain" role="table"><caption>By day</caption>
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Day</th><th role="columnheader" scope="col" class="right">Runs</th><th role="columnheader" scope="col" class="right">Passed</th>
      <th role="columnheader" scope="col" class="right">Failed</th><th role="columnheader" scope="col" class="right">Took, mean</th></tr></thead>
    <tbody role="rowgroup">${[...days].reverse().map((day) => html`<tr role="row" key=${day.day}><th role="rowheader" scope="row" class="day">${day.day}</th><td role="cell" class="right figure">${day.runs}</td>
      <td role="cell" class="right figure">${day.passed}</td><td role="cell" class="right figure ${day.failed ? "bad" : ""}">${day.failed}</td>
      <td role="cell" class="right"><${Seconds} seconds=${day.seconds} /></td></tr>`)}</tbody></table></div>`;
}

function CheckTimes({ checks }) {
  const slowest = Math.max(...checks.map((check) => check.seconds_p95 ?? 0), 0.001);
  return html`<div class="table-frame"><table class="plain durations" role="table"><caption>By check</caption>
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Check</th><th role="columnheader" scope="col" class="right">Passed</th><th role="columnheader" scope="col" class="right">Failed</th>
      <th role="columnheader" scope="col" class="right">Half within</th><th role="columnheader" scope="col" class="right">95% within</th><th class="bars" aria-hidden="true"></th></tr></thead>
    <tbody role="rowgroup">${checks.map((check) => html`<tr role="row" key=${check.name}><th role="rowheader" scope="row">${check.name}</th><td role="cell" class="right figure">${check.passed}</td>
      <td role="cell" class="right figure ${check.failed ? "bad" : ""}">${check.failed}</td><td role="cell" class="right"><${Seconds} seconds=${check.seconds_p50} /></td>
      <td role="cell" class="right"><${Seconds} seconds=${check.seconds_p95} /></td>
      <td class="bars" aria-hidden="true"><svg viewBox="0 0 100 8" preserveAspectRatio="none" focusable="false">
        <rect class="late" width=${(100 * (check.seconds_p95 ?? 0)) / slowest} height="8" /><rect class="usual" width=${(100 * (check.seconds_p50 ?? 0)) / slowest} height="8" /></svg></td></tr>`)}</tbody></table></div>`;
}

export function TrendsPage({ query }) {
  const { backend } = useConsole();
  const environment = query.get("environment") ?? "";
  const { answer, error, loading, again } = useAnswer((signal) => backend.trends(environment, signal), [environment]);
  useEffect(() => { document.title = "Trends · Shakeout"; }, []);
  useEffect(() => {
    const stop = new AbortController();
    backend.runs({ limit: 100 }, stop.signal).then(({ runs }) => {
      for (const run of runs) if (run.environment) environments.add(run.environment);
    }, () => undefined); // only the choice of environments is the poorer
    return () => stop.abort();
  }, [backend]);
  const names = [...new Set([...environments, ...(environment ? [environment] : [])])].sort();
  const days = answer?.days ?? [];
  const checks = answer?.checks ?? [];
  const outcomes = [
    { name: "passed", values: days.map((day) => day.passed) },
    { name: "failed", values: days.map((day) => day.failed) },
    { name: "other", values: days.map((day) => day.runs - day.passed - day.failed) },
  ].filter(({ name, values }) => name !== "other" || values.some(Boolean)); // inconclusive, or running still
  const at = days.map((day) => Date.parse(`${day.day}T00:00:00Z`) / 1000);
  return html`
    <div class="page-head"><${Heading}>Trends</${Heading}>
      <form class="filters screen-only" aria-label="Filter the trends" onSubmit=${(event) => event.preventDefault()}
        onChange=${(event) => go(paths.trends(event.target.value))}>
        <label>Environment <select name="environment"><option value="">all</option>
          ${names.map((name) => html`<option key=${name} value=${name} selected=${name === environment}>${name}</option>`)}</select></label></form></div>
    ${answer?.stale ? html`<p class="banner inline" role="status"><strong>History is out of date.</strong></p>` : ""}
    ${error ? html`<${Trouble} error=${error} again=${again} />` : ""}
    ${!answer && loading ? html`<${Waiting} what="the trends" />` : ""}
    ${answer && !days.length ? html`<${Nothing} title="There is nothing to compare yet."><p>Trends need at least one finished run.</p></${Nothing}>` : ""}
    ${days.length ? html`
      <section aria-labelledby="outcomes"><h2 id="outcomes">Runs passed and failed a day</h2>
        <${Chart} kind="bars" label="Runs passed and failed a day; the table below has the figures." at=${at} unit="runs"
          series=${outcomes} /></section>
      <section aria-labelledby="took"><h2 id="took">How long a run took</h2>
        <${Chart} kind="line" label="Mean time that a run took, by day; the table below has the figures." at=${at} unit="seconds"
          series=${[{ name: "seconds", values: days.map((day) => day.seconds) }]} /></section>
      <${Days} days=${days} />` : ""}
    ${checks.length ? html`<${CheckTimes} checks=${checks} />` : ""}`;
}
