// The chain of causes: one floor below the other, from what was noticed to what to change and the guard that was missing.
import { html } from "../lib/html.js";
import { utc } from "../lib/format.js";
import { Commit } from "./marks.js";
import { EvidenceList } from "./evidence.js";

const strengths = {
  observed: "Seen directly in the evidence",
  entailed: "Follows necessarily from what was seen",
  consistent: "Possible: the evidence allows it and does not show it",
};

function Floor({ layer, number, tone = "", children }) {
  return html`<li class="floor ${layer} ${tone}">
    <p class="layer"><span>${layer}</span></p>
    <span class="node" aria-hidden="true">${number}</span>
    <div class="floor-body">${children}</div>
  </li>`;
}

function Change({ change }) {
  return html`<p class="change">Introduced by <${Commit} commit=${change.commit} />
    ${change.subject ? html` <q>${change.subject}</q>` : ""}${change.date ? html`, <time datetime=${change.date}>${utc(change.date)}</time>` : ""}</p>`;
}

function Why({ why, number, root }) {
  return html`<${Floor} layer=${why.layer} number=${number} tone=${root ? "root" : ""}>
    ${root ? html`<p class="root-label">${rootLabel(why)}</p>` : ""}
    <p class="question">${why.question}</p>
    <p class="reason">${why.answer}</p>
    ${root?.introduced_by ? html`<${Change} change=${root.introduced_by} />` : ""}
    <p class="floor-meta">
      ${why.strength ? html`<span class="strength ${why.strength}" title=${strengths[why.strength]}>${why.strength}</span>` : ""}
      ${why.rule ? html`<code>${why.rule}</code>` : ""}</p>
    <${EvidenceList} evidence=${why.evidence} />
  </${Floor}>`;
}

/** A merely consistent link is a possibility, and is named so. */
const rootLabel = (why) => (why?.strength === "consistent" ? "Possible root cause" : "Root cause");

/** What an issue's root cause is to be called. */
export const rootName = (issue) => rootLabel(issue.whys?.[rootIndex(issue)]);

/** The why that states the root cause: the deepest on its layer. -1 where none does. */
function rootIndex(issue) {
  const { root_cause: root, whys = [] } = issue;
  if (!root) return -1;
  const stated = whys.findLastIndex((why) => why.answer.includes(root.statement));
  return stated >= 0 ? stated : whys.findLastIndex((why) => why.layer === root.layer);
}

export function Chain({ issue }) {
  const { whys = [], symptoms = [], root_cause: root, guard, unknown } = issue;
  const at = rootIndex(issue);
  return html`<ol class="chain">
    <${Floor} layer="symptom" number="">
      ${symptoms.map((symptom, index) => html`<p key=${index} class="symptom-text"><code>${symptom}</code></p>`)}
      ${issue.checks?.length ? html`<p class="floor-meta">Fails ${issue.checks.map((name) => html`<code key=${name}>${name}</code> `)}</p>` : ""}
    </${Floor}>
    ${whys.map((why, index) => html`<${Why} key=${index} why=${why} number=${index + 1} root=${index === at ? root : null} />`)}
    ${root && at < 0 ? html`<${Floor} layer=${root.layer} number="" tone="root">
      <p class="root-label">Root cause</p><p class="reason">${root.statement}</p>
      ${root.introduced_by ? html`<${Change} change=${root.introduced_by} />` : ""}</${Floor}>` : ""}
    ${unknown || (!whys.length && !root) ? html`<${Floor} layer="unknown" number="?" tone="end">
      <p class="reason">${unknown || "Nothing explains this yet."}</p></${Floor}>` : ""}
    ${guard ? html`<${Floor} layer="guard" number="" tone=${guard.present ? "" : "absent"}>
      <p class="question">What would have stopped it?</p>
      <p class="reason">${guard.statement || guard.name}</p>
      <p class="floor-meta"><span>${guard.present === null ? "not known whether the repository has it"
        : guard.present ? "the repository has it" : "missing from the repository"}</span>
        ${guard.statement ? html`<code>${guard.name}</code>` : ""}</p>
      <${EvidenceList} evidence=${guard.evidence} />
      ${guard.add ? html`<figure class="evidence"><figcaption><span class="kind">add</span></figcaption><pre class="quote">${guard.add}</pre></figure>` : ""}
    </${Floor}>` : ""}
  </ol>`;
}
