// One place that joins htm and preact. Every value that a template takes is escaped: there is no raw HTML anywhere.
import { Fragment, h } from "../vendor/preact/preact.mjs";
import htm from "../vendor/htm/htm.mjs";

export { Fragment, createContext, h, render } from "../vendor/preact/preact.mjs";
export {
  useCallback, useContext, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useReducer, useRef, useState,
} from "../vendor/preact/hooks.mjs";

export const html = htm.bind(h);
export const Group = Fragment;
