import { invalidInput } from "../../../shared/errors.ts";
import type { RequestBody, RequestData } from "../http_schemas.ts";

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
 * Decodes a response's body by the charset that its content type names, by
 * default UTF-8, without its byte order mark. What does not decode without loss
 * is answered as base64.
 */
export function decodeBody(
  body: string | Uint8Array,
  contentType: string | undefined,
): Pick<RequestData, "body" | "body_base64" | "body_bytes"> {
  if (typeof body === "string") {
    const { length } = new TextEncoder().encode(body);
    return {
      body: body.replace(/^\uFEFF/, ""),
      body_base64: null,
      body_bytes: length,
    };
  }
  const text = decode(body, contentType);
  return {
    body: text ?? null,
    body_base64: text === undefined ? body.toBase64() : null,
    body_bytes: body.length,
  };
}

function decode(
  bytes: Uint8Array,
  contentType: string | undefined,
): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? "");
  try {
    const decoder = new TextDecoder(charset?.[1] ?? "utf-8", {
      fatal: true,
    });
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw invalidInput("body_base64", "give base64");
  }
}
