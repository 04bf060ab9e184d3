import { readError } from "./error_log.js";
import { SUBPROTOCOL, tokenProtocol } from "./sub_protocol.js";

/** The first pause before a connection is tried again; each is twice as long. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 4_000;

/** Pauses that are no use to shorten: somebody has to act first. */
const PAUSE_BY_CODE = /** @type {Record<number, number>} */ ({
  4400: 60_000,
  4401: 30_000,
  4403: 5_000,
  4409: 30_000,
});
const REFUSED_PAUSE_MS = 15_000;

const PREFLIGHT_MS = 5_000;
const HELLO_MS = 10_000;

/** How often a full socket is looked at again: it has no event for that. */
const POLL_MS = 5;

/**
 * The connection to conductor, which comes back by itself. A plain fetch goes
 * before each attempt: Firefox holds a reconnecting WebSocket back for up to a
 * minute, and an upgrade that is refused does not say why.
 */
export class Link {
  #parts;
  /** @type {WebSocket | undefined} */
  #socket;
  #timer = /** @type {Timer} */ (undefined);
  #watchdog = /** @type {Timer} */ (undefined);
  #attempt = 0;
  #pauses = 0;
  /** @type {Limits | undefined} */
  #limits;
  #heartbeatMs = 10_000;

  /** What the popup shows. */
  status = { state: "stopped", detail: "", since: Date.now() };

  /** @param {LinkParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** The bounds that conductor gives with its welcome. */
  get limits() {
    if (this.#limits === undefined) throw new Error("Cannot tell: no welcome");
    return this.#limits;
  }

  /** Connects (anew), whatever goes on. */
  restart(code = 1000, reason = "restart") {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#forget();
    socket?.close(code, reason);
    this.#say("stopped", reason);
    this.#pauses = 0;
    void this.#connect();
  }

  /** @type {Send} Sends; false when there is no connection. */
  send = (message) => {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  };

  /** Resolves once there is room for more, or there is no connection. */
  async room() {
    const { highWaterBytes } = this.limits;
    while ((this.#socket?.bufferedAmount ?? 0) > highWaterBytes) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #connect() {
    const attempt = ++this.#attempt;
    const { conductor, token, paused } = await this.#parts.settings();
    if (attempt !== this.#attempt) return;
    if (paused) return this.#say("paused", "");
    if (!URL.canParse(conductor)) {
      return this.#say("refused", `"${conductor}" is no address`);
    }
    this.#say("connecting", "");
    const problem = await preflight(conductor, token);
    if (attempt !== this.#attempt) return;
    if (problem !== undefined) return this.#later(problem);
    this.#open(conductor, token);
  }

  /** @type {(conductor: string, token: string) => void} */
  #open(conductor, token) {
    const url = new URL("/ws/firefox", conductor);
    url.protocol = url.protocol.replace("http", "ws");
    let socket;
    try {
      socket = new WebSocket(url, [
        SUBPROTOCOL,
        ...(token === "" ? [] : [tokenProtocol(token)]),
      ]);
    } catch (error) {
      const { message } = readError(error);
      return this.#later({ state: "refused", detail: message });
    }
    this.#socket = socket;
    this.#watch(HELLO_MS);
    socket.onopen = () => this.send(this.#parts.hello());
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    };
  }

  /** @param {string} data */
  #receive(data) {
    this.#watch(2.5 * this.#heartbeatMs);
    /** @type {ConductorMessage} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return this.#parts.errors.add("conductor sent a frame that is no JSON");
    }
    switch (message?.type) {
      case "hello_ack":
        return message.ok ? this.#welcome(message) : undefined;
      case "ping":
        return void this.send({ type: "pong" });
      case "error":
        return this.#parts.errors.add(`${message.code}: ${message.message}`);
      default:
        return this.#parts.received(message);
    }
  }

  /** @param {Welcome} ack */
  #welcome(ack) {
    this.#pauses = 0;
    this.#limits = /** @type {Limits} */ (ack.limits);
    this.#heartbeatMs = ack.heartbeatMs;
    this.#say("connected", "");
    this.#parts.opened(ack);
  }

  /** @type {(code: number, reason: string) => void} */
  #lost(code, reason) {
    this.#forget();
    const pauseMs = PAUSE_BY_CODE[code];
    const said = reason === "" ? `closed with ${code}` : reason;
    this.#later({
      state: code === 4403 ? "not paired" : "waiting",
      detail: code === 4403
        ? "another browser is paired: open pairing on conductor"
        : `connection lost: ${said}`,
      ...(pauseMs !== undefined && { pauseMs }),
    });
  }

  /** @param {number} ms of silence are the end: a dead peer sends no close */
  #watch(ms) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      const socket = this.#socket;
      this.#lost(1006, "conductor went silent");
      socket?.close(4000, "silent");
    }, ms);
  }

  /** @param {Problem} problem */
  #later({ state, detail, pauseMs }) {
    const grown = FIRST_PAUSE_MS * 2 ** this.#pauses;
    this.#pauses += 1;
    const pause = (pauseMs ?? Math.min(grown, LONGEST_PAUSE_MS)) *
      (0.5 + Math.random() / 2);
    if (detail !== this.status.detail) this.#parts.errors.add(detail);
    this.#say(state, detail);
    this.#timer = setTimeout(() => void this.#connect(), pause);
  }

  #forget() {
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#watchdog);
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.#parts.closed();
  }

  /** @type {(state: string, detail: string) => void} */
  #say(state, detail) {
    this.status = { state, detail, since: Date.now() };
    this.#parts.changed();
  }
}

/**
 * Asks over plain HTTP whether an upgrade would be let in; returns why not.
 * @type {(conductor: string, token: string) => Promise<Problem | undefined>}
 */
async function preflight(conductor, token) {
  /** @param {string} detail */
  const refused = (detail) => ({
    state: "refused",
    detail,
    pauseMs: REFUSED_PAUSE_MS,
  });
  let response;
  try {
    response = await fetch(new URL("/ws/firefox", conductor), {
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(PREFLIGHT_MS),
    });
  } catch {
    return { state: "waiting", detail: `nothing answers at ${conductor}` };
  }
  // What a WebSocket route says to a plain request that it would let in.
  if (response.status === 426) return undefined;
  if (response.status === 401) return refused("conductor wants another token");
  if (response.status === 503) {
    return { state: "waiting", detail: "conductor is not ready" };
  }
  const said = await response.json().catch(() => undefined);
  return refused(
    said?.error?.message ?? `${conductor} answers ${response.status}`,
  );
}
