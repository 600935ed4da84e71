// The frame of every page: where one is, who one is, and whether what is shown can be trusted to be complete.
import { html, useEffect, useState } from "../lib/html.js";
import { short } from "../lib/format.js";
import { useConsole } from "./context.js";

const EVERY = 15_000; // milliseconds between two looks at the backend's health

/** Sentences about backing services that are in trouble; none when all is well. */
export function troubles(health) {
  return Object.entries(health?.backing_services ?? {}).flatMap(([name, service]) => {
    const breaker = service.breaker?.state;
    const title = { clickhouse: "ClickHouse" }[name] ?? name;
    if (breaker === "open" || breaker === "half-open") {
      return [{ name, text: `The circuit breaker to ${title} is ${breaker}. New runs are kept on disk and history may be out of date.`, detail: service.detail }];
    }
    if (service.status === "down" || service.status === "degraded") {
      return [{ name, text: `${title} is ${service.status}.`, detail: service.detail }];
    }
    return [];
  });
}

function useHealth(backend) {
  const [health, setHealth] = useState(null);
  useEffect(() => {
    const stop = new AbortController();
    const look = () => {
      if (document.hidden) return;
      backend.health(stop.signal).then(setHealth, (error) => {
        if (!stop.signal.aborted) setHealth({ unreachable: error.message });
      });
    };
    look();
    const timer = setInterval(look, EVERY);
    document.addEventListener("visibilitychange", look);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [backend]);
  return health;
}

function Banner({ health }) {
  const found = health?.unreachable
    ? [{ name: "backend", text: "The backend does not answer, so what is shown may be out of date.", detail: health.unreachable }]
    : troubles(health);
  return html`<div class="banners" role="status" aria-label="State of the services">${found.map(
    ({ name, text, detail }) => html`<p class="banner" key=${name}><strong>${text}</strong>${detail ? html` <span>${detail}</span>` : ""}</p>`,
  )}</div>`;
}

export function Brand() {
  return html`<svg class="brand-mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" /><path d="M7 9h18M10.5 16h11M14 23h4" /></svg><span>Shakeout</span>`;
}

export function Shell({ route, children }) {
  const { config, session, backend, account } = useConsole();
  const health = useHealth(backend);
  const here = (page) => (route.page === page ? "page" : page === "runs" && route.run ? "true" : undefined);
  const skip = (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="bar">
      <a class="brand" href="/" aria-label="Shakeout, all runs"><${Brand} /></a>
      <nav aria-label="Pages">
        <a href="/" aria-current=${here("runs")}>Runs</a>
        <a href="/trends" aria-current=${here("trends")}>Trends</a>
      </nav>
      <div class="who"><span class="email" title=${account.email}>${account.email}</span>
        <button type="button" class="quiet" onClick=${() => session.signOut()}>Sign out</button></div>
    </header>
    <${Banner} health=${health} />
    <main id="main" tabindex="-1">${children}</main>
    <footer class="foot"><p>Shakeout ${config.version} · commit <code title=${config.commit}>${short(config.commit)}</code> · protocol ${config.protocol}</p></footer>`;
}
