import { answerTo, RequestFailure } from "./answer.js";
import { BLOCKED, runInBackground, runInPage } from "./runners.js";

/** Bounds until conductor's welcome tells its own. */
const LIMITS = {
  chunkBytes: 262_144,
  maxRequestBytes: 16_777_216,
  maxResponseBytes: 33_554_432,
  maxInFlight: 32,
};

/** A page that does not react to an abort is left; it aborts when it wakes up. */
const LEAVE_MS = 6_000;

/** Requests that conductor sent and that are not over. */
export class Requests {
  #parts;
  #jobs = new Map();
  #limits = LIMITS;

  /** @param parts `link`, `tabs`, `guard`, `journal` */
  constructor(parts) {
    this.#parts = parts;
  }

  get size() {
    return this.#jobs.size;
  }

  /** Takes the bounds that conductor gives with its welcome. */
  bound(limits) {
    this.#limits = limits;
  }

  /** Takes an `api_request`. */
  begin(message) {
    const { id, timeoutMs } = message;
    const answer = answerTo(message, this.#parts.link, this.#limits);
    if (this.#jobs.has(id)) {
      return answer.fail("duplicate", "the id is in flight already");
    }
    if (this.#jobs.size >= this.#limits.maxInFlight) {
      return answer.fail("busy", "too many requests run in this browser");
    }
    const job = { id, message, answer, chunks: [], bytes: 0 };
    this.#jobs.set(id, job);
    job.timer = setTimeout(
      () => this.#stop(job, "timeout", `no complete answer in ${timeoutMs} ms`),
      timeoutMs,
    );
    if (!message.chunked) void this.#run(job, inlineBody(message));
  }

  /** Takes a piece of a request's body. */
  chunk({ id, seq, last, data }) {
    const job = this.#jobs.get(id);
    if (job === undefined || job.stopped !== undefined) return;
    const bytes = Uint8Array.fromBase64(data);
    job.bytes += bytes.length;
    const inTurn = job.message.chunked && !job.complete &&
      seq === job.chunks.length;
    if (!inTurn || job.bytes > this.#limits.maxRequestBytes) {
      return this.#stop(
        job,
        "bad_body",
        "the body is too large or out of turn",
      );
    }
    job.chunks.push(bytes);
    job.complete = last;
    if (last) void this.#run(job, joined(job));
  }

  /** Aborts a request: how it ends confirms that. */
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

  /** Runs a request to its end; the end is answered only when nothing runs any more. */
  async #run(job, body) {
    const { tabs, guard } = this.#parts;
    const { answer, message } = job;
    const order = {
      url: message.url,
      method: message.method,
      headers: message.headers,
      body,
      stream: message.responseMode === "sse",
    };
    let failure;
    try {
      const tab = await chosenTab(message, tabs);
      failure = new RequestFailure(BLOCKED);
      if (tab !== undefined) {
        failure = await this.#watch(
          job,
          () => runInPage(tab, order, { answer, guard }),
        );
      }
      if (failure?.code === BLOCKED) {
        failure = await this.#watch(
          job,
          () => runInBackground(order, { answer, guard }),
        );
      }
      if (failure === undefined && job.stopped === undefined) {
        await answer.end();
      }
    } catch (error) {
      failure = error;
    }
    this.#over(job, failure);
  }

  /** Starts a runner unless the job was stopped; resolves with its failure. */
  async #watch(job, start) {
    if (job.stopped !== undefined) return job.stopped;
    job.running = start();
    return await job.running.ended;
  }

  #stop(job, code, message) {
    if (job.stopped !== undefined) return;
    job.stopped = new RequestFailure(code, message);
    if (job.running !== undefined) {
      clearTimeout(job.timer);
      job.timer = setTimeout(() => job.running.leave(), LEAVE_MS);
      return job.running.abort();
    }
    // Nothing was started: a body that is still on its way has no runner.
    if (job.message.chunked && !job.complete) this.#over(job, job.stopped);
  }

  #over(job, failure) {
    clearTimeout(job.timer);
    this.#jobs.delete(job.id);
    const end = job.stopped ?? failure;
    if (end === undefined) return;
    const { code = "failed", message } = end;
    if (code !== "canceled") {
      this.#parts.journal.add(`request ${job.id}: ${code} ${message}`);
    }
    job.answer.fail(code, String(message).slice(0, 1000));
  }
}

/** The tab to use: the one that is asked for, else one of the same origin. */
async function chosenTab({ url, tabId }, tabs) {
  if (tabId === undefined) return await tabs.ofOrigin(url);
  const tab = await browser.tabs.get(tabId).catch(() => undefined);
  if (tab === undefined) {
    throw new RequestFailure("no_tab", `there is no tab ${tabId}`);
  }
  const { origin } = new URL(url);
  if (!URL.canParse(tab.url) || new URL(tab.url).origin !== origin) {
    throw new RequestFailure("wrong_tab", `tab ${tabId} is not on ${origin}`);
  }
  return tab;
}

function inlineBody({ body, bodyBase64 }) {
  return bodyBase64 === undefined ? body : Uint8Array.fromBase64(bodyBase64);
}

function joined({ chunks, bytes }) {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
