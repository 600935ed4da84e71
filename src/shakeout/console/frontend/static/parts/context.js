// What every page may use: {config, session, backend, account}.
import { createContext, useContext } from "../lib/html.js";

export const Context = createContext(null);
export const useConsole = () => useContext(Context);
