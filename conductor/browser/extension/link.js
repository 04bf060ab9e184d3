import { askWho, impostor } from "./challenge.js";
import { readError } from "./error_log.js";
import { freshNonce, isPairingKey, prove } from "./prove.js";
import { proofProtocol, SUBPROTOCOL } from "./sub_protocol.js";

/** The first pause before a connection is tried again; each is twice as long. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 4_000;

/** Pauses that are no use to shorten: somebody has to act first. */
const PAUSE_BY_CODE = /** @type {Record<number, number>} */ ({
  4400: 8_000,
  4403: 5_000,
});

/** Another browser uses this profile's client id: not to be fought over. */
const REPLACED = 4409;
const REPLACED_PAUSE_MS = 30_000;
const NOT_PAIRED = 4403;
const NOT_LET_IN =
  "conductor does not let this browser in; if that stays, forget it here and open pairing there";

const PROTOCOL = 1;
const HELLO_MS = 10_000;

/** How often a full socket is looked at again: it has no event for that. */
const POLL_MS = 5;

/**
 * The connection to conductor, which comes back by itself. Whoever answers has
 * to prove that it knows what this browser knows, before it is told anything
 * and before anything that it says is obeyed.
 */
export class Link {
  #parts;
  /** @type {WebSocket | undefined} */
  #socket;
  /** Whether the other end has proven itself. */
  #isTrusted = false;
  #timer = /** @type {Timer} */ (undefined);
  #watchdog = /** @type {Timer} */ (undefined);
  #attempt = 0;
  /** The try that runs, or the last one. */
  #trying = Promise.resolve();
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
    void this.stop(code, reason);
    this.#pauses = 0;
    this.#connect();
  }

  /** Ends the connection, and tries no more; resolves once no try runs. */
  stop(code = 1000, reason = "stop") {
    clearTimeout(this.#timer);
    this.#attempt += 1;
    const socket = this.#socket;
    this.#forget();
    socket?.close(code, reason);
    this.#say("stopped", reason);
    return this.#trying;
  }

  /** @type {Send} Sends; false when there is no connection. */
  send = (message) => this.#isTrusted && this.#write(message);

  /** @type {Send} To whomever. */
  #write(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Resolves once there is room for more, or there is no connection. */
  async room() {
    const { highWaterBytes } = this.limits;
    while ((this.#socket?.bufferedAmount ?? 0) > highWaterBytes) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #connect() {
    const attempt = ++this.#attempt;
    this.#trying = this.#dial(attempt).catch((error) => {
      if (attempt !== this.#attempt) return;
      this.#later({ state: "waiting", detail: readError(error).message });
    });
  }

  /** @param {number} attempt the one that this is: a newer one takes over */
  async #dial(attempt) {
    const { clientId, keys, settings } = this.#parts;
    const { conductor, token, paused } = await settings();
    if (attempt !== this.#attempt) return;
    if (paused) return this.#say("paused", "");
    if (!URL.canParse(conductor)) {
      return this.#say("refused", `"${conductor}" is no address`);
    }
    // What is wrong stands there until it is right.
    if (this.status.state !== "refused") this.#say("connecting", "");
    const authority = authorityOf(conductor);
    const clientNonce = freshNonce();
    const key = await keys.of(authority, token);
    const question = {
      conductor,
      authority,
      clientId,
      clientNonce,
      key,
      hasToken: token !== "",
    };
    const answer = await askWho(question);
    if (attempt !== this.#attempt) return;
    if (!("nonce" in answer)) return this.#later(answer);
    const nonces = /** @type {[string, string]} */ ([
      clientNonce,
      answer.nonce,
    ]);
    const proofs = key && {
      mac: await prove(key, { role: "client", authority, nonces }),
      expected: await prove(key, { role: "server", authority, nonces }),
    };
    if (attempt === this.#attempt) this.#open({ ...question, proofs });
  }

  /** @param {Introduction} introduction */
  #open(introduction) {
    const { authority, clientId, clientNonce, conductor, proofs } =
      introduction;
    const url = new URL("/ws/firefox", conductor);
    url.protocol = url.protocol.replace("http", "ws");
    let socket;
    try {
      socket = new WebSocket(url, [
        SUBPROTOCOL,
        ...(proofs === undefined
          ? []
          : [proofProtocol({ clientId, clientNonce, mac: proofs.mac })]),
      ]);
    } catch (error) {
      const { message } = readError(error);
      return this.#later({ state: "refused", detail: message });
    }
    this.#socket = socket;
    this.#watch(HELLO_MS);
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      if (this.#isTrusted) this.#receive(data);
      else this.#meet(data, introduction);
    };
    let isOpen = false;
    socket.onopen = () => {
      isOpen = true;
      this.#write({ type: "hello", protocol: PROTOCOL, clientId });
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      // An upgrade that is refused does not say why; its key was right.
      const why = isOpen || proofs === undefined ? reason : NOT_LET_IN;
      this.#lost({ code, reason: why, authority });
    };
  }

  /**
   * Judges what a stranger says: only a welcome counts, and only with the proof
   * that belongs to it, or with the key of a first meeting.
   * @param {string} data
   * @param {Introduction} introduction
   */
  #meet(data, introduction) {
    const ack = readJson(data);
    if (ack?.type !== "hello_ack" || !ack.ok) return;
    const { authority, proofs } = introduction;
    const { pairingKey } = ack;
    const isRight = proofs === undefined
      ? isPairingKey(pairingKey)
      : ack.proof === proofs.expected;
    if (!isRight) {
      const socket = this.#socket;
      this.#forget();
      socket?.close(4000, "not proven");
      return this.#later(impostor(introduction));
    }
    if (proofs === undefined) void this.#parts.keys.keep(authority, pairingKey);
    this.#isTrusted = true;
    this.#welcome(ack);
  }

  /** @param {string} data */
  #receive(data) {
    this.#watch(2.5 * this.#heartbeatMs);
    const message = readJson(data);
    if (message === undefined) {
      return this.#parts.errors.add("conductor sent a frame that is no JSON");
    }
    switch (message.type) {
      case "hello_ack":
        return;
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
    this.#watch(2.5 * this.#heartbeatMs);
    this.#say("connected", "");
    this.#parts.opened(ack);
  }

  /** @type {(end: { code: number, reason: string, authority?: string }) => void} */
  #lost({ code, reason, authority }) {
    const wasTrusted = this.#isTrusted;
    this.#forget();
    // Only who has proven itself can say that the key is of no use any more.
    if (wasTrusted && code === NOT_PAIRED && authority !== undefined) {
      void this.#parts.keys.forget(authority);
    }
    const pauseMs = wasTrusted && code === REPLACED
      ? REPLACED_PAUSE_MS
      : PAUSE_BY_CODE[code];
    const said = reason === "" ? `closed with ${code}` : reason;
    this.#later({
      state: code === NOT_PAIRED ? "not paired" : "waiting",
      detail: code === NOT_PAIRED
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
      this.#lost({ code: 1006, reason: "conductor went silent" });
      socket?.close(4000, "silent");
    }, ms);
  }

  /** @param {Problem} problem */
  #later({ state, detail, pauseMs }) {
    const grown = FIRST_PAUSE_MS * 2 ** this.#pauses;
    this.#pauses += 1;
    const pause = (pauseMs ?? Math.min(grown, LONGEST_PAUSE_MS)) *
      (0.5 + Math.random() / 2);
    const before = this.status.detail;
    this.#say(state, detail);
    const now = this.status.detail;
    if (now !== before) this.#parts.errors.add(now);
    this.#timer = setTimeout(() => this.#connect(), pause);
  }

  #forget() {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isTrusted = false;
    clearTimeout(this.#watchdog);
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.#parts.closed();
  }

  /** @type {(state: string, detail: string) => void} */
  #say(state, said) {
    // A stranger may have said it: nothing of it steers what shows it.
    const detail = said.replace(/\p{C}/gu, " ");
    this.status = { state, detail, since: Date.now() };
    this.#parts.changed();
  }
}

/**
 * The authority under which an address is dialled, as proofs name it.
 * @param {string} conductor
 */
export function authorityOf(conductor) {
  return new URL(conductor).host.replace(/\.(?=:|$)/, "");
}

/** @type {(data: string) => ConductorMessage | undefined} */
function readJson(data) {
  try {
    return JSON.parse(data) ?? undefined;
  } catch {
    return undefined;
  }
}
