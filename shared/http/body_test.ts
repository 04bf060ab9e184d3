import { assertEquals, assertRejects } from "@std/assert";
import { Deadlines } from "./deadlines.ts";
import { ByteBudget } from "../byte_budget.ts";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { startKitApp } from "../testing/kit_app.ts";
import { RawConnection, rawRequest } from "../testing/raw_http.ts";
import { readBody } from "./body.ts";
import { ReadSlots } from "./read_slots.ts";

const JSON_TYPE = "application/json";

function limits(maxBytes: number, budgetBytes = 1_000_000) {
  const clock = new FakeClock();
  return {
    maxBytes,
    clock,
    deadlines: new Deadlines(clock, 1000),
    budget: new ByteBudget(budgetBytes),
    slots: new ReadSlots(8, new Deadlines(clock, 500)),
  };
}

function bodyOf(chunks: readonly (string | Uint8Array<ArrayBuffer>)[]) {
  const encoder = new TextEncoder();
  return new Request("http://x", {
    method: "POST",
    body: new ReadableStream({
      start(controller) {
        for (const chunk of chunks) {
          controller.enqueue(
            typeof chunk === "string" ? encoder.encode(chunk) : chunk,
          );
        }
        controller.close();
      },
    }),
  });
}

const headers = new Map([["content-type", JSON_TYPE]]);

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, AppError)).code;
}

Deno.test("readBody() puts chunks together, whatever their size", async () => {
  const text = JSON.stringify({ word: "漢".repeat(100_000) });
  const bytes = new TextEncoder().encode(text);
  for (const size of [1000, 65_536, 400_000]) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) {
      chunks.push(bytes.slice(at, at + size));
    }
    const own = limits(400_000, 1_000_000);
    assertEquals(
      await readBody(bodyOf(chunks), headers, own),
      JSON.parse(text),
    );
    assertEquals(own.budget.used, 0);
  }
});

Deno.test("readBody() takes exactly the cap, and refuses a byte more", async () => {
  assertEquals(await readBody(bodyOf(['"12"']), headers, limits(4)), "12");
  const own = limits(4);
  assertEquals(
    await codeOf(readBody(bodyOf(['"12', '3"']), headers, own)),
    "BODY_TOO_LARGE",
  );
  assertEquals(own.budget.used, 0);
});

Deno.test("readBody() demands JSON even of a body that stated no length", async () => {
  assertEquals(
    await codeOf(readBody(bodyOf(["{}"]), new Map(), limits(10))),
    "UNSUPPORTED_MEDIA_TYPE",
  );
  assertEquals(await readBody(bodyOf([]), new Map(), limits(10)), undefined);
});

Deno.test("readBody() takes a charset in both quotes or in none", async () => {
  const sent = (charset: string) =>
    readBody(
      bodyOf(["{}"]),
      new Map([["content-type", `application/json; charset=${charset}`]]),
      limits(10),
    );
  for (const charset of ["utf-8", '"UTF-8"']) {
    assertEquals(await sent(charset), {}, charset);
  }
  for (const charset of ['"utf-8', 'utf-8"', "utf-16"]) {
    assertEquals(
      await codeOf(sent(charset)),
      "UNSUPPORTED_MEDIA_TYPE",
      charset,
    );
  }
});

Deno.test("readBody() refuses text that is not UTF-8", async () => {
  const latin1 = new Uint8Array([0x22, 0xe9, 0x22]);
  assertEquals(
    await codeOf(readBody(bodyOf([latin1]), headers, limits(10))),
    "INVALID_JSON",
  );
});

Deno.test("readBody() refuses what all bodies together may not hold", async () => {
  const own = limits(100, 150);
  const blocked = new Request("http://x", {
    method: "POST",
    body: new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(100)),
    }),
  });
  const first = readBody(blocked, headers, own);
  while (own.budget.used < 100) await new Promise((done) => setTimeout(done));
  assertEquals(
    await codeOf(readBody(bodyOf(["x".repeat(60)]), headers, own)),
    "TOO_MANY_REQUESTS",
  );
  assertEquals(await readBody(bodyOf(["{}"]), headers, own), {});
  await Promise.all([codeOf(first), own.clock.advance(1000)]);
  assertEquals(own.budget.used, 0);
});

Deno.test("A body over the cap is refused, stated or not, and the daemon goes on", async () => {
  await using kit = startKitApp({ limits: { maxBodyBytes: 1000 } });
  const base = [`Host: localhost:${kit.port}`, `Content-Type: ${JSON_TYPE}`];
  const line = "POST /notes HTTP/1.1";
  {
    using stated = await RawConnection.open(kit.port);
    // The answer comes although the body never does.
    await stated.send(
      rawRequest({ line, headers: [...base, "Content-Length: 1001"] }),
    );
    const answer = await stated.answer();
    assertEquals(answer.status, 413);
    assertEquals(JSON.parse(answer.body).error.details, { max_bytes: 1000 });
  }
  {
    using chunked = await RawConnection.open(kit.port);
    await chunked.send(
      rawRequest({ line, headers: [...base, "Transfer-Encoding: chunked"] }),
    );
    await chunked.send(`3e9\r\n${"x".repeat(1001)}\r\n`);
    assertEquals((await chunked.answer()).status, 413);
  }
  {
    using whole = await RawConnection.open(kit.port);
    const body = JSON.stringify({ text: "x".repeat(1000 - 11) });
    assertEquals(body.length, 1000);
    await whole.send(rawRequest({ line, headers: base, body }));
    assertEquals((await whole.answer()).status, 200);
  }
  assertEquals(kit.app.running, 0);
});

Deno.test("readBody() gives a body up that does not come in time", async () => {
  const own = limits(100);
  const never = new Request("http://x", {
    method: "POST",
    body: new ReadableStream(),
  });
  const code = codeOf(readBody(never, headers, own));
  while (own.clock.pending === 0) await Promise.resolve();
  await own.clock.advance(999);
  assertEquals(own.clock.pending, 1);
  await own.clock.advance(1);
  assertEquals(await code, "REQUEST_TIMEOUT");
});

Deno.test({
  name: "A body that does not come is answered with 408 after the deadline",
  // Deno never completes its own read of a body that was answered before its end.
  sanitizeOps: false,
  fn: answersSlowBody,
});

async function answersSlowBody(): Promise<void> {
  const clock = new FakeClock();
  await using kit = startKitApp({ clock });
  using slow = await RawConnection.open(kit.port);
  await slow.send(
    rawRequest({
      line: "POST /notes HTTP/1.1",
      headers: [
        `Host: localhost:${kit.port}`,
        `Content-Type: ${JSON_TYPE}`,
        "Content-Length: 20",
      ],
    }) + '{"text":',
  );
  while (clock.pending === 0) await new Promise((done) => setTimeout(done, 1));
  await clock.advance(29_999);
  assertEquals(kit.app.running, 1);
  await clock.advance(1);
  const answer = await slow.answer();
  assertEquals(answer.status, 408);
  assertEquals(JSON.parse(answer.body).error.code, "REQUEST_TIMEOUT");
  assertEquals(kit.app.running, 0);
  assertEquals(clock.pending, 0);
}

Deno.test("A client that leaves in the middle of its body leaves nothing behind", async () => {
  const clock = new FakeClock();
  await using kit = startKitApp({ clock });
  {
    using leaving = await RawConnection.open(kit.port);
    await leaving.send(
      rawRequest({
        line: "POST /notes HTTP/1.1",
        headers: [
          `Host: localhost:${kit.port}`,
          `Content-Type: ${JSON_TYPE}`,
          "Content-Length: 20",
        ],
      }) + '{"text":',
    );
    while (kit.app.running === 0) {
      await new Promise((done) => setTimeout(done, 1));
    }
  }
  while (kit.app.running > 0) await new Promise((done) => setTimeout(done, 1));
  assertEquals(clock.pending, 0);
});

Deno.test("readBody() says how deep a body may be nested", async () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  await readBody(bodyOf([nested(64)]), headers, limits(1000));
  const error = await assertRejects(
    () => readBody(bodyOf([nested(65)]), headers, limits(1000)),
    AppError,
  );
  assertEquals([error.code, error.details], ["INVALID_INPUT", {
    issues: [{
      path: "",
      message: "Must not be nested more than 64 levels deep",
    }],
  }]);
});

Deno.test("?pretty makes no small answer a large one", async () => {
  const many = "[],".repeat(500);
  const deep = JSON.parse(`${"[".repeat(60)}${many}[]${"]".repeat(60)}`);
  await using kit = startKitApp({ deps: { handle: () => deep } });
  const answer = await fetch(`http://127.0.0.1:${kit.port}/work?pretty`);
  const { length } = await answer.text();
  assertEquals([answer.status, length < 5000], [200, true]);
});

Deno.test("The answer to a body that nobody reads comes whole, and its connection ends", async () => {
  await using kit = startKitApp();
  const half = "Content-Length: 100";
  for (
    const [line, status, ...headers] of [
      ["POST /nowhere HTTP/1.1", 404, half],
      ["POST /notes HTTP/1.1", 415, half, "Content-Type: text/plain"],
      ["POST /notes HTTP/1.1", 413, "Content-Length: 9999999"],
      ["GET /open HTTP/1.1", 200, half],
      ["GET /events HTTP/1.1", 400, half],
      ["GET /open HTTP/1.1", 200, "Transfer-Encoding: chunked"],
    ] as const
  ) {
    using connection = await RawConnection.open(kit.port);
    const own = headers.some((it) => it.startsWith("Content-Type"))
      ? []
      : [`Content-Type: ${JSON_TYPE}`];
    await connection.send(rawRequest({
      line,
      headers: [`Host: localhost:${kit.port}`, ...own, ...headers],
    }));
    const answer = await connection.answer();
    assertEquals([line, answer.status], [line, status]);
    assertEquals(answer.body.endsWith("}"), true);
    // The client has not left: it is the daemon that ends it.
    assertEquals(await connection.rest(), "");
  }
});

Deno.test("Bodies that do not come hold up no others", async () => {
  await using kit = startKitApp();
  await using held = new AsyncDisposableStack();
  const head = {
    line: "POST /notes HTTP/1.1",
    headers: [`Host: localhost:${kit.port}`, `Content-Type: ${JSON_TYPE}`],
  };
  const half = rawRequest({
    ...head,
    headers: [...head.headers, "Content-Length: 20"],
  });
  const open = async () => {
    const connection = held.use(await RawConnection.open(kit.port));
    await connection.send(`${half}{`);
    return connection;
  };
  // All of them are being read.
  for (let count = 0; count < 128; count++) await open();
  while (kit.app.running < 128) {
    await new Promise((done) => setTimeout(done, 1));
  }
  const refused = await open();
  const answer = await refused.answer();
  assertEquals([answer.status, await refused.rest()], [429, ""]);
  const other = await fetch(`http://localhost:${kit.port}/open`);
  await other.body?.cancel();
  assertEquals(other.status, 200);
});
