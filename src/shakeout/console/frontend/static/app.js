// The start: what this deployment is, who is signed in, which page.
import { html, render, useEffect, useErrorBoundary, useState } from "./lib/html.js";
import { Backend } from "./lib/backend.js";
import { patiently, request } from "./lib/request.js";
import { useRoute } from "./lib/router.js";
import { Session } from "./lib/session.js";
import { Context } from "./parts/context.js";
import { Heading } from "./parts/heading.js";
import { Shell } from "./parts/shell.js";
import { Nothing, Trouble } from "./parts/states.js";
import { IssuePage } from "./pages/issue.js";
import { ReportPage } from "./pages/report.js";
import { RunPage } from "./pages/run.js";
import { RunsPage } from "./pages/runs.js";
import { SignInPage } from "./pages/sign_in.js";
import { TrendsPage } from "./pages/trends.js";

const pages = { runs: RunsPage, run: RunPage, report: ReportPage, issue: IssuePage, trends: TrendsPage, missing: Missing };

function Missing() {
  return html`<${Heading}>No such page</${Heading}><${Nothing} title="Nothing is at this address."><p><a href="/">All runs</a></p></${Nothing}>`;
}

/** Any fault while a page is drawn ends here, in words, and not on an empty screen. */
function Guarded({ children }) {
  const [error, reset] = useErrorBoundary((fault) => console.error(fault));
  return error ? html`<${Trouble} error=${{ message: `This page could not be drawn: ${error.message}` }} again=${reset} />` : children;
}

function App({ config, session, backend }) {
  const route = useRoute();
  const [account, setAccount] = useState(session.account);
  useEffect(() => session.watch(() => setAccount(session.account)), [session]);
  const Page = pages[route.page];
  const key = [route.page, route.run, route.issue].join("/");
  useEffect(() => {
    document.querySelector("h1")?.focus({ preventScroll: true }); // a new page is announced from its heading
  }, [key, account?.id]);
  return html`<${Context.Provider} value=${{ config, session, backend, account }}>
    ${account
      ? html`<${Shell} route=${route}><${Guarded} key=${key}><${Page} ...${route} /></${Guarded}></${Shell}>`
      : html`<${SignInPage} />`}
  </${Context.Provider}>`;
}

async function start() {
  const root = document.getElementById("app");
  const show = (what) => {
    root.replaceChildren();
    render(what, root);
  };
  let session;
  try {
    const tell = (words) => show(html`<p class="boot" role="status">${words}</p>`);
    const config = await patiently(() => request("", "/config.json"), tell);
    session = new Session(config.auth_url);
    const backend = new Backend(config.backend_url, session);
    await patiently(() => session.resume(), tell);
    show(html`<${App} config=${config} session=${session} backend=${backend} />`);
  } catch (error) {
    show(html`<main class="alone"><h1>The console cannot start</h1><${Trouble} error=${error} again=${() => location.reload()} /></main>`);
  }
}

start();
