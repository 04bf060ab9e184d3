import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "./errors.ts";
import { idempotencyKeyOf } from "./idempotency.ts";

const read = (key: string, actor = "owner") =>
  idempotencyKeyOf({ headers: new Headers({ "idempotency-key": key }), actor });

Deno.test("idempotencyKeyOf() takes 1 to 255 visible ASCII characters", () => {
  for (const key of ["k", "!~", "x".repeat(255)]) assertEquals(read(key), key);
  assertEquals(
    idempotencyKeyOf({ headers: new Headers(), actor: "owner" }),
    undefined,
  );
});

Deno.test("idempotencyKeyOf() gives the holder of a named token keys of his own", () => {
  for (const actor of ["local", "conductor"]) {
    assertEquals(read("k", actor), "k");
  }
  const keys = [read("k"), read("k", "ci"), read("k", "cd"), read("ci", "k")];
  assertEquals(new Set(keys).size, 4);
  assertEquals(read("k", "ci"), keys[1]);
  // It is a key again: codexd takes what conductor passes on.
  assertEquals(read(keys[1] ?? ""), keys[1]);
});

Deno.test("idempotencyKeyOf() refuses a key that is none", () => {
  for (const key of ["", "two words", "x".repeat(256), "\u00e9"]) {
    const error = assertThrows(() => read(key), AppError, "Idempotency-Key");
    assertEquals(error.code, "INVALID_INPUT");
  }
});
