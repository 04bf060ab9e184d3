import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "./errors.ts";
import { idempotencyKeyOf } from "./idempotency.ts";

const read = (key: string) =>
  idempotencyKeyOf(new Headers({ "idempotency-key": key }));

Deno.test("idempotencyKeyOf() takes 1 to 255 visible ASCII characters", () => {
  for (const key of ["k", "!~", "x".repeat(255)]) assertEquals(read(key), key);
  assertEquals(idempotencyKeyOf(new Headers()), undefined);
});

Deno.test("idempotencyKeyOf() refuses a key that is none", () => {
  for (const key of ["", "two words", "x".repeat(256), "\u00e9"]) {
    const error = assertThrows(() => read(key), AppError, "Idempotency-Key");
    assertEquals(error.code, "INVALID_INPUT");
  }
});
