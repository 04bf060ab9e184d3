/** The envelope, as a test reads it. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly request_id: string;
  // deno-lint-ignore no-explicit-any -- each test knows what it asked for
  readonly data: any;
  // deno-lint-ignore no-explicit-any -- as above
  readonly error: any;
}

/** Sends JSON and reads the envelope. */
export async function call(
  method: "GET" | "POST",
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, ...await response.json() };
}
