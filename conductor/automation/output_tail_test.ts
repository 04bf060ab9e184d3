import { assert, assertEquals } from "@std/assert";
import { OutputTail } from "./output_tail.ts";

/** Follows a text that grows; returns what is told of it. */
function tailOf(from = 0) {
  let bytes = new Uint8Array(0);
  const told: (readonly [string, number])[] = [];
  const skipped: number[] = [];
  const toldAtRead: number[] = [];
  const tail = new OutputTail({
    outputs: {
      read: (_run, { offset = 0, maxBytes }) => {
        toldAtRead.push(told.length);
        return Promise.resolve({
          bytes: bytes.slice(offset, offset + maxBytes),
          size: bytes.length,
        });
      },
    },
    runId: "run_1",
    stream: "stdout",
    from,
    onLine: (text, place) => told.push([text, place]),
    onSkipped: (lines) => skipped.push(lines),
  });
  const add = (more: string | Uint8Array) => {
    const added = typeof more === "string"
      ? new TextEncoder().encode(more)
      : more;
    const all = new Uint8Array(bytes.length + added.length);
    all.set(bytes);
    all.set(added, bytes.length);
    bytes = all;
    return tail.readTo(bytes.length);
  };
  return { add, tail, told, skipped, toldAtRead };
}

Deno.test("OutputTail tells whole lines with the byte behind them, and the last at the end", async () => {
  const { add, tail, told } = tailOf();
  assertEquals(await add("one\ntw"), true);
  assertEquals(tail.unfinished, "tw");
  assertEquals(await add(""), false);
  await add(new Uint8Array([0xc3]));
  await add(new Uint8Array([0xa9, 0x0a, 0x0a]));
  await add("end");
  tail.end();
  assertEquals(told, [["one\n", 4], ["twé\n", 9], ["\n", 10], ["end", 13]]);
});

Deno.test("OutputTail goes on where another one has stopped", async () => {
  const { add, told } = tailOf(4);
  await add("one\ntwo\n");
  assertEquals(told, [["two\n", 8]]);
});

Deno.test("OutputTail tells a very long line in pieces, none cut within a character", async () => {
  const { add, tail, told } = tailOf();
  const long = `${"x".repeat(65_535)}é${"y".repeat(70_000)}`;
  await add(`${long}\nshort\n`);
  tail.end();
  assertEquals(told.map(([text]) => text).join(""), `${long}\nshort\n`);
  assertEquals(told.at(-1), ["short\n", 135_543 + 1]);
});

Deno.test("OutputTail that is far behind passes over whole lines and says how many", async () => {
  const { add, told, skipped } = tailOf();
  const count = 1_000_000;
  await add("1234567\n".repeat(count));
  assertEquals(skipped.length, 1);
  assertEquals((skipped[0] ?? 0) + told.length, count);
  assertEquals(told.every(([text]) => text === "1234567\n"), true);
});

Deno.test("OutputTail gives everybody else a turn between a few thousand short lines", async () => {
  const { add, told, toldAtRead } = tailOf();
  await add("\n".repeat(200_000));
  assertEquals(told.length, 200_000);
  const atOnce = toldAtRead.map((it, index) =>
    it - (toldAtRead[index - 1] ?? 0)
  );
  assert(Math.max(...atOnce) <= 32_768);
});
