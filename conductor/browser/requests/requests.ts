import {
  audited,
  type AuditedCaller,
  type AuditFacts,
  type AuditIntent,
  type AuditPort,
} from "../../../shared/audit.ts";
import type { ByteBudget } from "../../../shared/byte_budget.ts";
import type { Channel } from "../../../shared/channel.ts";
import { type Clock, isoTime } from "../../../shared/clock.ts";
import { AppError, codeOf } from "../../../shared/errors.ts";
import type { StreamEvent } from "../../../shared/http/mod.ts";
import type { NewId } from "../../../shared/ids.ts";
import type { Clients } from "../bridge/mod.ts";
import {
  browserLost,
  containersUnknown,
  requestCanceled,
} from "../failures.ts";
import type { CancelData, RequestBody, RequestData } from "../http_schemas.ts";
import { BROWSER_LIMITS } from "../limits.ts";
import { decodeBody, readRequestBody } from "./body.ts";
import { BufferedReceiver } from "./buffered_receiver.ts";
import type { Exchange, RequestOrder } from "./exchange.ts";
import type { Exchanges } from "./exchanges.ts";
import type { Policy } from "./policy.ts";
import type { Receiver } from "./receiver.ts";
import { readHeaders } from "./request_headers.ts";
import { StreamReceiver } from "./stream_receiver.ts";
import type { Targets } from "./targets.ts";

const BUFFERED_TIMEOUT_MS = 60_000;
const STREAM_TIMEOUT_MS = 600_000;

/** Sends requests through the owner's logged-in browser. */
export class BrowserRequests {
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /**
   * Refuses what could not be sent whichever browser is there.
   * @throws {AppError}
   */
  check(input: RequestBody): void {
    this.#order(input, input.response_mode ?? "buffered");
  }

  /**
   * Sends, and resolves with the whole response, whatever its status. When the
   * caller has gone the browser aborts, too.
   * @throws {AppError}
   */
  async buffered(
    input: RequestBody,
    caller: AuditedCaller,
  ): Promise<RequestData> {
    const order = this.#order(input, "buffered");
    const { audit, budget, clock } = this.#parts;
    return await audited(audit, intentOf(order, caller), async (note) => {
      const { signal } = caller;
      const receiver = new BufferedReceiver(order.url, budget);
      const startedAt = clock.now();
      const begun = clock.monotonic();
      const exchange = await this.#start(order, { receiver, input, signal });
      const { body, ...head } = await receiver.answer;
      receiver.release(caller.hold);
      const elsewhere = answeredBy(order, head.url);
      if (elsewhere !== undefined) note(elsewhere);
      return {
        request_id: order.id,
        client_id: exchange.connection.clientId,
        platform: order.platform,
        ...head,
        ...decodeBody(body, head.headers["content-type"]),
        started_at: isoTime(startedAt),
        duration_ms: Math.round(clock.monotonic() - begun),
      };
    });
  }

  /**
   * Sends, and resolves with the events as they come once the request is on
   * its way. Leaving them cancels the request.
   * @throws {AppError} when it could not be sent at all.
   */
  async stream(
    input: RequestBody,
    caller: AuditedCaller,
  ): Promise<Channel<StreamEvent>> {
    const order = this.#order(input, "sse");
    const leave = () => void this.cancel(order.id);
    const receiver = new StreamReceiver(order, leave);
    const entry = await this.#parts.audit.begin(intentOf(order, caller));
    try {
      const { signal } = caller;
      const exchange = await this.#start(order, { receiver, input, signal });
      void exchange.over.then(() =>
        entry.finish({
          ok: !receiver.failed,
          facts: {
            status: receiver.status ?? null,
            ...answeredBy(order, receiver.url),
          },
        })
      );
      return receiver.events;
    } catch (error) {
      await entry.finish({ ok: false, code: codeOf(error) });
      throw error;
    }
  }

  /** Cancels a request by its id; tells whether it ran, and whether it was really aborted. */
  async cancel(requestId: string): Promise<CancelData> {
    const exchange = this.#parts.exchanges.find(requestId);
    return {
      request_id: requestId,
      running: exchange !== undefined,
      confirmed: exchange !== undefined && await exchange.stop(),
    };
  }

  async #start(
    order: RequestOrder,
    { receiver, input, signal }: {
      readonly receiver: Receiver;
      readonly input: RequestBody;
      readonly signal: AbortSignal;
    },
  ): Promise<Exchange> {
    const { clients, exchanges, policy, targets } = this.#parts;
    const connection = clients.pick(input.client_id);
    if (order.container !== undefined && !connection.knowsContainers) {
      throw containersUnknown(connection.clientId);
    }
    exchanges.check(order.id, connection);
    const permit = await policy.admit(order.platform, signal);
    try {
      // All of it may have changed while the request waited for its turn.
      if (signal.aborted) throw requestCanceled();
      if (connection.signal.aborted) throw browserLost();
      exchanges.check(order.id, connection);
    } catch (refused) {
      permit.release();
      throw refused;
    }
    const notTo = order.followRedirects
      ? targets.hostsOf(policy.refusing())
      : [];
    const exchange = exchanges.start({ ...order, notTo }, {
      connection,
      receiver,
      permit,
    });
    const leave = () => void exchange.stop();
    signal.addEventListener("abort", leave, { once: true });
    void exchange.over.then(() => signal.removeEventListener("abort", leave));
    return exchange;
  }

  #order(input: RequestBody, mode: "buffered" | "sse"): RequestOrder {
    const { targets, newId } = this.#parts;
    const { url, platform } = targets.resolve(input);
    const { body, contentType } = readRequestBody(input);
    if (bytesOf(body) > BROWSER_LIMITS.maxRequestBytes) {
      throw new AppError("BODY_TOO_LARGE", undefined, {
        details: { limit_bytes: BROWSER_LIMITS.maxRequestBytes },
      });
    }
    const fallback = mode === "sse" ? STREAM_TIMEOUT_MS : BUFFERED_TIMEOUT_MS;
    return {
      id: input.request_id ?? newId("breq"),
      method: input.method,
      url,
      platform,
      headers: readHeaders(input.headers, { contentType, mode }),
      responseMode: mode,
      timeoutMs: input.timeout_ms ?? fallback,
      followRedirects: input.follow_redirects ?? false,
      notTo: [],
      body,
      tabId: input.tab_id,
      container: input.container,
    };
  }
}

interface RequestParts {
  readonly clients: Clients;
  readonly exchanges: Exchanges;
  readonly policy: Policy;
  readonly targets: Targets;
  readonly budget: ByteBudget;
  readonly audit: AuditPort;
  readonly clock: Clock;
  readonly newId: NewId;
}

function bytesOf(body: string | Uint8Array | undefined): number {
  return typeof body === "string"
    ? new TextEncoder().encode(body).length
    : body?.length ?? 0;
}

/** What the audit knows of a request: no path and no header may be a secret there. */
function intentOf(order: RequestOrder, { actor }: AuditedCaller): AuditIntent {
  const { container, id, method, platform, url, responseMode: mode } = order;
  const { host } = new URL(url);
  return {
    action: "browser.request",
    actor,
    target: {
      request_id: id,
      method,
      platform,
      host,
      mode,
      ...(container !== undefined && { container }),
    },
  };
}

/** The host that answered, where redirects led to another than was asked. */
function answeredBy(order: RequestOrder, url: string): AuditFacts | undefined {
  const { host } = new URL(url);
  return host === new URL(order.url).host ? undefined : { final_host: host };
}
