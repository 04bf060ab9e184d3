import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { type Clock, systemClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { type KitDeps, startKitApp } from "../testing/kit_app.ts";
import { RawConnection, rawRequest } from "../testing/raw_http.ts";
import { readEvents } from "../testing/sse_reader.ts";
import { until } from "../testing/until.ts";
import { type RouteContext, routeFor } from "./route.ts";

/** Longer than what comes with a head: of who sent it the runtime tells less. */
const BODY = JSON.stringify({ text: "x".repeat(2000) });
const EVENTS = "text/event-stream";

/** Serves work that ends when its caller leaves, answered as JSON or as one event. */
function serve(
  work: (context: RouteContext<KitDeps>) => Promise<unknown>,
  clock: Clock = systemClock,
) {
  const route = routeFor<KitDeps>()({
    method: "POST",
    kind: "write",
    surface: "control",
    exposure: "local",
    scope: "exec",
    id: "work",
    path: "/work",
    summary: "Work",
    body: z.strictObject({ text: z.string() }),
    data: z.unknown(),
    events: { done: z.unknown() },
    errors: ["CONFLICT"],
    example: { body: { text: "x" } },
    endsWithCaller: () => true,
    handler: work,
    stream: async (context) => {
      const data = await work(context);
      return async function* () {
        yield await Promise.resolve({ event: "done", data });
      }();
    },
  });
  const kit = startKitApp({ routes: [route], clock });
  const url = `http://127.0.0.1:${kit.port}/work`;
  return {
    kit,
    url,
    post: (accept: string) =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept },
        body: BODY,
      }),
    /** Sends the request, and is there until it is disposed of. */
    async send(accept: string) {
      const connection = await RawConnection.open(kit.port);
      await connection.send(rawRequest({
        line: "POST /work HTTP/1.1",
        headers: [
          `host: 127.0.0.1:${kit.port}`,
          "content-type: application/json",
          `accept: ${accept}`,
        ],
        body: BODY,
      }));
      return connection;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

Deno.test("Work ends when its client has left, however long its request was", async () => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const clock = new FakeClock();
  const { kit, send } = serve(async (context) => {
    await context.begun();
    started.resolve();
    await aborted(context.signal);
    ended.resolve();
  }, clock);
  await using _ = kit;
  {
    using _client = await send("application/json");
    await started.promise;
  }
  await clock.advance(1000);
  await ended.promise;
  await until(() => kit.app.running === 0);
  assertEquals(clock.pending, 0);
});

for (const accept of ["application/json", EVENTS]) {
  Deno.test(`Work that waited for its turn hears that its client left meanwhile: ${accept}`, async () => {
    const waits = Promise.withResolvers<void>();
    const turn = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<boolean>();
    const clock = new FakeClock();
    const { kit, send } = serve(async (context) => {
      waits.resolve();
      await turn.promise;
      // On this clock only the news of the leaving lets it go on.
      await context.begun({ hasWaited: true });
      seen.resolve(context.signal.aborted);
      throw new AppError("CANCELED");
    }, clock);
    await using _ = kit;
    {
      using _client = await send(accept);
      await waits.promise;
    }
    turn.resolve();
    assertEquals(await seen.promise, true);
    await until(() => kit.app.running === 0);
    assertEquals(clock.pending, 0);
  });
}

Deno.test("Work that waited for its turn goes on for a client that is there", async () => {
  const { kit, post } = serve(async (context) => {
    await context.begun({ hasWaited: true });
    return { left: context.signal.aborted };
  });
  await using _ = kit;
  const text = await (await post("application/json")).text();
  assertEquals([text[0], JSON.parse(text).data], ["\n", { left: false }]);
  const events = await Array.fromAsync(readEvents(await post(EVENTS)));
  assertEquals(events.map(({ event, data }) => [event, data]), [
    ["done", { left: false }],
  ]);
});

Deno.test("What fails after an answer has begun fails in it, and before with its status", async () => {
  for (const hasBegun of [true, false]) {
    const { kit, post } = serve(async (context) => {
      if (hasBegun) await context.begun({ hasWaited: true });
      throw new AppError("CONFLICT", "Cannot work: no");
    });
    await using _ = kit;
    const answer = await post("application/json");
    assertEquals(answer.status, hasBegun ? 200 : 409);
    const { ok, error, request_id } = await answer.json();
    assertEquals([ok, error.code, error.message], [
      false,
      "CONFLICT",
      "Cannot work: no",
    ]);
    assertEquals(answer.headers.get("x-request-id"), request_id);
    const streamed = await post(EVENTS);
    assertEquals(streamed.status, hasBegun ? 200 : 409);
    if (!hasBegun) {
      await streamed.body?.cancel();
      continue;
    }
    const [last, ...more] = await Array.fromAsync(readEvents(streamed));
    assertEquals([last?.event, last?.data.code, more.length], [
      "error",
      "CONFLICT",
      0,
    ]);
  }
});

Deno.test("What a large late answer holds it holds until it was taken", async () => {
  let isFree = false;
  const { kit, url } = serve(async (context) => {
    await context.begun({ hasWaited: true });
    context.hold(() => isFree = true);
    return Array(1000).fill("x".repeat(1000));
  });
  await using _ = kit;
  const request = new Request(url, {
    method: "POST",
    headers: {
      host: `127.0.0.1:${kit.port}`,
      "content-type": "application/json",
      "content-length": String(BODY.length),
    },
    body: BODY,
  });
  const { body } = await kit.app.handle(request, {
    remoteAddress: "127.0.0.1",
  });
  assert(body !== null);
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  assertEquals([isFree, kit.app.running], [false, 1]);
  while (!(await reader.read()).done);
  assertEquals([isFree, kit.app.running], [true, 0]);
});
