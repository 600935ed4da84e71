// Who is signed in. The access token lives in memory only; the refresh token in sessionStorage, and every use replaces it.
import { ApiError, request } from "./request.js";

const KEY = "shakeout.refresh";
const EARLY = 30; // seconds before its end that an access token is replaced

/**
 * One session of one tab.
 *
 * A duplicated tab starts with a copy of the refresh token, and a token used twice revokes the whole family; so tabs
 * refresh one at a time, and tell each other which pair replaced which.
 */
export class Session {
  #auth;
  #access = null;
  #ends = 0;
  #pending = null;
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("shakeout.session") : null;
  #listeners = new Set();
  account = null;
  notice = "";

  constructor(authUrl) {
    this.#auth = authUrl;
    this.#channel?.addEventListener("message", ({ data }) => {
      if (!data?.from || data.from !== sessionStorage.getItem(KEY)) return;
      if (data.pair) this.#take(data.pair);
      else this.#drop("You signed out in another tab.");
    });
  }

  /** Call `listener` whenever somebody signs in or out; returns how to stop. */
  watch(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Take up the session that this tab had before it was loaded again. */
  async resume() {
    if (!sessionStorage.getItem(KEY)) return;
    try {
      await this.token();
      await this.#who();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#drop("Your session has ended. Sign in again.");
      else throw error;
    }
  }

  async signIn(email, password) {
    this.#take(await request(this.#auth, "/v1/sessions", { body: { email, password } }));
    this.notice = "";
    await this.#who();
  }

  async createAccount(email, password) {
    await request(this.#auth, "/v1/accounts", { body: { email, password } });
    await this.signIn(email, password);
  }

  /** Revoke the session, then forget it; forgotten even where the service does not answer. */
  async signOut() {
    const from = sessionStorage.getItem(KEY);
    try {
      await request(this.#auth, "/v1/sessions/revoke", { body: {}, token: await this.token() });
      this.#drop("You are signed out.");
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 401;
      this.#drop(gone ? "You are signed out." : `Signed out here, but the session was not revoked: ${error.message}`);
    }
    this.#channel?.postMessage({ from, pair: null });
  }

  /** The session is no longer accepted: ask to sign in again, saying why. */
  end(reason) {
    this.#drop(reason);
  }

  /** An access token that is good for a while yet. */
  async token({ fresh = false } = {}) {
    if (!fresh && this.#access && Date.now() < this.#ends) return this.#access;
    this.#pending ??= this.#refresh().finally(() => { this.#pending = null; });
    await this.#pending;
    return this.#access;
  }

  async #refresh() {
    const before = sessionStorage.getItem(KEY);
    const alone = (work) => (navigator.locks ? navigator.locks.request(KEY, work) : work());
    await alone(async () => {
      const from = sessionStorage.getItem(KEY);
      if (!from) throw new ApiError(401, { code: "TOKEN_MISSING", message: "Nobody is signed in." });
      if (from !== before) return; // another tab refreshed while this one waited
      const pair = await request(this.#auth, "/v1/sessions/refresh", { body: { refresh_token: from } });
      this.#take(pair);
      this.#channel?.postMessage({ from, pair });
      if (navigator.locks && this.#channel) await new Promise((done) => setTimeout(done, 30)); // let the others hear it
    });
  }

  #take(pair) {
    this.#access = pair.access_token;
    this.#ends = Date.now() + Math.max(pair.expires_in - EARLY, pair.expires_in / 2) * 1000;
    sessionStorage.setItem(KEY, pair.refresh_token);
  }

  #drop(notice) {
    this.#access = null;
    this.#ends = 0;
    this.account = null;
    this.notice = notice;
    sessionStorage.removeItem(KEY);
    this.#tell();
  }

  async #who() {
    const answer = await request(this.#auth, "/v1/me", { token: await this.token() });
    this.account = answer.account;
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener(this);
  }
}
