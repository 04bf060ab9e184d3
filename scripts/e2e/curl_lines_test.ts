import { assert, assertEquals } from "@std/assert";
import { installFakeCodex } from "../../codexd/testing/fake_codex.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

interface Line {
  readonly id: string;
  readonly produces: string;
  readonly available: boolean;
  readonly curl?: string;
}

/** curl's exit code when `--max-time` ends it. */
const TIMED_OUT = 28;

Deno.test("every curl line that conductor prints works as it stands", async () => {
  await using conductor = await startDaemon("conductor");
  // The lines of one task and one run need a task that ran and one that waits;
  // those that end or repeat something name only what examples have made.
  const { origin } = conductor;
  const { data: task } = await call(`${origin}/v1/tasks`, {
    title: "An example",
    kind: "exec",
    labels: ["example"],
    payload: { command: "echo done" },
  });
  // The log's stream ends when the task does.
  const log = await fetch(`${origin}/v1/tasks/${task.task_id}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  await log.text();
  await call(`${origin}/v1/tasks`, {
    title: "An example that waits",
    kind: "exec",
    labels: ["example"],
    payload: { command: "true" },
    not_before: "2999-01-01T00:00:00.000Z",
  });
  const put = await fetch(`${origin}/v1/schedules/example`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      cron: "0 0 29 2 *",
      task: { title: "Rarely", kind: "exec", payload: { command: "true" } },
    }),
  });
  assertEquals((await put.json()).ok, true);
  await runEveryLine(conductor);
});

Deno.test("every curl line that codexd prints works as it stands", async () => {
  await using folder = await tempDir();
  await using codexd = await startDaemon("codexd", {
    BAA_CODEX_BIN: await installFakeCodex(folder.path),
    CODEX_HOME: folder.path,
  });
  // The line of one session needs a session.
  await call(`${codexd.origin}/v1/codexd/sessions`, {});
  await runEveryLine(codexd);
});

async function runEveryLine(daemon: RunningDaemon): Promise<void> {
  const { data } = await call(`${daemon.origin}/describe`);
  const { data: control } = await call(`${daemon.origin}/describe/control`);
  const details: readonly Line[] = await Promise.all(
    data.endpoints.map(async ({ id }: { readonly id: string }) =>
      (await call(`${daemon.origin}/describe/${id}`)).data
    ),
  );
  assertEquals(
    details.filter((it) =>
      it.curl === undefined && it.produces !== "websocket" && it.available
    ).map((it) => it.id),
    [],
    "lines that are not printed though their routes work",
  );
  const unavailable = new Set(
    details.filter((it) => !it.available).map((it) => it.curl),
  );
  const curls = new Set<string>(
    [
      ...details,
      ...data.examples,
      ...control.examples,
      ...data.host_operations?.operations ?? [],
    ].flatMap(({ curl }) => curl ?? []),
  );
  for (const curl of curls) {
    if (!unavailable.has(curl)) await runLine(curl, daemon.folder);
  }
  const front = await (await fetch(`${daemon.origin}/llms.txt`)).text();
  const lines = front.split("\n").filter((it) => it.startsWith("curl "));
  assert(lines.length > 3);
  for (const line of lines) await runLine(line, daemon.folder);
}

async function runLine(curl: string, cwd: string): Promise<void> {
  // A stream goes on for ever: what it sends at first must be no failure.
  const follows = curl.startsWith("curl -N");
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: [
      "-c",
      `${curl} --silent --fail-with-body --max-time ${follows ? 1 : 10}`,
    ],
    cwd,
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(
    code === 0 || (follows && code === TIMED_OUT),
    `${curl}\n${text}${new TextDecoder().decode(stderr)}`,
  );
  if (!text.startsWith("{")) return;
  const answer = JSON.parse(text);
  if (answer.ok === undefined) return;
  assertEquals(answer.ok, true, curl);
  if (curl.includes("/v1/exec") || curl.includes("/v1/files/")) {
    assertEquals(answer.data.ok, true, `${curl}\n${text}`);
  }
}
