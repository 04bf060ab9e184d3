import { assertEquals, assertRejects } from "@std/assert";
import type { AuditEntry, AuditIntent } from "../audit.ts";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { silentLogger } from "../testing/fakes.ts";
import type { Call } from "./call.ts";
import type { RouteWith } from "./route.ts";
import { runHandler } from "./run_handler.ts";

type Route = RouteWith<unknown, "handler">;

/** Runs a write whose intent is recorded when the test says so. */
function startWrite(
  handler: () => unknown,
  rest: Partial<Pick<Route, "commitsWithIntent">> = {},
) {
  const steps: string[] = [];
  const recorded = Promise.withResolvers<AuditEntry>();
  const route = {
    id: "x",
    kind: "write",
    ...rest,
    handler() {
      steps.push("work");
      return handler();
    },
  } as unknown as Route;
  const call = { route, params: {}, log: silentLogger };
  const audit = {
    begin({ action }: AuditIntent) {
      steps.push(`intent ${action}`);
      return recorded.promise;
    },
  };
  const clock = new FakeClock();
  const result = runHandler(call as unknown as Call<unknown>, route, {
    audit,
    clock,
  });
  return {
    steps,
    result: result as Promise<unknown>,
    record: () =>
      recorded.resolve({
        finish({ ok, code }) {
          steps.push(`outcome ${code ?? ok}`);
          return Promise.resolve();
        },
      }),
    refuse: () => recorded.reject(new AppError("NOT_READY", "no audit")),
  };
}

Deno.test("runHandler() begins the work when its intent is recorded", async () => {
  const it = startWrite(() => "done");
  await Promise.resolve();
  assertEquals(it.steps, ["intent x"]);
  it.record();
  assertEquals(await it.result, "done");
  assertEquals(it.steps, ["intent x", "work", "outcome true"]);
});

Deno.test("runHandler() does not begin the work when its intent is refused", async () => {
  const it = startWrite(() => "done");
  it.refuse();
  await assertRejects(() => it.result, AppError, "no audit");
  assertEquals(it.steps, ["intent x"]);
});

Deno.test("runHandler() lets rows be written with their intent, and answers when both are on the disk", async () => {
  const it = startWrite(() => "done", { commitsWithIntent: true });
  let isAnswered = false;
  void it.result.then(() => isAnswered = true);
  assertEquals(it.steps, ["intent x", "work"]);
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(isAnswered, false);
  it.record();
  assertEquals(await it.result, "done");
  assertEquals(it.steps, ["intent x", "work", "outcome true"]);
});

Deno.test("runHandler() tells of rows that are refused with their intent, or without", async () => {
  const conflict = () => {
    throw new AppError("CONFLICT");
  };
  const one = startWrite(conflict, { commitsWithIntent: true });
  one.record();
  await assertRejects(() => one.result, AppError, "conflict");
  assertEquals(one.steps, ["intent x", "work", "outcome CONFLICT"]);
  const two = startWrite(conflict, { commitsWithIntent: true });
  two.refuse();
  await assertRejects(() => two.result, AppError, "no audit");
  assertEquals(two.steps, ["intent x", "work"]);
});
