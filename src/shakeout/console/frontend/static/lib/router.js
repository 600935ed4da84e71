// Paths to pages. The server answers every one of these paths with the same document.
import { useEffect, useState } from "./html.js";

const patterns = [
  ["runs", /^\/$/],
  ["trends", /^\/trends$/],
  ["run", /^\/runs\/([^/]+)$/],
  ["report", /^\/runs\/([^/]+)\/report$/],
  ["issue", /^\/runs\/([^/]+)\/issues\/([^/]+)$/],
];

/** {page, run?, issue?, query} of a location; page is "missing" for an unknown path. */
export function match(location) {
  for (const [page, pattern] of patterns) {
    const found = pattern.exec(location.pathname);
    if (!found) continue;
    try {
      const [run, issue] = found.slice(1).map(decodeURIComponent);
      return { page, run, issue, query: new URLSearchParams(location.search) };
    } catch {
      break; // a path that is not valid percent-encoding names no page
    }
  }
  return { page: "missing", query: new URLSearchParams() };
}

export const paths = {
  runs: (query = {}) => {
    const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
    return text ? `/?${text}` : "/";
  },
  trends: (environment) => (environment ? `/trends?environment=${encodeURIComponent(environment)}` : "/trends"),
  run: (run) => `/runs/${encodeURIComponent(run)}`,
  report: (run) => `/runs/${encodeURIComponent(run)}/report`,
  issue: (run, issue) => `/runs/${encodeURIComponent(run)}/issues/${encodeURIComponent(issue)}`,
};

/** Go to a path of ours without loading the document again. */
export function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  dispatchEvent(new Event("shakeout:moved"));
}

/** The current route; follows links, `go` and the back button. */
export function useRoute() {
  const [route, setRoute] = useState(() => match(location));
  useEffect(() => {
    const moved = () => setRoute(match(location));
    const clicked = (event) => {
      const link = event.target.closest?.("a[href]");
      const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
      if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
      if (link.origin !== location.origin || link.getAttribute("href").startsWith("#")) return;
      event.preventDefault();
      go(link.pathname + link.search);
      scrollTo(0, 0);
    };
    addEventListener("popstate", moved);
    addEventListener("shakeout:moved", moved);
    document.addEventListener("click", clicked);
    return () => {
      removeEventListener("popstate", moved);
      removeEventListener("shakeout:moved", moved);
      document.removeEventListener("click", clicked);
    };
  }, []);
  return route;
}
