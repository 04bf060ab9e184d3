import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../errors.ts";
import { Held } from "./held.ts";
import { Activity } from "./activity.ts";

const READ = { kind: "read", exposure: "local" } as const;

Deno.test("Activity keeps half of its places from streams, and counts each out once", () => {
  const activity = new Activity(4);
  const enter = () => {
    const held = new Held();
    activity.enter(READ, held);
    return held;
  };
  const open = () => {
    const held = enter();
    activity.enterStream(held);
    return held;
  };
  const first = open();
  const second = open();
  const other = enter();
  assertThrows(() => activity.enterStream(other), AppError, "too many");
  assertEquals(activity.running, 3);
  other[Symbol.dispose]();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals(activity.running, 1);
  open();
  second[Symbol.dispose]();
  assertEquals(activity.running, 1);
});
