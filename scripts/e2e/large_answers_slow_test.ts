import { assertLess } from "@std/assert";
import { join } from "@std/path";
import { startDaemon } from "../testing/daemon.ts";

const AT_ONCE = 8;
const MB = 60;

Deno.test({
  name: "large answers hold at most twice their size, all of them together",
  // Only Linux tells the peak.
  ignore: Deno.build.os !== "linux",
  fn: takesLargeAnswers,
});

async function takesLargeAnswers(): Promise<void> {
  await using conductor = await startDaemon("conductor", {
    BAA_MAX_BUFFERED_BYTES: String(1024 ** 3),
  });
  const path = join(conductor.folder, "large.txt");
  const bytes = new Uint8Array(MB * 1_000_000).fill("x".charCodeAt(0));
  await Deno.writeFile(path, bytes);
  const take = async (operation: string, body: object) => {
    const response = await fetch(`${conductor.origin}/v1/${operation}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    let length = 0;
    for await (const chunk of response.body ?? []) length += chunk.length;
    return length;
  };
  const run = { command: `cat ${path}`, maxBufferBytes: bytes.length };
  const read = { path, encoding: "utf8", maxBytes: bytes.length };
  const idle = peakMB(conductor.pid);
  for (
    const [operation, body, growth = 1] of [
      ["exec", run],
      ["exec", run],
      ["files/read", read],
      ["files/read", read],
      ["files/read", read],
      ["files/read", { ...read, encoding: "base64" }, 4 / 3],
      ["files/read", { ...read, encoding: "base64" }, 4 / 3],
    ] as const
  ) {
    const lengths = await Promise.all(
      Array.from({ length: AT_ONCE }, () => take(operation, body)),
    );
    const content = bytes.length * growth;
    for (const length of lengths) {
      // The envelope comes on top.
      assertLess(Math.abs(length - content), 2000);
    }
    const held = peakMB(conductor.pid) - idle;
    assertLess(held * 1_000_000, 2 * AT_ONCE * content);
  }
}

/** The largest resident memory that a process ever had. */
function peakMB(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024 / 1_000_000;
}
