// A fix: words, a command, or a unified diff with its lines told apart by sign and colour.
import { html } from "../lib/html.js";
import { Copy } from "./copy.js";

function tone(line) {
  if (/^(\+\+\+|---|diff |index )/.test(line)) return "file";
  if (line.startsWith("@@")) return "hunk";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "";
}

export function Diff({ patch }) {
  const lines = patch.replace(/\n$/, "").split("\n");
  return html`<pre class="diff" tabindex="0" aria-label="Patch">${lines.map(
    (line, index) => html`<span key=${index} class="line ${tone(line)}">${`${line}\n`}</span>`,
  )}</pre>`;
}

export function Fix({ fix }) {
  return html`<div class="fix">
    <p class="fix-head"><strong>${fix.summary}</strong>
      ${fix.patch ? html`<${Copy} text=${fix.patch} label="Copy patch" />` : ""}</p>
    ${fix.patch ? html`<${Diff} patch=${fix.patch} />` : ""}
    ${fix.command ? html`<p class="command"><code>${fix.command}</code><${Copy} text=${fix.command} label="Copy command" /></p>` : ""}
  </div>`;
}
