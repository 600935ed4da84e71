// A button that copies text, and says that it did. Absent where the browser gives no clipboard.
import { html, useEffect, useState } from "../lib/html.js";

export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  if (!navigator.clipboard) return null;
  const copy = () => navigator.clipboard.writeText(text).then(() => setDone(true), () => setDone(false));
  return html`<button type="button" class="quiet screen-only" onClick=${copy}>
    ${done ? "Copied" : label}<span class="unseen" role="status">${done ? "Copied to the clipboard" : ""}</span>
  </button>`;
}
