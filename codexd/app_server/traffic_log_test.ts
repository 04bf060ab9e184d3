import { assertEquals } from "@std/assert";
import { Redactor } from "../../shared/redact.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { parseMessage } from "../rpc/rpc_message.ts";
import { TrafficLog } from "./traffic_log.ts";

const CANARY = "canary-9f8e7d6c5b4a";

function setUp() {
  const lines: string[] = [];
  const clock = new FakeClock();
  const log = new TrafficLog({ write: (line) => lines.push(line) }, {
    redactor: new Redactor([CANARY]),
    clock,
  });
  const see = (line: string) => log.line("in", line, parseMessage(line));
  return { lines, clock, log, see };
}

Deno.test("TrafficLog.line() hides secrets by their value, their key and their form", () => {
  const { lines, log, see } = setUp();
  see(JSON.stringify({
    method: "item/completed",
    params: {
      item: { text: `env says ${CANARY}`, apiKey: "planted-1" },
      prompt:
        'curl -H "Authorization: Bearer planted-2" -H "Cookie: a=planted-3"',
      nested: JSON.stringify({ "x-api-key": "planted-4" }),
    },
  }));
  const out = '{"id":1,"method":"turn/start","params":{"token":"planted-5"}}';
  log.line("out", out, parseMessage(out));
  const answer =
    '{"id":0,"result":{"answers":{"q":{"answers":["planted-7"]}}}}';
  log.line("out", answer, parseMessage(answer));
  see(`garbage with ${CANARY} and Bearer planted-6`);
  log.note("it ended", { stderr_tail: [`x ${CANARY}`] });
  const all = lines.join("\n");
  assertEquals(lines.length, 5);
  assertEquals(/canary|planted/.test(all), false, all);
});

Deno.test("TrafficLog.line() keeps of deltas how many and how long, in their place", () => {
  const { lines, see } = setUp();
  for (const piece of ["can", "ary"]) {
    see(JSON.stringify({
      method: "item/agentMessage/delta",
      params: { delta: piece },
    }));
  }
  assertEquals(lines.length, 0);
  see('{"method":"turn/completed","params":{}}');
  assertEquals(
    lines.map((it) => JSON.parse(it)).map((
      { method, count },
    ) => [method, count]),
    [["item/agentMessage/delta", 2], ["turn/completed", undefined]],
  );
});

Deno.test("TrafficLog tells a burst that goes on once a second", async () => {
  const { lines, clock, see } = setUp();
  see('{"method":"item/agentMessage/delta","params":{"delta":"x"}}');
  await clock.advance(1000);
  assertEquals(lines.length, 1);
  assertEquals(clock.pending, 0);
});

Deno.test("TrafficLog.line() logs a very long message by its size", () => {
  const { lines, see } = setUp();
  see(`{"method":"item/completed","params":{"text":"${"x".repeat(200_000)}"}}`);
  const [line = ""] = lines;
  assertEquals(JSON.parse(line).chars, 200_048);
  assertEquals(line.length < 300, true);
});
