// A page's own heading. It takes the focus when nothing else has it, so that a new page is announced from its top.
import { html, useEffect, useRef } from "../lib/html.js";

export function Heading({ children }) {
  const self = useRef();
  useEffect(() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) self.current.focus({ preventScroll: true });
  }, []);
  return html`<h1 tabindex="-1" ref=${self}>${children}</h1>`;
}
