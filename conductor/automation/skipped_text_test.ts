import { assert, assertEquals } from "@std/assert";
import { SkippedText } from "./skipped_text.ts";

Deno.test("SkippedText keeps everything while it is little", () => {
  const skipped = new SkippedText("op");
  skipped.add("en\nnext");
  assertEquals([skipped.take(), skipped.lines], ["open\nnext", 0]);
});

Deno.test("SkippedText keeps the newest whole lines and counts the others", () => {
  const skipped = new SkippedText("op");
  const lines = Array.from({ length: 100_000 }, (_, i) => `${i}`);
  const text = lines.join("\n");
  for (let at = 0; at < text.length; at += 999) {
    skipped.add(text.slice(at, at + 999));
  }
  const kept = skipped.take()?.split("\n") ?? [];
  assertEquals(skipped.lines + kept.length, lines.length);
  assertEquals(kept, lines.slice(-kept.length));
  assert(kept.length > 1000);
});

Deno.test("SkippedText keeps no part of a line whose beginning is gone", () => {
  const long = new SkippedText("");
  for (let i = 0; i < 50; i++) long.add("x".repeat(1000));
  assertEquals(long.take(), undefined);
  long.add("end\nnext");
  assertEquals([long.take(), long.lines], ["next", 1]);

  const never = new SkippedText("x".repeat(20_000));
  never.add("x");
  assertEquals([never.end(), never.lines], ["", 1]);
});
