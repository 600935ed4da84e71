// Evidence: what was seen, word for word, and where anyone can see it again.
import { html } from "../lib/html.js";

export function Evidence({ item }) {
  return html`<figure class="evidence">
    <figcaption><span class="kind">${item.kind}</span> <code class="locator">${item.locator}</code></figcaption>
    <blockquote><pre class="quote">${item.quote}</pre></blockquote>
    ${item.note ? html`<p class="under">${item.note}</p>` : ""}
  </figure>`;
}

export function EvidenceList({ evidence }) {
  if (!evidence?.length) return null;
  return html`<div class="evidence-list">${evidence.map((item, index) => html`<${Evidence} key=${index} item=${item} />`)}</div>`;
}
