import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { FormKeys } from "./form_keys.ts";

const USE = { holder: "session-1", purpose: "apr_1" };
const FIFTEEN_MIN = 15 * 60_000;

function isRefused(keys: FormKeys, key: string, use = USE): boolean {
  const error = assertThrows(() => keys.spend(key, use), AppError);
  return error.code === "CONFLICT";
}

Deno.test("FormKeys takes a key once, of 10 000 uses, and for nobody and nothing else", () => {
  const keys = new FormKeys(new FakeClock());
  const key = keys.issue("session-1", "apr_1");
  const others = [
    { ...USE, holder: "session-2" },
    { ...USE, purpose: "apr_2" },
    { holder: "apr_1", purpose: "session-1" },
  ];
  for (const other of others) assertEquals(isRefused(keys, key, other), true);
  for (const other of ["", "x", `${key}x`, key.toUpperCase(), ` ${key}`]) {
    assertEquals(isRefused(keys, other), true);
  }
  assertEquals(isRefused(new FormKeys(new FakeClock()), key), true);
  keys.spend(key, USE);
  let refused = 0;
  for (let n = 0; n < 10_000; n++) refused += Number(isRefused(keys, key));
  assertEquals(refused, 10_000);
});

Deno.test("FormKeys ends a key after 15 minutes by either clock, used or not", async () => {
  for (const move of ["advance", "set"] as const) {
    const clock = new FakeClock();
    const keys = new FormKeys(clock);
    const [early, late, used] = [1, 2, 3].map(() => keys.issue("s", "a"));
    const use = { holder: "s", purpose: "a" };
    keys.spend(used ?? "", use);
    await clock[move](FIFTEEN_MIN - 1);
    keys.spend(early ?? "", use);
    await clock[move](1);
    for (const key of [late, used]) {
      assertEquals(isRefused(keys, key ?? "", use), true);
    }
    // Set back, time lets nothing in again that was used.
    clock.set(-FIFTEEN_MIN);
    assertEquals(isRefused(keys, used ?? "", use), true);
  }
});

Deno.test("FormKeys remembers 10 000 uses, takes no more rather than forget one, and forgets them in time", async () => {
  const clock = new FakeClock();
  const keys = new FormKeys(clock);
  const spend = () => keys.spend(keys.issue("session-1", "apr_1"), USE);
  const first = keys.issue("session-1", "apr_1");
  keys.spend(first, USE);
  for (let n = 1; n < 10_000; n++) spend();
  const error = assertThrows(spend, AppError);
  assertEquals(error.code, "TOO_MANY_REQUESTS");
  assertEquals(isRefused(keys, first), true);
  await clock.advance(FIFTEEN_MIN);
  spend();
});

Deno.test("FormKeys tells what came of a use to its holder alone", () => {
  const keys = new FormKeys(new FakeClock());
  const use = keys.spend(keys.issue("session-1", "apr_1"), USE);
  assertEquals(keys.told(use, "session-1"), undefined);
  keys.tell(use, "Answered");
  assertEquals(
    [keys.told(use, "session-1"), keys.told(use, "session-2")],
    ["Answered", undefined],
  );
});
