import type { Handle } from "../daemon/http_server.ts";

/** What a request through {@linkcode FakeServer} may say. */
export interface FakeRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as a page of the daemon's own sends a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
  readonly signal?: AbortSignal;
}

/** An app without a port: requests go straight to its handler. */
export class FakeServer {
  readonly #handle: Handle;
  readonly #origin: string;

  constructor(handle: Handle, origin: string) {
    this.#handle = handle;
    this.#origin = origin;
  }

  /** Sends a request with an honest `Host`; a body goes as JSON. */
  async send(
    method: string,
    path: string,
    request: FakeRequest = {},
  ): Promise<Response> {
    const { headers = {}, form, remoteAddress = "127.0.0.1", signal } = request;
    const body = form ? String(new URLSearchParams(form)) : request.body;
    return await this.#handle(
      new Request(this.#origin + path, {
        method,
        headers: {
          host: new URL(this.#origin).host,
          ...(body !== undefined && {
            "content-type": form
              ? "application/x-www-form-urlencoded"
              : "application/json",
            "content-length": "1",
          }),
          ...(form && { origin: this.#origin }),
          ...headers,
        },
        ...(body !== undefined && {
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
        ...(signal !== undefined && { signal }),
      }),
      { remoteAddress },
    );
  }

  get(path: string, request?: FakeRequest): Promise<Response> {
    return this.send("GET", path, request);
  }

  post(path: string, body?: unknown, request?: FakeRequest): Promise<Response> {
    return this.send("POST", path, { ...request, body });
  }

  /** Reads `data` of a success; throws what the failure says. */
  async data<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> {
    const response = await this.send(method, path, { body });
    const answer = await response.json();
    if (answer.ok !== true) {
      throw new Error(`${response.status} ${JSON.stringify(answer.error)}`);
    }
    return answer.data;
  }
}
