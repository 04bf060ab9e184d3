import { answerTo } from "./answer.js";
import { choosePlace, closedTo } from "./choose_place.js";
import { DEFAULT_CONTAINER } from "./containers.js";
import { CodedError, readError } from "./error_log.js";
import { joinBytes } from "./join_bytes.js";
import {
  BLOCKED,
  MAX_HOPS,
  PASSWORD,
  RedirectError,
  runInBackground,
  runInPage,
  tooManyRedirects,
} from "./runners.js";

/** A page that does not react to an abort is left; it aborts when it wakes up. */
const LEAVE_MS = 6_000;

/** Requests that conductor sent and that are not over. */
export class RequestJobs {
  #parts;
  /** @type {Map<string, Job>} */
  #jobs = new Map();
  /** @type {LastRequest | undefined} */
  last;

  /** @param {Pick<Parts, "link" | "guard" | "errors">} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  get size() {
    return this.#jobs.size;
  }

  /** @param {ApiRequest} message */
  begin(message) {
    const { id, timeoutMs } = message;
    const { link } = this.#parts;
    const answer = answerTo(message, link);
    if (this.#jobs.has(id)) {
      const message = "the id is in flight already";
      return answer.fail({ code: "duplicate", message });
    }
    if (this.#jobs.size >= link.limits.maxInFlight) {
      const message = "too many requests run in this browser";
      return answer.fail({ code: "busy", message });
    }
    /** @type {Job} */
    const job = { message, answer, chunks: [], bytes: 0, complete: false };
    this.#jobs.set(id, job);
    job.timer = setTimeout(
      () => this.#stop(job, "timeout", `no complete answer in ${timeoutMs} ms`),
      timeoutMs,
    );
    if (!message.chunked) void this.#run(job, inlineBody(message));
  }

  /** @param {FromConductor<"body_chunk">} message */
  chunk({ id, seq, last, data }) {
    const job = this.#jobs.get(id);
    if (job === undefined || job.stopped !== undefined) return;
    const bytes = Uint8Array.fromBase64(data);
    job.bytes += bytes.length;
    const inTurn = job.message.chunked && !job.complete &&
      seq === job.chunks.length;
    if (!inTurn || job.bytes > this.#parts.link.limits.maxRequestBytes) {
      const why = "the body is too large or out of turn";
      return this.#stop(job, "bad_body", why);
    }
    job.chunks.push(bytes);
    job.complete = last;
    if (last) void this.#run(job, joinBytes(job.chunks));
  }

  /** @param {FromConductor<"request_cancel">} message how the request ends confirms it */
  cancel({ id }) {
    const job = this.#jobs.get(id);
    if (job !== undefined) return this.#stop(job, "canceled", "");
    this.#parts.link.send({
      type: "action_status",
      id,
      action: "request_cancel",
      ok: false,
      error: { code: "unknown_request", message: "no such request runs here" },
    });
  }

  /** Aborts everything: whoever asked for it is gone. */
  cancelAll() {
    for (const job of this.#jobs.values()) this.#stop(job, "canceled", "");
  }

  /**
   * Runs a request to its end, which is answered when nothing runs any more.
   * @type {(job: Job, body: FetchOrder["body"]) => Promise<void>}
   */
  async #run(job, body) {
    const { answer, message } = job;
    const { url, method, headers, responseMode, followRedirects, notTo } =
      message;
    /** @type {FetchOrder} */
    let order = {
      url,
      method,
      headers,
      body,
      stream: responseMode === "sse",
      followRedirects,
      notTo: notTo ?? [],
      asked: url,
    };
    /** @type {unknown} */
    let failure;
    try {
      let place = await choosePlace(message);
      let ended = await this.#send(job, order, place);
      for (let hops = 0;; hops++) {
        if (ended instanceof RedirectError) {
          order = ended.next;
          // The login stays the one that it began with.
          const { cookieStore } = place.container;
          place = await choosePlace({ url: order.url, container: cookieStore });
        } else if (ended?.code === PASSWORD) {
          order = { ...order, noPassword: true };
        } else break;
        if (hops === MAX_HOPS) throw tooManyRedirects();
        ended = await this.#send(job, order, place);
      }
      failure = ended;
      if (ended === undefined && job.stopped === undefined) await answer.end();
    } catch (error) {
      failure = error;
    }
    this.#over(job, failure);
  }

  /** @type {(job: Job, order: FetchOrder, place: Place) => Promise<CodedError | undefined>} */
  async #send(job, order, { container, tab }) {
    const parts = { answer: job.answer, container, guard: this.#parts.guard };
    const { host: site } = new URL(order.url);
    this.last = { site, container: container.name, at: Date.now() };
    const ended = tab === undefined
      ? new CodedError(BLOCKED)
      : await watch(job, () => runInPage(tab, order, parts));
    if (ended?.code !== BLOCKED) return ended;
    return container.cookieStore === DEFAULT_CONTAINER.cookieStore
      ? await watch(job, () => runInBackground(order, parts))
      : closedTo(container);
  }

  /** @type {(job: Job, code: string, message: string) => void} */
  #stop(job, code, message) {
    if (job.stopped !== undefined) return;
    job.stopped = new CodedError(code, message);
    const { running } = job;
    if (running !== undefined) {
      clearTimeout(job.timer);
      job.timer = setTimeout(() => running.leave(), LEAVE_MS);
      return running.abort();
    }
    // Nothing was started: a body that is still on its way has no runner.
    if (job.message.chunked && !job.complete) this.#over(job, job.stopped);
  }

  /** @type {(job: Job, failure: unknown) => void} */
  #over(job, failure) {
    clearTimeout(job.timer);
    const { id } = job.message;
    this.#jobs.delete(id);
    const end = job.stopped ?? failure;
    if (end === undefined) return;
    const told = readError(end);
    if (told.code !== "canceled") {
      this.#parts.errors.add(`request ${id}: ${told.code} ${told.message}`);
    }
    job.answer.fail(told);
  }
}

/**
 * Starts a runner unless the job was stopped; resolves with its failure.
 * @type {(job: Job, start: () => Runner) => Promise<CodedError | undefined>}
 */
async function watch(job, start) {
  if (job.stopped !== undefined) return job.stopped;
  job.running = start();
  return await job.running.ended;
}

/** @type {(message: ApiRequest) => FetchOrder["body"]} */
function inlineBody({ body, bodyBase64 }) {
  return bodyBase64 === undefined ? body : Uint8Array.fromBase64(bodyBase64);
}
