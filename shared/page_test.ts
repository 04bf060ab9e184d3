import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { AppError } from "./errors.ts";
import { readCursor, writeCursor } from "./page.ts";

const TASKS = { list: "tasks", place: z.int().min(0) };

Deno.test("readCursor() gives the place that writeCursor() was given", () => {
  for (const seq of [0, 1, Number.MAX_SAFE_INTEGER]) {
    assertEquals(readCursor(writeCursor("tasks", seq), TASKS), seq);
  }
  const place = z.object({ own: z.tuple([z.number(), z.string()]).nullable() });
  const at = { own: [7.5, "\u{1f642}?/+"] as const };
  const cursor = writeCursor("sessions", at);
  assertEquals(/^[A-Za-z0-9_-]+$/.test(cursor), true);
  assertEquals(readCursor(cursor, { list: "sessions", place }), {
    own: [7.5, "\u{1f642}?/+"],
  });
});

Deno.test("readCursor() refuses what it did not write for this list", () => {
  const good = writeCursor("tasks", 1);
  for (
    const cursor of [
      "",
      "x",
      "1",
      "****",
      `${good}=`,
      ` ${good}`,
      btoa('["tasks", 1]'),
      btoa("null"),
      btoa("[".repeat(9_000)),
      writeCursor("tasks", -1),
      writeCursor("tasks", 1.5),
      writeCursor("tasks", 1e20),
      writeCursor("tasks", "1"),
      writeCursor("tasks", undefined),
      writeCursor("runs", 1),
      "'; DROP TABLE tasks",
      "x".repeat(10_000),
    ]
  ) {
    const error = assertThrows(() => readCursor(cursor, TASKS), AppError);
    assertEquals(error.code, "INVALID_INPUT", cursor);
  }
});
