import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { notifying } from "./testing/notify_fixture.ts";
import { Receiver } from "./testing/receiver.ts";

Deno.test("Notifier signs a document with the time and the body, anew at each attempt", async () => {
  await using receiver = new Receiver();
  receiver.answer = () => new Response(null, { status: 500 });
  await using it = await notifying({ url: receiver.url, secret: "s3cret-key" });
  it.tell("nightly");
  await it.quiet();
  receiver.answer = () => new Response();
  await it.pass(5000);
  const [first, second] = receiver.received;
  assert(first !== undefined && second !== undefined);
  assertEquals(first.body, second.body);
  const times: number[] = [];
  for (const { request, body } of [first, second]) {
    const header = request.headers.get("x-baa-signature") ?? "";
    const [, t = "", v1 = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ??
      [];
    const encoder = new TextEncoder();
    const key = await crypto.subtle.importKey(
      "raw",
      encoder.encode("s3cret-key"),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
    const isGenuine = (text: string) =>
      crypto.subtle.verify(
        "HMAC",
        key,
        Uint8Array.fromHex(v1),
        encoder.encode(text),
      );
    assert(await isGenuine(`${t}.${body}`));
    assert(!await isGenuine(`${Number(t) + 1}.${body}`));
    times.push(Number(t));
  }
  const start = Date.parse("2026-01-01T00:00:00Z") / 1000;
  assertEquals(times, [start, start + 5]);
});

Deno.test("Notifier publishes to ntfy: title, priority, tags and link as headers", async () => {
  await using receiver = new Receiver();
  const common = { url: receiver.url, format: "ntfy" } as const;
  {
    await using it = await notifying(common);
    it.tell("nightly");
    await it.quiet();
  }
  {
    await using it = await notifying({ ...common, withDetails: true });
    it.tell("nächtlich");
    await it.quiet();
  }
  const [plain, detailed] = receiver.received;
  assertEquals(plain?.body, "nightly on mini-main");
  const { headers } = plain?.request ?? new Request("http://x");
  assertEquals(headers.get("title"), "A schedule missed its time");
  assertEquals(headers.get("priority"), "default");
  assertEquals(headers.get("tags"), "calendar");
  assertEquals(
    headers.get("click"),
    "http://mini.test:4317/v1/status/ui/schedules",
  );
  const title = detailed?.request.headers.get("title") ?? "";
  const [, encoded = ""] = /^=\?UTF-8\?B\?(.+)\?=$/.exec(title) ?? [];
  assertEquals(
    new TextDecoder().decode(Uint8Array.fromBase64(encoded)),
    "Missed: nächtlich",
  );
  assertStringIncludes(detailed?.body ?? "", "1 due times from 2026-01-01T");
});
