import { assertEquals } from "@std/assert";
import { RecordingLogger } from "../testing/fakes.ts";
import { stopDaemon } from "./stop_daemon.ts";

Deno.test("stopDaemon() takes every step, in order, although each one fails", async () => {
  const steps: string[] = [];
  const failing = (name: string) => {
    steps.push(name);
    throw new Error(name);
  };
  const log = new RecordingLogger();
  const outcome = await stopDaemon(
    {
      quiesce: () => failing("quiesce"),
      stopWork: () => Promise.reject(failing("stopWork")),
      close: () => Promise.reject(failing("close")),
    },
    {
      base: new URL("http://127.0.0.1"),
      hasIpv6: false,
      holds: () => true,
      addresses: [],
      trouble: undefined,
      absence: undefined,
      openSocket: () => Promise.resolve(),
      drained: () => Promise.resolve(void steps.push("drained")),
      close: () => failing("listening.close"),
      abort: () => Promise.resolve(),
    },
    log,
  );
  assertEquals(outcome, "graceful");
  assertEquals(steps, [
    "quiesce",
    "drained",
    "stopWork",
    "drained",
    "listening.close",
    "close",
  ]);
  assertEquals(log.lines.length, 4);
});
