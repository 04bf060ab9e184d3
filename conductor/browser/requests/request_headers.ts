import { invalidInputs } from "../../../shared/errors.ts";
import { isCredentialName } from "../extension/mod.js";

/** Headers that a browser sets by itself, or that steer the connection. */
const BROWSERS_OWN = new Set([
  "accept-charset",
  "accept-encoding",
  "access-control-request-headers",
  "access-control-request-method",
  "connection",
  "content-length",
  "date",
  "dnt",
  "expect",
  "host",
  "keep-alive",
  "origin",
  "referer",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

/** A header name as HTTP allows it. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

/**
 * Returns the headers to send, lower-cased.
 * @throws {AppError} INVALID_INPUT for one that is the browser's own.
 */
export function readHeaders(
  headers: Readonly<Record<string, string>>,
  { contentType, mode }: {
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
    ...(contentType !== undefined && { "content-type": contentType }),
    ...(mode === "sse" && { accept: "text/event-stream" }),
    ...Object.fromEntries(
      entries.map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
}

/** Says why a caller may not set this request header; undefined when it may. */
export function whyHeaderRefused(
  name: string,
  value: string,
): string | undefined {
  const lower = name.toLowerCase();
  if (!HEADER_NAME.test(name)) return "it is no header name";
  if (/[\0\r\n]/.test(value)) return "its value holds a line break";
  if (isCredentialName(lower)) {
    return "credentials are the browser's own and are never given from outside";
  }
  if (BROWSERS_OWN.has(lower) || /^(sec|proxy)-/.test(lower)) {
    return "the browser sets it itself";
  }
  return undefined;
}
