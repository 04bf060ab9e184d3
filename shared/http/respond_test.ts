import { assertEquals, assertThrows } from "@std/assert";
import { writeResult } from "./respond.ts";
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
