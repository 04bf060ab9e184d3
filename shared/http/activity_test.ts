import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../errors.ts";
import { Activity } from "./activity.ts";

const READ = { kind: "read", exposure: "local" } as const;

Deno.test("Activity keeps half of its places from streams, and counts each out once", () => {
  const activity = new Activity(4);
  const open = () => activity.enterStream(activity.enter(READ));
  const first = open();
  const second = open();
  const leave = activity.enter(READ);
  assertThrows(() => activity.enterStream(leave), AppError, "too many");
  assertEquals(activity.running, 3);
  leave();
  first();
  first();
  assertEquals(activity.running, 1);
  open();
  second();
  assertEquals(activity.running, 1);
});
