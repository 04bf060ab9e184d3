import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AppError, type ErrorCode, ERRORS } from "../errors.ts";
import { RecordingLogger } from "../testing/fakes.ts";
import { failure, writeResult } from "./respond.ts";
import { Reply } from "./route.ts";

const CONTEXT = { requestId: "req_1", pretty: false };

Deno.test("writeResult() sends the statuses that a route declares, and no other", () => {
  const statusOf = (
    result: unknown,
    status?: readonly [200 | 201, ...(200 | 202)[]],
  ) =>
    writeResult(result, { id: "x", ...(status && { status }) }, CONTEXT)
      .status;
  assertEquals(statusOf({}), 200);
  assertEquals(statusOf({}, [201, 202]), 201);
  assertEquals(statusOf(new Reply({}), [201, 202]), 201);
  assertEquals(statusOf(new Reply({}, { status: 202 }), [201, 202]), 202);
  assertThrows(
    () => statusOf(new Reply({}, { status: 201 })),
    TypeError,
    "Cannot answer x: it declares no status 201",
  );
});

Deno.test("failure() says of every code what to do next", async () => {
  const log = new RecordingLogger();
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { error } = await failure(new AppError(code), log).json();
    assertMatch(error.hint, /^[A-Z].+\.$/, code);
    const own = new AppError(code, undefined, { hint: "GET /here." });
    assertEquals((await failure(own, log).json()).error.hint, "GET /here.");
  }
  const { error } = await failure(new Error("Not for others"), log).json();
  assertMatch(error.hint, /request_id/);
});
