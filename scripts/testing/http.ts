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
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  return { status: response.status, ...await response.json() };
}
