// One issue on a page of its own, to be linked to.
import { html, useEffect } from "../lib/html.js";
import { paths } from "../lib/router.js";
import { useConsole } from "../parts/context.js";
import { Heading } from "../parts/heading.js";
import { Issue } from "../parts/issue.js";
import { Nothing, Trouble, useAnswer, Waiting } from "../parts/states.js";

export function IssuePage({ run: id, issue: name }) {
  const { backend } = useConsole();
  const { answer, error, again } = useAnswer((signal) => backend.run(id, signal), [id]);
  const issues = answer?.issues ?? [];
  const at = issues.findIndex((issue) => issue.id === name);
  const issue = issues[at];
  useEffect(() => { document.title = `${issue?.title ?? "Issue"} · Shakeout`; }, [issue?.title]);
  const crumbs = html`<p class="crumbs"><a href="/">Runs</a> <a href=${paths.run(id)}>${id}</a>
    ${answer && answer.run?.state === "finished" ? html`<a href=${paths.report(id)}>Report</a>` : ""}</p>`;
  if (!answer) return html`${crumbs}<${Heading}>Issue</${Heading}>${error ? html`<${Trouble} error=${error} again=${again} />` : html`<${Waiting} what="the issue" />`}`;
  if (!issue) return html`${crumbs}<${Heading}>No such issue</${Heading}><${Nothing} title="This run has no issue of this name."><p><a href=${paths.run(id)}>The run</a></p></${Nothing}>`;
  const [before, after] = [issues[at - 1], issues[at + 1]];
  return html`${crumbs}<${Issue} issue=${issue} number=${at + 1} heading=${1} />
    ${before || after ? html`<nav class="paging screen-only" aria-label="Issues of this run">
      ${before ? html`<a rel="prev" href=${paths.issue(id, before.id)}>← ${before.title}</a>` : html`<span></span>`}
      ${after ? html`<a rel="next" href=${paths.issue(id, after.id)}>${after.title} →</a>` : ""}</nav>` : ""}`;
}
