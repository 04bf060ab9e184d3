import { join } from "@std/path";
import { pause } from "../../../shared/testing/until.ts";
import { readEvents } from "../../../shared/testing/sse_reader.ts";
import { type Desk, expect, type MakeClient } from "./soak_client.ts";

const OUTPUT_BYTES = 1_000_000;

/** A command that outlives everybody who does not end it, and can be found. */
export function endless({ stage }: Desk): string {
  return `: ${stage.folder}; sleep 3600; :`;
}

function exec(desk: Desk, kind: string, body: Record<string, unknown>) {
  const timeoutMs = desk.daemonMs(30_000);
  return desk.post(kind, "/v1/exec", { timeoutMs, ...body });
}

const short: MakeClient = (desk) => ({
  everyMs: 200,
  async act(round) {
    const body = round % 2 === 0
      ? { command: `echo ${round}` }
      : { args: ["/bin/echo", String(round)] };
    const { result } = await exec(desk, "exec", body);
    expect(result.stdout, `${round}\n`);
  },
});

const failing: MakeClient = (desk) => ({
  everyMs: 1500,
  async act() {
    const { error } = await exec(desk, "exec", { command: "exit 3" });
    expect(error.code, "EXEC_EXIT_NON_ZERO");
  },
});

const timedOut: MakeClient = (desk) => ({
  everyMs: 3000,
  async act() {
    const { error } = await exec(desk, "exec, timed out", {
      command: endless(desk),
      timeoutMs: 300,
    });
    expect(error.code, "EXEC_TIMEOUT");
  },
});

const large: MakeClient = (desk) => ({
  everyMs: 3000,
  async act(round) {
    const isWhole = round % 2 === 0;
    const { result, error } = await exec(desk, "exec, 1 MB of output", {
      command: `head -c ${OUTPUT_BYTES} /dev/zero | tr '\\0' x`,
      maxBufferBytes: isWhole ? OUTPUT_BYTES : OUTPUT_BYTES / 2,
    });
    if (isWhole) expect(result.stdout.length, OUTPUT_BYTES);
    else expect(error.code, "EXEC_OUTPUT_LIMIT");
  },
});

/** Leaves before the command has ended, as a caller whose machine goes away. */
const leaving: MakeClient = (desk) => ({
  everyMs: 2000,
  async act(round) {
    const leave = new AbortController();
    const accept = round % 2 === 0 ? "application/json" : "text/event-stream";
    const left = desk.open("/v1/exec", {
      body: { command: `echo begun; ${endless(desk)}`, timeoutMs: 0 },
      headers: { accept },
      signal: leave.signal,
    }).then((response) => response.text());
    await pause(50 + (round * 37) % 300);
    leave.abort();
    const end = await left.catch((error) => error.name);
    expect(end, "AbortError");
  },
});

const streamed: MakeClient = (desk) => ({
  everyMs: 2500,
  async act() {
    const lines: string[] = [];
    await desk.ledger.time("exec, streamed", async () => {
      const response = await desk.open("/v1/exec", {
        body: {
          command: "for i in 1 2 3 4 5; do echo $i; sleep 0.02; done",
          timeoutMs: desk.daemonMs(30_000),
        },
        headers: { accept: "text/event-stream" },
      });
      for await (const { event, data } of readEvents(response)) {
        if (event === "stdout") lines.push(data.text);
      }
    });
    expect(lines.join(""), "1\n2\n3\n4\n5\n");
  },
});

const files: MakeClient = (desk) => ({
  everyMs: 600,
  async act(round) {
    const path = join(desk.stage.work, `${round % 20}.txt`);
    const content = `round ${round}\n${"line\n".repeat(200)}`;
    const post = (operation: string, body: Record<string, unknown>) =>
      desk.post(`files/${operation}`, `/v1/files/${operation}`, {
        path,
        ...body,
      });
    expect((await post("write", { content })).ok, true);
    const edits = [{ old: `round ${round}`, new: `edited ${round}` }];
    expect((await post("edit", { edits })).ok, true);
    const { result } = await post("read", {});
    expect(result.content.split("\n")[0], `edited ${round}`);
    const late = await post("edit", { edits });
    expect(late.error.code, "EDIT_MISMATCH");
  },
});

/** Who runs commands and works on files. */
export const HOST_CLIENTS: Readonly<Record<string, MakeClient>> = {
  short,
  failing,
  timedOut,
  large,
  leaving,
  streamed,
  files,
};
