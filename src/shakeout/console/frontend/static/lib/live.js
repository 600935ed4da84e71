// One run as it happens, over the backend's WebSocket: asked for again after a break, from the last event that was seen.

const FIRST = 500; // milliseconds before the first new try; doubled each time
const LONGEST = 15_000;
const SILENCE = 25_000; // an idle connection is asked whether it is still there
const TOKEN_ENDED = 4001; // how the backend closes when it does not accept the token any more
const PATIENCE = 10_000; // ... and given up when it does not say so

/** The socket's address for a backend's HTTP address. */
export function liveUrl(backendUrl) {
  const url = new URL(backendUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/live`;
  return url.href;
}

/**
 * Follows one run. `onEvent({sequence, at, event})` gets each event once and in order; `onState({phase, detail})` says
 * how the connection is: connecting, live, waiting (with the seconds until the next try), mismatch or refused;
 * `onGap()` says that events are missing which the backend no longer keeps.
 */
export class Live {
  #options;
  #socket = null;
  #timer = null;
  #beat = null;
  #tries = 0;
  #sequence = 0;
  #number = 0;
  #closed = false;
  #fresh = false; // whether the token at hand was refused

  constructor(options) {
    this.#options = options; // {backend, session, protocol, run, onEvent, onState, onGap}
    addEventListener("online", this.#retryNow);
    this.#open();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#beat);
    removeEventListener("online", this.#retryNow);
    this.#socket?.close(1000);
  }

  #retryNow = () => {
    if (this.#closed || this.#socket) return;
    clearTimeout(this.#timer);
    this.#open();
  };

  async #open() {
    const { backend, session, protocol, run, onState } = this.#options;
    onState({ phase: "connecting", detail: "" });
    let token;
    try {
      token = await session.token({ fresh: this.#fresh });
      this.#fresh = false;
    } catch (error) {
      if (this.#closed) return;
      if (error.status === 401) return session.end(error.message);
      return this.#later(error.message);
    }
    if (this.#closed) return;
    const socket = new WebSocket(liveUrl(backend.url), [`shakeout.${protocol}`, `bearer.${token}`]);
    this.#socket = socket;
    let opened = false;
    socket.addEventListener("open", () => {
      opened = true;
      if (socket.protocol !== `shakeout.${protocol}`) return this.#mismatch(socket.protocol.replace("shakeout.", "") || null);
      this.#send({ type: "subscribe", run, since: this.#sequence });
    });
    socket.addEventListener("message", ({ data }) => this.#message(data));
    socket.addEventListener("close", ({ code, reason }) => {
      clearTimeout(this.#beat);
      if (this.#socket === socket) this.#socket = null;
      if (!this.#closed) this.#ended(opened, code, reason);
    });
  }

  #send(message) {
    this.#number += 1;
    this.#socket?.send(JSON.stringify({ protocol: this.#options.protocol, id: `c${this.#number}`, ...message }));
  }

  #message(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return this.#stop("refused", "The backend sent a message that is not JSON.");
    }
    const { run, onEvent, onState, onGap } = this.#options;
    this.#expectBeat();
    if (message.type === "subscribed") {
      this.#tries = 0;
      onState({ phase: "live", detail: "" });
    } else if (message.type === "event" && message.run === run && message.sequence > this.#sequence) {
      this.#sequence = message.sequence;
      onEvent(message);
    } else if (message.type === "error") {
      if (message.code === "PROTOCOL_MISMATCH") this.#stop("mismatch", message.message);
      else if (message.code === "REPLAY_INCOMPLETE") onGap();
      else if (message.event === "subscribe") this.#stop("refused", `${message.message} (${message.code})`);
    }
  }

  #expectBeat() {
    clearTimeout(this.#beat);
    this.#beat = setTimeout(() => {
      this.#send({ type: "ping" });
      this.#beat = setTimeout(() => this.#socket?.close(4000, "no answer"), PATIENCE);
    }, SILENCE);
  }

  /** A browser does not show why a handshake was refused, so the backend is asked which versions it accepts. */
  async #ended(opened, code, reason) {
    if (!opened) {
      try {
        const { protocol, accepts = [protocol] } = await this.#options.backend.protocol();
        if (!accepts.includes(this.#options.protocol)) return this.#mismatch(protocol);
        this.#fresh = true; // it answers and takes this version, so it was the token that it refused
      } catch (error) {
        return this.#later(error.message);
      }
    }
    if (code === TOKEN_ENDED) this.#fresh = true;
    this.#later(reason || (code === 1006 ? "the connection broke" : `the connection was closed (${code})`));
  }

  #mismatch(theirs) {
    const ours = this.#options.protocol;
    this.#stop(
      "mismatch",
      `This page speaks protocol ${ours} and the backend speaks protocol ${theirs ?? "unknown"}. ` +
        "Live updates stay off until both run the same version. Load the page again, or deploy them from one commit.",
    );
  }

  #stop(phase, detail) {
    this.close();
    this.#options.onState({ phase, detail });
  }

  #later(detail) {
    if (this.#closed) return;
    const wait = Math.min(FIRST * 2 ** this.#tries, LONGEST) * (0.75 + Math.random() / 2);
    this.#tries += 1;
    this.#options.onState({ phase: "waiting", detail, seconds: Math.max(1, Math.round(wait / 1000)) });
    this.#timer = setTimeout(() => this.#open(), wait);
  }
}
