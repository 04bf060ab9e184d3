import { invalidInput, invalidInputs } from "../../../shared/errors.ts";
import { whyHeaderRefused } from "./request_headers.ts";
import type { RequestBody } from "../http_schemas.ts";

/**
 * Returns what a request sends: text as it is, bytes from base64, any other
 * JSON value as its JSON.
 * @throws {AppError} INVALID_INPUT
 */
export function readRequestBody(input: RequestBody): {
  readonly body: string | Uint8Array | undefined;
  /** What the body is, where the caller does not say. */
  readonly contentType: string | undefined;
} {
  const { body, body_base64, method } = input;
  if (body === undefined && body_base64 === undefined) {
    return { body: undefined, contentType: undefined };
  }
  if (body !== undefined && body_base64 !== undefined) {
    throw invalidInput("body_base64", "give body or body_base64, not both");
  }
  if (method === "GET" || method === "HEAD") {
    throw invalidInput("body", `a ${method} request has no body`);
  }
  if (body_base64 !== undefined) {
    return {
      body: fromBase64(body_base64),
      contentType: "application/octet-stream",
    };
  }
  return typeof body === "string"
    ? { body, contentType: "text/plain;charset=UTF-8" }
    : { body: JSON.stringify(body), contentType: "application/json" };
}

/**
 * Returns the headers to send, lower-cased.
 * @throws {AppError} INVALID_INPUT for one that is the browser's own.
 */
export function readHeaders(
  headers: Readonly<Record<string, string>>,
  options: {
    readonly contentType: string | undefined;
    readonly mode: "buffered" | "sse";
  },
): Record<string, string> {
  const entries = Object.entries(headers);
  const issues = entries.flatMap(([name, value]) => {
    const why = whyHeaderRefused(name, value);
    return why === undefined ? [] : [{ path: `headers.${name}`, message: why }];
  });
  if (issues.length > 0) throw invalidInputs(issues);
  return {
    ...(options.contentType === undefined
      ? {}
      : { "content-type": options.contentType }),
    ...(options.mode === "sse" ? { accept: "text/event-stream" } : {}),
    ...Object.fromEntries(
      entries.map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw invalidInput("body_base64", "give base64");
  }
}
