// The backend's HTTP interface, for somebody who is signed in.
import { ApiError, request } from "./request.js";

export class Backend {
  #session;

  constructor(url, session) {
    this.url = url;
    this.#session = session;
  }

  /** Ask with the current token; a token that has just expired is replaced once, any other 401 ends the session. */
  async #get(path, signal) {
    try {
      return await request(this.url, path, { token: await this.#session.token(), signal });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      if (error.code !== "TOKEN_EXPIRED") return this.#refused(error);
    }
    try {
      return await request(this.url, path, { token: await this.#session.token({ fresh: true }), signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return this.#refused(error);
      throw error;
    }
  }

  #refused(error) {
    this.#session.end(`${error.message} (${error.code})`);
    throw error;
  }

  runs({ limit, before, environment, status }, signal) {
    const query = new URLSearchParams({ limit });
    if (before) query.set("before", before);
    if (environment) query.set("environment", environment);
    if (status) query.set("status", status);
    return this.#get(`/v1/runs?${query}`, signal);
  }

  run(id, signal) {
    return this.#get(`/v1/runs/${encodeURIComponent(id)}`, signal);
  }

  report(id, signal) {
    return this.#get(`/v1/runs/${encodeURIComponent(id)}/report`, signal);
  }

  trends(environment, signal) {
    return this.#get(`/v1/trends${environment ? `?environment=${encodeURIComponent(environment)}` : ""}`, signal);
  }

  /** The backend's own health; an answer also where it is not ready. */
  health(signal) {
    return request(this.url, "/health", { signal, accept: [503] });
  }

  /** The schema of the live protocol that the backend was built with: {protocol, accepts, …}. */
  protocol(signal) {
    return request(this.url, "/protocol.json", { signal });
  }
}
