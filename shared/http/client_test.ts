import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { startKitApp } from "../testing/kit_app.ts";
import { ApiClient, type ClientOptions } from "./client.ts";
import { contract } from "./route.ts";

const read = {
  method: "GET",
  kind: "read",
  surface: "control",
  exposure: "local",
  scope: "none",
  summary: "Read",
} as const;
const Item = contract({
  ...read,
  id: "items.read",
  path: "/items/:item_id",
  data: z.object({ item_id: z.string() }),
});
const Shared = contract({
  ...read,
  id: "shared.read",
  path: "/shared",
  query: z.strictObject({ limit: z.coerce.number().optional() }),
  data: z.object({ limit: z.number().optional() }),
});
const Notes = contract({
  ...read,
  id: "notes.write",
  method: "POST",
  kind: "write",
  path: "/notes",
  body: z.strictObject({ text: z.string(), count: z.number().optional() }),
  data: z.object({ text: z.string(), count: z.number() }),
});
const Probe = contract({
  ...read,
  id: "probe",
  path: "/probe",
  produces: "text",
  data: z.literal("ok"),
});
const Work = contract({ ...read, id: "work", path: "/work", data: z.null() });

function client(options: Partial<ClientOptions>): ApiClient {
  return new ApiClient({
    base: new URL("http://127.0.0.1:9"),
    unreachable: "CODEXD_UNAVAILABLE",
    ...options,
  });
}

function clientOf(port: number, options: Partial<ClientOptions> = {}) {
  return client({ base: new URL(`http://127.0.0.1:${port}`), ...options });
}

/** A client whose server answers `response`, whatever it is asked. */
function answering(body: BodyInit | null, init: ResponseInit = {}) {
  return client({ fetch: () => Promise.resolve(new Response(body, init)) });
}

async function failure(work: Promise<unknown>) {
  const { code, message, details } = await assertRejects(() => work, AppError);
  return { code, message, details };
}

Deno.test("ApiClient.request() returns the data of an answer, typed", async () => {
  await using kit = startKitApp();
  const api = clientOf(kit.port);
  const { item_id } = await api.request(Item, {
    params: { item_id: "a/b c%ü" },
  });
  assertEquals(item_id, "a/b c%ü");
  assertEquals(await api.request(Shared, { query: { limit: 3 } }), {
    limit: 3,
  });
  assertEquals(await api.request(Shared, {}), {});
  assertEquals(await api.request(Notes, { body: { text: "x" } }), {
    text: "x",
    count: 1,
  });
  assertEquals(await api.request(Probe, {}), "ok");
});

Deno.test("ApiClient.request() does not compile when its input is not the contract's", () => {
  const api = client({});
  const misuses = [
    // @ts-expect-error the path has a param
    () => api.request(Item, {}),
    // @ts-expect-error the param has another name
    () => api.request(Item, { params: { id: "x" } }),
    // @ts-expect-error there is a body to send
    () => api.request(Notes, {}),
    // @ts-expect-error the body has another shape
    () => api.request(Notes, { body: { text: 1 } }),
    // @ts-expect-error the query has no such parameter
    () => api.request(Shared, { query: { limti: 1 } }),
  ];
  assertEquals(misuses.length, 5);
});

Deno.test("ApiClient.request() throws the server's own failure", async () => {
  await using kit = startKitApp({ guard: { token: "t0ken" } });
  const body = { text: "x", count: 99 };
  assertEquals(
    await failure(clientOf(kit.port).request(Notes, { body })),
    {
      code: "UNAUTHORIZED",
      message: "Cannot answer: a valid bearer token is required",
      details: undefined,
    },
  );
  const api = clientOf(kit.port, { token: "t0ken" });
  assertEquals(await failure(api.request(Notes, { body })), {
    code: "INVALID_INPUT",
    message:
      "Cannot accept the body: count: Too big: expected number to be <=9",
    details: {
      issues: [{
        path: "count",
        message: "Too big: expected number to be <=9",
      }],
    },
  });
});

Deno.test("ApiClient.request() passes the request id on", async () => {
  await using kit = startKitApp({
    deps: { handle: () => Promise.reject(new Error("as told")) },
  });
  const work = clientOf(kit.port).request(Work, {}, { requestId: "mine" });
  assertEquals((await failure(work)).code, "INTERNAL");
  assertEquals(kit.log.lines.at(-1)?.fields.request_id, "mine");
});

Deno.test("ApiClient.request() calls a server that is away what its caller does", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { code } = await failure(clientOf(port).request(Work, {}));
  assertEquals(code, "CODEXD_UNAVAILABLE");
});

Deno.test("ApiClient.request() gives up at its deadline, in the middle of an answer too", async () => {
  const hanging: (typeof fetch)[] = [
    (_, init) =>
      new Promise((_, reject) => {
        const { signal } = init ?? {};
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
    (_, init) =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            start(controller) {
              const { signal } = init ?? {};
              signal?.addEventListener(
                "abort",
                () => controller.error(signal.reason),
              );
            },
          }),
        ),
      ),
  ];
  for (const fetch of hanging) {
    const clock = new FakeClock();
    const work = failure(client({ fetch, clock }).request(Work, {}));
    await clock.advance(30_000);
    assertEquals((await work).code, "UPSTREAM_TIMEOUT");
    const early = failure(
      client({ fetch, clock }).request(Work, {}, { timeoutMs: 5 }),
    );
    await clock.advance(5);
    assertEquals((await early).code, "UPSTREAM_TIMEOUT");
    assertEquals(clock.pending, 0);
  }
});

Deno.test("ApiClient.request() ends with the reason of its caller's signal", async () => {
  const started = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using kit = startKitApp({
    deps: {
      handle: (signal) => {
        signal.addEventListener("abort", () => left.resolve());
        started.resolve();
        return left.promise;
      },
    },
  });
  const abort = new AbortController();
  const work = clientOf(kit.port).request(Work, {}, { signal: abort.signal });
  await started.promise;
  abort.abort(new AppError("SHUTTING_DOWN"));
  assertEquals((await failure(work)).code, "SHUTTING_DOWN");
  await left.promise;
});

Deno.test("ApiClient.request() does not trust what is no answer of its contract", async () => {
  const answers: [BodyInit | null, ResponseInit][] = [
    ["", {}],
    ["<html>", {}],
    ["null", {}],
    ["[]", {}],
    ["{}", {}],
    ['{"ok":true,"data":1}', {}],
    ['{"ok":false}', {}],
    ['{"ok":false,"error":{"code":"NO_SUCH_CODE"}}', { status: 500 }],
    ['{"ok":false,"error":{"code":"__proto__"}}', { status: 500 }],
    ["Bad Gateway", { status: 502 }],
  ];
  for (const [body, init] of answers) {
    const { code, details } = await failure(
      answering(body, init).request(Work, {}),
    );
    assertEquals(
      [code, details?.route],
      ["UPSTREAM_FAILED", "work"],
      `${body}`,
    );
  }
});

Deno.test("ApiClient.request() takes no endless answer and follows no redirect", async () => {
  const long = client({
    maxAnswerBytes: 100,
    fetch: () => Promise.resolve(new Response("x".repeat(101))),
  });
  assertEquals((await failure(long.request(Work, {}))).code, "UPSTREAM_FAILED");
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: 302, headers: { location: "/else" } }),
  );
  const redirected = clientOf(server.addr.port).request(Work, {});
  assertEquals((await failure(redirected)).code, "CODEXD_UNAVAILABLE");
  await server.shutdown();
});

Deno.test("ApiClient.request() keeps Retry-After of a failure", async () => {
  const api = answering(
    '{"ok":false,"error":{"code":"TOO_MANY_REQUESTS","message":"m"}}',
    { status: 429, headers: { "retry-after": "7" } },
  );
  const error = await assertRejects(() => api.request(Work, {}), AppError);
  assertEquals(error.headers, { "retry-after": "7" });
});

Deno.test("ApiClient.request() refuses a param that a URL would fold away", async () => {
  for (const item_id of ["", ".", ".."]) {
    const { code } = await failure(
      client({}).request(Item, { params: { item_id } }),
    );
    assertEquals(code, "INVALID_INPUT");
  }
});
