import type { Json } from "../../shared/testing/json.ts";

/** The envelope, as a test reads it. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly request_id: string;
  readonly data: Json;
  readonly error: Json;
}

/** Asks with JSON and reads the envelope; with a body it is a POST. */
export async function call(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await send(url, body, headers);
  return { status: response.status, ...await response.json() };
}

/** As {@linkcode call}, and leaves the answer to be read. */
export function send(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  if (body === undefined) return fetch(url, { headers });
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}
