// One issue: the answer first, then the chain that leads to it, then what was ruled out, the fix and its proof.
import { html } from "../lib/html.js";
import { Chain, rootName } from "./chain.js";
import { Copy } from "./copy.js";
import { EvidenceList } from "./evidence.js";
import { Heading } from "./heading.js";
import { Mark, Priority } from "./marks.js";
import { Fix } from "./patch.js";

const proofTone = { proved: "passed", "not proved": "inconclusive", "not tried": "skipped", disproved: "failed" };

function Summary({ issue }) {
  const fix = issue.fixes?.[0];
  const tone = proofTone[issue.proof?.status] ?? "inconclusive";
  return html`<dl class="answer">
    <div><dt>${rootName(issue)}</dt><dd>${issue.root_cause ? issue.root_cause.statement : "Not found"}
      ${issue.root_cause?.locators?.map((locator) => html`<code key=${locator} class="locator">${locator}</code>`)}</dd></div>
    ${fix && html`<div><dt>Fix</dt><dd>${fix.summary}</dd></div>`}
    ${issue.proof && html`<div><dt>Proof</dt><dd class="proof"><span class="outcome ${tone}"><${Mark} outcome=${tone} />${issue.proof.status}</span>
      ${issue.proof.detail ? html`<span>${issue.proof.detail}</span>` : ""}</dd></div>`}
  </dl>`;
}

function Seen({ issue }) {
  const facts = [["Expected", issue.expected], ["Actual", issue.actual]].filter(([, value]) => value);
  if (!facts.length && !issue.excerpt && !issue.reproduce && !issue.evidence?.length) return null;
  return html`<section class="part">
    <h3>What was seen</h3>
    ${facts.length ? html`<dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>` : ""}
    ${issue.excerpt ? html`<pre class="quote">${issue.excerpt}</pre>` : ""}
    <${EvidenceList} evidence=${issue.evidence} />
    ${issue.reproduce ? html`<p class="command"><span class="muted">See it again</span><code>${issue.reproduce}</code><${Copy} text=${issue.reproduce} label="Copy command" /></p>` : ""}
  </section>`;
}

function RuledOut({ causes }) {
  if (!causes?.length) return null;
  return html`<section class="part">
    <h3>Ruled out</h3>
    <ul class="ruled-out">${causes.map((cause, index) => html`<li key=${index}>
      <${Mark} outcome="failed" /><div><p>${cause.claim}</p><${EvidenceList} evidence=${cause.evidence} /></div></li>`)}</ul>
  </section>`;
}

/** `heading` is the page's own level for the title: 1 on the issue's page, 2 in a report. */
export function Issue({ issue, number, heading = 2, href }) {
  const title = href ? html`<a href=${href}>${issue.title}</a>` : issue.title;
  return html`<article class="issue" id=${`issue-${issue.id}`} aria-label=${issue.title}>
    <header class="issue-head">
      <p class="eyebrow"><${Priority} priority=${issue.priority} />${number ? html`<span>Issue ${number}</span>` : ""}
        ${issue.service ? html`<span>${issue.service}</span>` : ""}</p>
      ${heading === 1 ? html`<${Heading}>${title}</${Heading}>` : html`<h2>${title}</h2>`}
    </header>
    <${Summary} issue=${issue} />
    <section class="part"><h3>Why</h3><${Chain} issue=${issue} /></section>
    ${issue.rivals?.length ? html`<section class="part"><h3>Rival causes</h3><ul>${issue.rivals.map((rival, index) => html`<li key=${index}>${rival}</li>`)}</ul></section>` : ""}
    <${RuledOut} causes=${issue.ruled_out} />
    ${issue.fixes?.length ? html`<section class="part"><h3>${issue.fixes.length > 1 ? "Fixes" : "Fix"}</h3>
      ${issue.fixes.map((fix, index) => html`<${Fix} key=${index} fix=${fix} />`)}</section>` : ""}
    <${Seen} issue=${issue} />
  </article>`;
}
