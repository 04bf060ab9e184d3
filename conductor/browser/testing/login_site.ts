/** What the site plants, and must never be found elsewhere. */
export const CANARIES = {
  cookie: "CANARY-cookie-5f2a",
  rotated: "CANARY-rotated-77c1",
  header: "CANARY-authorization-91be",
  address: "CANARY-address-0d4e",
  storage: "CANARY-storage-c3a8",
  answer: "CANARY-answer-26d5",
} as const;

/** A request as the site saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** One open event stream, from the site's end. */
export interface SiteStream {
  send(text: string): void;
  end(): void;
  /** Resolves when the browser has closed it. */
  readonly closed: Promise<void>;
}

const HTML = { "content-type": "text/html; charset=utf-8" };

/** A page whose own script uses the site as a logged-in page does. */
const HOME = `<!doctype html><title>Home</title><script>
localStorage.setItem("token", "${CANARIES.storage}");
fetch("/api/items/1234567890", {
  headers: { authorization: "Bearer ${CANARIES.header}" },
});
</script>`;

/** A loopback site that answers only who is logged in. */
export class LoginSite implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  /** Further pages, path → HTML, that anybody may see. */
  readonly pages = new Map<string, string>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop = new AbortController();
  readonly #opened: SiteStream[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(hostname = "127.0.0.1") {
    this.#server = Deno.serve(
      { hostname, port: 0, onListen() {}, signal: this.#stop.signal },
      (request) => this.#answer(request),
    );
  }

  get host(): string {
    const { hostname, port } = this.#server.addr;
    return `${hostname}:${port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** Waits for the next stream that a browser opens. */
  async nextStream(): Promise<SiteStream> {
    while (true) {
      const stream = this.#opened.shift();
      if (stream !== undefined) return stream;
      await this.#wake.promise;
    }
  }

  /** Requests to one path. */
  to(path: string): SeenRequest[] {
    return this.seen.filter((it) => it.path === path);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    this.seen.push({
      method: request.method,
      path: pathname,
      headers: request.headers,
      body: await request.text(),
    });
    const page = this.pages.get(pathname);
    if (page !== undefined) return new Response(page, { headers: HTML });
    if (pathname === "/login") {
      const headers = new Headers(HTML);
      const user = searchParams.get("as") ?? "ada";
      for (const pair of [`sid=${CANARIES.cookie}`, `user=${user}`]) {
        const cookie = `${pair}; HttpOnly; SameSite=Lax; Path=/`;
        headers.append("set-cookie", cookie);
      }
      return new Response(HOME, { headers });
    }
    if (pathname === "/password") {
      const headers = new Headers();
      for (const challenge of searchParams.getAll("challenge")) {
        headers.append("www-authenticate", challenge);
      }
      return new Response("who are you?", { status: 401, headers });
    }
    const cookie = request.headers.get("cookie") ?? "";
    if (!cookie.includes(`sid=${CANARIES.cookie}`)) {
      return Response.json({ error: "log in first" }, { status: 401 });
    }
    switch (pathname) {
      case "/me":
        return Response.json({ user: /user=(\w+)/.exec(cookie)?.[1] }, {
          headers: {
            "set-cookie": `seen=${CANARIES.rotated}; Path=/`,
            "x-auth-token": CANARIES.answer,
          },
        });
      case "/echo":
        return new Response(this.seen.at(-1)?.body);
      case "/bytes":
        return new Response(pattern(Number(searchParams.get("n"))), {
          headers: { "content-type": "application/octet-stream" },
        });
      case "/stream":
        return this.#stream();
      case "/never":
        return await new Promise(() => {});
      case "/redirect":
        return new Response(null, {
          status: Number(searchParams.get("status") ?? 302),
          headers: { location: searchParams.get("to") ?? "/me" },
        });
      case "/loop":
        return new Response(null, {
          status: 302,
          headers: { location: `/loop?again=${this.seen.length}` },
        });
      case "/cached":
        return new Response("kept", {
          headers: { "cache-control": "max-age=600" },
        });
      case "/gzip":
        return new Response(
          new Blob(["squeezed"]).stream()
            .pipeThrough(new CompressionStream("gzip")),
          { headers: { "content-encoding": "gzip" } },
        );
      case "/text":
        return new Response(
          Uint8Array.fromHex(searchParams.get("hex") ?? ""),
          { headers: { "content-type": searchParams.get("type") ?? "" } },
        );
      case "/strict":
        return new Response("<title>Strict</title>", {
          headers: {
            ...HTML,
            "content-security-policy": "default-src 'none'",
          },
        });
      case "/logout":
        return new Response("<title>Bye</title>", {
          headers: {
            ...HTML,
            "set-cookie": "sid=; Max-Age=0; HttpOnly; Path=/",
          },
        });
      default:
        return new Response("<title>Page</title>", { headers: HTML });
    }
  }

  #stream(): Response {
    const closed = Promise.withResolvers<void>();
    const encoder = new TextEncoder();
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(it) {
        controller = it;
        // Firefox gives a page the head of a response with its first byte.
        it.enqueue(encoder.encode(": welcome\n\n"));
      },
      cancel: () => closed.resolve(),
    });
    this.#opened.push({
      send: (text) => controller.enqueue(encoder.encode(text)),
      end: () => controller.close(),
      closed: closed.promise,
    });
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
    return new Response(body, {
      headers: { "content-type": "text/event-stream" },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Streams and requests that never end would keep a shutdown waiting.
    this.#stop.abort();
    await this.#server.finished;
  }
}

/** Bytes of which each says where it is. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}
