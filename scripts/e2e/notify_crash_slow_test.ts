import { assert, assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { Receiver } from "../../conductor/notify/testing/receiver.ts";
import { freePort } from "../../shared/testing/free_ports.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { sharedState } from "../testing/state.ts";

const ROUNDS = 5;
const SECRET = "notify-s3cret-4711";

/** Lets tasks fail until the daemon is gone. */
async function failTasks({ origin }: RunningDaemon): Promise<void> {
  try {
    while (true) {
      await call(`${origin}/v1/tasks`, {
        title: "canary title",
        kind: "exec",
        payload: { command: "exit 3" },
      });
    }
  } catch { /* killed */ }
}

Deno.test(`conductor tells of every failed task and every crash over ${ROUNDS} kill -9`, async () => {
  await using state = await sharedState();
  await using receiver = new Receiver();
  await using folder = await tempDir();
  const file = folder.join("secret");
  const logs = folder.join("logs");
  await Deno.writeTextFile(file, SECRET, { mode: 0o600 });
  const env = {
    ...state.env,
    BAA_LOGS_DIR: logs,
    BAA_NOTIFY_URL: `${receiver.url}?auth=canary-query`,
    BAA_NOTIFY_SECRET_FILE: file,
    BAA_MAX_CONCURRENT_RUNS: "8",
  };
  // Takes a while, and loses one in three.
  let count = 0;
  receiver.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 15));
    return new Response(null, { status: ++count % 3 === 0 ? 500 : 204 });
  };
  for (let round = 0; round < ROUNDS; round++) {
    await using daemon = await startDaemon("conductor", env);
    const failing = failTasks(daemon);
    const before = receiver.received.length;
    await until(() => receiver.received.length > before + 5);
    daemon.child.kill("SIGKILL");
    await daemon.child.status;
    await failing;
  }
  receiver.answer = () => new Response();
  await using last = await startDaemon("conductor", env);
  await until(
    () => call(`${last.origin}/v1/status`),
    ({ data: { queue, notifications } }) =>
      queue.queued_tasks + queue.active_runs + notifications.waiting === 0,
    { withinMs: 60_000 },
  );
  const told = (event: string) =>
    new Map(
      receiver.received.filter(({ json }) => json.event === event)
        .map(({ id, json }) => [id, json.subject]),
    );
  assertEquals(told("daemon.crashed").size, ROUNDS);
  const subjects = new Set(told("task.failed").values());
  let cursor = "";
  do {
    const { data } = await call(
      `${last.origin}/v1/tasks?status=failed&limit=200${cursor}`,
    );
    for (const { task_id } of data.tasks) assert(subjects.delete(task_id));
    cursor = data.next_cursor === null ? "" : `&cursor=${data.next_cursor}`;
  } while (cursor !== "");
  assertEquals(subjects.size, 0);
  for (const { body, request } of receiver.received) {
    assert(!body.includes("canary"));
    const header = request.headers.get("x-baa-signature") ?? "";
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const mac = createHmac("sha256", SECRET).update(`${t}.${body}`);
    assertEquals(v1, mac.digest("hex"));
  }
  const { data } = await call(`${last.origin}/v1/notify/test`, {});
  assertEquals([data.delivered, data.reason], [true, null]);
  // The file of the secret is the daemon's alone, and nothing shows the query.
  const read = await call(`${last.origin}/v1/files/read`, { path: file });
  assertEquals(read.data.error.code, "PERMISSION_DENIED");
  for await (const { name } of Deno.readDir(`${logs}/conductor`)) {
    const log = await Deno.readTextFile(`${logs}/conductor/${name}`);
    assert(!log.includes("canary-query") && !log.includes(SECRET));
  }
});

Deno.test("conductor tells of a codexd that was killed, and nothing of one that was stopped", async () => {
  await using state = await sharedState();
  await using receiver = new Receiver();
  const address = {
    ...state.env,
    BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${freePort()}`,
  };
  await using conductor = await startDaemon("conductor", {
    ...address,
    BAA_NOTIFY_URL: receiver.url.href,
  });
  const isSeen = (state: string) =>
    until(
      () => call(`${conductor.origin}/v1/status`),
      ({ data }) => data.codexd.state === state,
    );
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await using codexd = await startDaemon("codexd", address, {
      probe: "/healthz",
    });
    await isSeen("degraded");
    codexd.child.kill(signal);
    await codexd.child.status;
    await isSeen("down");
  }
  await until(() => receiver.received.length > 0);
  const told = receiver.received.map(({ json: { event, subject } }) => [
    event,
    subject,
  ]);
  assertEquals(told, [["daemon.crashed", "codexd"]]);
});
