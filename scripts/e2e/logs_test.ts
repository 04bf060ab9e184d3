import { assert, assertEquals, assertRejects } from "@std/assert";
import { tempDir } from "../../shared/testing/fakes.ts";
import { freePorts } from "../../shared/testing/free_ports.ts";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";

/** Both daemons on one folder of logs, with the permissions of their binaries. */
async function node(folder: string) {
  const [conductor, codexd] = freePorts(2)
    .map((port) => `http://127.0.0.1:${port}`);
  const env = {
    BAA_CONDUCTOR_LOCAL_API: conductor ?? "",
    BAA_CODEXD_LOCAL_API: codexd ?? "",
    BAA_LOGS_DIR: `${folder}/logs`,
    BAA_STATE_DIR: `${folder}/state`,
    // The folders of files that callers may read are others.
    BAA_HOST_OPS_READ_ROOTS: `${folder}/read`,
    BAA_HOST_OPS_WRITE_ROOTS: `${folder}/read`,
  };
  await Deno.mkdir(`${folder}/read`);
  return {
    conductor: () => startDaemon("conductor", env),
    codexd: () => startDaemon("codexd", env, { probe: "/healthz" }),
  };
}

async function logs({ origin }: RunningDaemon, query: string): Promise<Json> {
  const response = await fetch(`${origin}/v1/logs?${query}`);
  const { data } = await response.json();
  return data;
}

/** A request that a daemon refuses, and logs. */
async function refused({ origin }: RunningDaemon, id: string): Promise<void> {
  const headers = {
    "x-request-id": id,
    host: "evil.example",
    origin: "http://evil.example",
  };
  const response = await fetch(`${origin}/v1/exec`, {
    method: "POST",
    headers,
  });
  await response.body?.cancel();
  assert(response.status >= 400);
}

Deno.test("GET /v1/logs tells what both daemons did through kills and restarts, each line once", async () => {
  await using dir = await tempDir();
  const start = await node(dir.path);
  const seen: string[] = [];
  let after = 0;
  const read = async (from: RunningDaemon) => {
    let part: Json;
    do {
      part = await logs(from, `after=${after}&limit=3`);
      assertEquals(part.gap, null);
      seen.push(...part.entries.map(written));
      after = part.last_seq;
    } while (part.next_cursor !== null);
  };
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    await using codexd = await start.codexd();
    await using conductor = await start.conductor();
    expected.push(`Listening ${conductor.pid}`, `Listening ${codexd.pid}`);
    for (const daemon of [conductor, codexd]) {
      await refused(daemon, `req_${daemon.pid}`);
      const found = await until(
        () => logs(conductor, `request_id=req_${daemon.pid}`),
        ({ entries }) => entries.length > 0,
      );
      assertEquals(
        found.entries[0].service,
        daemon === codexd ? "codexd" : "conductor",
      );
    }
    await until(async () => {
      await read(conductor);
      return expected.every((it) =>
        seen.some((line) => line.startsWith(`${it} `))
      );
    });
    codexd.child.kill("SIGKILL");
    conductor.child.kill("SIGKILL");
    await Promise.all([codexd.child.status, conductor.child.status]);
  }
  await using last = await start.conductor();
  await read(last);
  const whole = await logs(last, "after=0&limit=200");
  assert(whole.count > 12);
  await read(last);
  for (const line of whole.entries.map(written)) {
    assertEquals(seen.filter((it) => it === line).length, 1, line);
  }
  // One that leaves before its answer is nothing to log.
  const signal = AbortSignal.timeout(300);
  const query = `after=${after}&level=error`;
  await assertRejects(() =>
    fetch(`${last.origin}/v1/logs?${query}&wait_ms=20000`, { signal })
  );
  assertEquals((await logs(last, `${query}&wait_ms=500`)).entries, []);
});

/** A line without its place. */
function written({ message, fields, ...line }: Json): string {
  return `${message} ${fields.pid} ${
    JSON.stringify({ ...line, fields, seq: undefined })
  }`;
}
