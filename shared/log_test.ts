import { assertEquals } from "@std/assert";
import { createLogger, type LogLevel } from "./log.ts";
import { Redactor } from "./redact.ts";
import { FakeClock } from "./testing/fake_clock.ts";

function record(level: LogLevel, readable = false) {
  const lines: [string, boolean][] = [];
  const log = createLogger({
    sink: undefined,
    level,
    clock: new FakeClock(),
    [readable ? "terminal" : "sink"]: {
      write: (line: string, urgent: boolean) => void lines.push([line, urgent]),
    },
    redactor: new Redactor(["canary-secret"]),
  });
  return { log, lines };
}

Deno.test("createLogger() writes one JSON object a line, redacted, with the fields of its parents", () => {
  const { log, lines } = record("debug");
  log.child({ request_id: "req_1" }).child({ a: 1 }).info(
    "Said canary-secret\nand more",
    { cookie: "x", note: "canary-secret" },
  );
  assertEquals(JSON.parse(lines[0]?.[0] ?? ""), {
    time: "2026-01-01T00:00:00.000Z",
    level: "info",
    message: "Said ***\nand more",
    request_id: "req_1",
    a: 1,
    cookie: "***",
    note: "***",
  });
  assertEquals(lines[0]?.[0].includes("\n"), false);
});

Deno.test("createLogger() writes nothing that steers the terminal on which a file is followed", () => {
  const { log, lines } = record("debug");
  log.info("a\u009b2J", { host: "b\u202e" });
  const [line = ""] = lines[0] ?? [];
  assertEquals(/[^ -~]/.test(line), false);
  assertEquals(JSON.parse(line).message, "a\u009b2J");
  assertEquals(JSON.parse(line).host, "b\u202e");
});

Deno.test("createLogger() lets no field pass for the line's own facts", () => {
  const { log, lines } = record("debug");
  log.info("true", { message: "forged", level: "error", time: "never" });
  const line = JSON.parse(lines[0]?.[0] ?? "");
  assertEquals([line.message, line.level], ["true", "info"]);
});

Deno.test("createLogger() leaves out what is below its level; warnings are urgent", () => {
  const { log, lines } = record("info");
  log.debug("d");
  log.info("i");
  log.warn("w");
  log.error("e");
  assertEquals(
    lines.map(([line, urgent]) => [JSON.parse(line).level, urgent]),
    [["info", false], ["warn", true], ["error", true]],
  );
});

Deno.test("formatReadable() writes for a person, and nothing that steers a terminal", () => {
  const { log, lines } = record("debug", true);
  log.warn("Refused", { host: "\u001b[31mevil\u009b", n: 1, no: undefined });
  assertEquals(lines, [[
    "00:00:00.000 WARN  Refused host=\\u001b[31mevil\\u009b n=1",
    true,
  ]]);
});

Deno.test("formatReadable() lets no text pass for another line or fact", () => {
  const { log, lines } = record("debug", true);
  log.info("Said\n00:00:00.000 ERROR Forged", {
    path: "/a\u202e level=error",
    reason: "two\nlines",
  });
  assertEquals(lines.map(([line]) => line), [
    "00:00:00.000 INFO  Said\\u000a00:00:00.000 ERROR Forged " +
    'path="/a\\u202e level=error" reason="two\\nlines"',
  ]);
});
