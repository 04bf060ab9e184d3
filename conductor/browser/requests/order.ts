import type { ConductorMessage } from "../contract.ts";

/** A request to send through the browser, judged and complete. */
export interface RequestOrder {
  /** Unique among those in flight. */
  readonly id: string;
  readonly method: string;
  readonly url: string;
  /** The platform's name, or the host where the target belongs to none. */
  readonly platform: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly mode: "buffered" | "sse";
  /** Until the answer is complete, in milliseconds. */
  readonly timeoutMs: number;
  readonly tabId?: number;
}

/** What is known of a response before its body. */
export interface ResponseHead {
  readonly status: number;
  /** Lower-case names, without credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Redirects followed. */
  readonly url: string;
  /** Whose principal sent the request; null when the browser does not say. */
  readonly via: "page" | "background" | null;
  readonly tabId: number | null;
}

/** A whole response. */
export interface BufferedResponse extends ResponseHead {
  /** Text where the browser sent text, else the bytes. */
  readonly body: string | Uint8Array;
}

/** A body that is cut into messages of at most so many bytes. */
export interface RequestFrames {
  readonly head: ConductorMessage;
  readonly chunks: readonly Uint8Array[];
}

/** Cuts an order into the messages that carry it. */
export function framesOf(
  order: RequestOrder,
  chunkBytes: number,
): RequestFrames {
  const { body } = order;
  const bytes = typeof body === "string"
    ? new TextEncoder().encode(body)
    : body ?? new Uint8Array();
  const chunked = bytes.length > chunkBytes;
  const chunks: Uint8Array[] = [];
  for (let at = 0; chunked && at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes));
  }
  const inline = body === undefined || chunked
    ? {}
    : typeof body === "string"
    ? { body }
    : { bodyBase64: bytes.toBase64() };
  return {
    head: {
      type: "api_request",
      id: order.id,
      method: order.method,
      url: order.url,
      platform: order.platform,
      headers: { ...order.headers },
      chunked,
      responseMode: order.mode,
      timeoutMs: order.timeoutMs,
      ...inline,
      ...(order.tabId === undefined ? {} : { tabId: order.tabId }),
    },
    chunks,
  };
}
