import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { pause } from "../../shared/testing/until.ts";
import { deliver } from "./deliver.ts";

/** Sends to a receiver that answers with these bytes, in pieces, and hangs up. */
async function deliverTo(
  answer: string,
  pieceChars = Infinity,
): Promise<string | undefined> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(10_000));
      for (let rest = answer; rest !== ""; rest = rest.slice(pieceChars)) {
        const piece = new TextEncoder().encode(rest.slice(0, pieceChars));
        await connection.write(piece).catch(() => {});
        if (pieceChars < Infinity) await pause(1);
      }
      connection.close();
    }
  })();
  const url = new URL(`http://127.0.0.1:${listener.addr.port}/canary`);
  const reason = await deliver(url, { headers: {}, body: "{}" }, {
    clock: systemClock,
    signal: new AbortController().signal,
  });
  listener.close();
  await answering;
  return reason;
}

Deno.test("deliver() takes a whole head of 200 for delivered, and nothing less", async () => {
  const head = "HTTP/1.1 200 OK\r\n";
  for (
    const [answer, isTaken] of [
      [`${head}content-length: 0\r\n\r\n`, true],
      [`${head}content-length: 900\r\n\r\nbreaks off`, true],
      [`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`, true],
      [head, false],
      ["", false],
      ["canary \x1b[31m 200 OK\r\n\r\n", false],
      ["HTTP/1.1 404 canary\r\ncontent-length: 0\r\n\r\n", false],
      ["HTTP/1.1 304 canary\r\n\r\n", false],
      [`${head}x: ${"y".repeat(2_000_000)}`, false],
    ] as const
  ) {
    const reason = await deliverTo(answer);
    assertEquals(
      reason === undefined,
      isTaken,
      `${answer.slice(0, 60)}: ${reason}`,
    );
    assert(!/canary|[^ -~]/.test(reason ?? ""), reason);
  }
});

Deno.test("deliver() takes a 200 that comes byte by byte, and reads none of its body", async () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
  assertEquals(await deliverTo(head, 1), undefined);
  const cut = await deliverTo(head.slice(0, -3), 1);
  assert(cut?.startsWith("the receiver cannot be reached"), cut);
});
