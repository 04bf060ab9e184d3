import { assertEquals, assertStrictEquals } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { RpcBusy, RpcError, RpcTimeout } from "../rpc/rpc_connection.ts";
import { callerError, ProtocolError } from "./caller_error.ts";

function codeOf(error: unknown): string {
  const told = callerError(error);
  return told instanceof AppError ? told.code : told.name;
}

const refusal = (message: string, code = -32600, data?: unknown) =>
  new RpcError("turn/start", { code, message, data });

Deno.test("callerError() tells Codex's refusals apart by their words", () => {
  const cases: [message: string, code: string][] = [
    ["thread not found: 01a2", "NOT_FOUND"],
    ["thread not loaded: 01a2", "NOT_FOUND"],
    ["no rollout found for thread id 01a2", "NOT_FOUND"],
    ["invalid session id: x", "NOT_FOUND"],
    ["invalid thread id: x", "NOT_FOUND"],
    ["thread 01a2 already has an active writer", "CONFLICT"],
    ["session 01a2 is archived. Run `codex unarchive 01a2`", "CONFLICT"],
    ["no active turn to interrupt", "CONFLICT"],
    ["expected active turn id `a` but found `b`", "CONFLICT"],
    ["invalid cursor: junk", "INVALID_INPUT"],
    ["failed to load configuration: …", "UPSTREAM_FAILED"],
    ["something that nobody knows", "UPSTREAM_FAILED"],
  ];
  for (const [message, code] of cases) {
    assertEquals(codeOf(refusal(message)), code, message);
  }
  const refused = callerError(refusal("remote image URLs are not supported"));
  assertEquals(refused instanceof AppError && refused.retryable, false);
  const large = "Input exceeds the maximum length of 1048576 characters.";
  assertEquals(codeOf(refusal(large, -32602)), "INVALID_INPUT");
  const overloaded = "Server overloaded; retry later.";
  assertEquals(codeOf(refusal(overloaded, -32001)), "TOO_MANY_REQUESTS");
});

Deno.test("callerError() says what went wrong on the way to Codex", () => {
  assertEquals(codeOf(new RpcTimeout("no answer")), "UPSTREAM_TIMEOUT");
  assertEquals(codeOf(new RpcBusy("full")), "TOO_MANY_REQUESTS");
  assertEquals(codeOf(new ProtocolError("odd")), "UPSTREAM_FAILED");
  const gone = callerError(new Error("the app-server was killed by SIGKILL"));
  assertEquals(gone instanceof AppError && [gone.code, gone.details], [
    "CODEXD_UNAVAILABLE",
    { reason: "the app-server was killed by SIGKILL" },
  ]);
});

Deno.test("callerError() leaves what is meant for the caller as it is", () => {
  const error = new AppError("CONFLICT", "busy");
  assertStrictEquals(callerError(error), error);
});
