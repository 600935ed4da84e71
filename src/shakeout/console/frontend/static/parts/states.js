// What a page shows while it waits, when it cannot have its data, and when there is none.
import { html, useCallback, useEffect, useState } from "../lib/html.js";

/**
 * Load something when a page opens and whenever `keys` change: {answer, error, loading, again}.
 * `load(signal)` is aborted when the page goes away. The former answer stays while the next is awaited.
 */
export function useAnswer(load, keys) {
  const [state, setState] = useState({ answer: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    load(stop.signal).then(
      (answer) => setState({ answer, error: null, loading: false }),
      (error) => {
        if (!stop.signal.aborted) setState((before) => ({ ...before, error, loading: false }));
      },
    );
    return () => stop.abort();
  }, [...keys, turn]);
  return { ...state, again: useCallback(() => setTurn((number) => number + 1), []) };
}

/** Shown only when the wait is long enough to notice (the style sheet delays it). */
export function Waiting({ what }) {
  return html`<p class="waiting" role="status">Loading ${what}…</p>`;
}

export function Trouble({ error, again }) {
  return html`<div class="trouble" role="alert">
    <p><strong>${error.message}</strong>${error.code ? html` <code>${error.code}</code>` : ""}</p>
    ${again ? html`<button type="button" onClick=${again}>Try again</button>` : ""}
  </div>`;
}

export function Nothing({ title, children }) {
  return html`<div class="nothing"><p><strong>${title}</strong></p>${children}</div>`;
}
