import { assert, assertEquals } from "@std/assert";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { isPossible } from "../testing/is_possible.ts";
import { type Answer, call } from "../testing/http.ts";
import { until } from "../../shared/testing/until.ts";
import { sharedState } from "../testing/state.ts";

const isLinux = Deno.build.os === "linux";
const LARGE = "x".repeat(300_000);

function task(command: string, stdin?: string) {
  const payload = { command, ...(stdin !== undefined && { stdin }) };
  return { title: "a task", kind: "exec", payload };
}

async function readiness({ origin }: RunningDaemon): Promise<string> {
  return await (await fetch(`${origin}/readyz`)).text();
}

/** Queues large tasks until there is no room; returns those that were accepted. */
async function fill(
  conductor: RunningDaemon,
): Promise<{ readonly ids: string[]; readonly refusal: Answer }> {
  const ids: string[] = [];
  while (ids.length < 500) {
    const answer = await call(
      `${conductor.origin}/v1/tasks`,
      task("true", LARGE),
    );
    if (!answer.ok) return { ids, refusal: answer };
    ids.push(answer.data.task_id);
  }
  throw new Error("There is more room than there should be");
}

/** Fills the disk, looks, makes room, and looks again. */
async function survive(
  conductor: RunningDaemon,
  makeRoom: () => Promise<void>,
): Promise<void> {
  const at = (path: string) => conductor.origin + path;
  const post = (path: string, body: unknown) => call(at(path), body);
  const running = await post("/v1/tasks", task("sleep 1; echo last words"));
  await until(
    () => call(at("/v1/tasks?status=running")),
    ({ data }) => data.count === 1,
  );
  await post("/v1/system/pause", {});
  const { ids, refusal } = await fill(conductor);
  assert(ids.length > 0);
  assertEquals([refusal.status, refusal.error.code], [503, "NOT_READY"]);
  assertEquals(refusal.error.retryable, true);
  assert(/disk/.test(refusal.error.message), refusal.error.message);

  assertEquals(await readiness(conductor), "not_ready");
  const health = await call(at("/health"));
  assertEquals(health.data.status, "not_ready");
  assert(health.data.reasons.some((it: string) => /disk/.test(it)));
  for (const path of ["/describe", "/v1/system/state", "/v1/tasks"]) {
    assertEquals((await call(at(path))).status, 200, path);
  }
  const exec = await post("/v1/exec", { command: "printf still" });
  assertEquals(exec.data.result.stdout, "still", "audit is not enforced");
  await new Promise((resolve) => setTimeout(resolve, 1500));

  await makeRoom();
  await until(() => readiness(conductor), (it) => it === "ready");
  const ended = await until(
    () => call(at(`/v1/tasks/${running.data.task_id}`)),
    ({ data }) => data.finished_at !== null,
  );
  assertEquals(ended.data.status, "succeeded");
  const log = await call(at(`/v1/tasks/${running.data.task_id}/logs`));
  // Besides them conductor may tell that it could not keep the output for a while.
  const printed = log.data.entries
    .filter((it: { stream: string }) => it.stream === "stdout");
  assertEquals(printed.at(-1).message, "last words");
  for (const id of ids) {
    assertEquals((await call(at(`/v1/tasks/${id}`))).status, 200);
  }
  await post("/v1/system/resume", {});
  await until(
    () => call(at("/v1/tasks?status=queued")),
    ({ data }) => data.count === 0,
    { withinMs: 60_000 },
  );
  assertEquals((await call(at("/health"))).data.status, "ok");
}

Deno.test({
  name: "conductor survives a limit on the size of its files",
  ignore: !isLinux,
  async fn() {
    await using state = await sharedState();
    await using conductor = await startDaemon("conductor", state.env, {
      wrapper: [
        "/bin/sh",
        "-c",
        // In blocks of 512 bytes; the signal would end the process.
        `trap '' XFSZ; ulimit -S -f 8000; exec "$@"`,
        "sh",
      ],
    });
    await survive(conductor, async () => {
      const { success } = await new Deno.Command("prlimit", {
        args: ["--pid", String(conductor.pid), "--fsize=unlimited:unlimited"],
      }).output();
      assert(success);
    });
  },
});

Deno.test({
  name: "conductor survives a full disk",
  ignore: !isLinux || !await canMount(),
  async fn() {
    await using state = await sharedState();
    await using conductor = await startDaemon("conductor", state.env, {
      wrapper: [
        "unshare",
        "--map-root-user",
        "--mount",
        "/bin/sh",
        "-c",
        `mount -t tmpfs -o size=6m none '${state.folder}' && exec "$@"`,
        "sh",
      ],
    });
    await survive(conductor, async () => {
      // Only what conductor runs sees its disk.
      const { data } = await call(`${conductor.origin}/v1/exec`, {
        command: `mount -o remount,size=200m '${state.folder}'`,
      });
      assert(data.ok, JSON.stringify(data));
    });
  },
});

/** Whether this user may have a small disk of its own. */
function canMount(): Promise<boolean> {
  const mount = ["mount", "-t", "tmpfs", "none", "/mnt"];
  return isPossible("unshare", "--map-root-user", "--mount", ...mount);
}
