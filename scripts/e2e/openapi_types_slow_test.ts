import { assert, assertEquals } from "@std/assert";
import openapiTS, { astToString } from "openapi-typescript";
import { installFakeCodex } from "../../codexd/testing/fake_codex.ts";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

/** What a route answered: its id, the status, the JSON. */
interface Sample {
  readonly id: string;
  readonly status: number;
  readonly answer: Json;
}

/** A call whose answer the types are to fit: route, path, body, method when it is no POST. */
type Extra = readonly [
  id: string,
  path: string,
  body?: unknown,
  method?: string,
];

Deno.test("types made from /openapi.json compile and fit what both daemons answer", async (t) => {
  await using folder = await tempDir();
  await using codexd = await startDaemon("codexd", {
    BAA_CODEX_BIN: await installFakeCodex(folder.path),
    CODEX_HOME: folder.path,
  });
  const open = async (): Promise<string> =>
    (await until(
      () => call(`${codexd.origin}/v1/codexd/sessions`, {}),
      ({ ok }) => ok,
    )).data.session_id;
  const session_id = await open();
  // A turn that ends at once may be answered with its end.
  const endless = async () => ({
    session_id: await open(),
    input: "@model:hang",
  });
  const session = { session_id };
  const turn = { session_id, input: "Say hello" };

  await t.step("conductor", async () => {
    await using conductor = await startDaemon("conductor", {
      BAA_CODEXD_LOCAL_API: codexd.origin,
      BAA_STATE_DIR: `${codexd.folder}/state`,
    });
    const { origin } = conductor;
    await until(() => call(`${origin}/v1/codex`), ({ data }) => data.reachable);
    await using browser = await ScriptedClient.connect(origin);
    browser.answerWith(({ type, ...message }) => {
      if (!("id" in message) || typeof message.id !== "string") return [];
      const { id } = message;
      return type === "api_request"
        ? [{ type: "api_response", id, status: 200, body: "[]" }]
        : [{ type: "action_status", id, action: type, ok: true, result: {} }];
    });
    const task = {
      title: "An example",
      kind: "exec",
      payload: { command: "echo done" },
    };
    const schedule = { cron: "0 0 29 2 *", task };
    const samples = await samplesOf(conductor, [
      ["tasks.create", "/v1/tasks?wait_ms=20000", task],
      ["tasks.create", "/v1/tasks?wait_ms=1", {
        ...task,
        payload: { command: "sleep 5" },
      }],
      ["tasks.create", "/v1/tasks", { ...task, kind: "none" }],
      ["host.exec", "/v1/exec", { command: "exit 3" }],
      ["host.exec", "/v1/exec", {
        command: "sleep 5",
        detach: true,
        waitMs: 0,
      }],
      ["schedules.put", "/v1/schedules/often", schedule, "PUT"],
      ["schedules.put", "/v1/schedules/often", schedule, "PUT"],
      ["codex.sessions.open", "/v1/codex/sessions", {}],
      ["codex.sessions.open", "/v1/codex/sessions", session],
      ["codex.turn", "/v1/codex/turn", { ...turn, wait: true }],
      ["codex.turn", "/v1/codex/turn", await endless()],
      ["tasks.read", "/v1/tasks/task_none", undefined, "GET"],
    ]);
    await checkTypes(conductor, samples, [
      "codex.sessions.open 200",
      "codex.sessions.open 201",
      "codex.turn 200",
      "codex.turn 202",
      "host.exec 200",
      "host.exec 202",
      "schedules.put 200",
      "schedules.put 201",
      "tasks.create 201",
      "tasks.create 202",
      "tasks.create 400",
      "tasks.read 404",
    ]);
  });

  await t.step("codexd", async () => {
    const samples = await samplesOf(codexd, [
      ["codexd.sessions.open", "/v1/codexd/sessions", {}],
      ["codexd.sessions.open", "/v1/codexd/sessions", session],
      ["codexd.turn", "/v1/codexd/turn", { ...turn, wait: true }],
      ["codexd.turn", "/v1/codexd/turn", await endless()],
      ["codexd.turn", "/v1/codexd/turn", {}],
    ]);
    await checkTypes(codexd, samples, [
      "codexd.sessions.open 200",
      "codexd.sessions.open 201",
      "codexd.turn 200",
      "codexd.turn 202",
      "codexd.turn 400",
    ]);
  });
});

/** Makes some calls, then those that each route gives as its example. */
async function samplesOf(
  { origin, folder }: RunningDaemon,
  extras: readonly Extra[],
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [id, path, body, method = "POST"] of extras) {
    const response = await fetch(origin + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { status } = response;
    samples.push({ id, status, answer: await response.json() });
  }
  const { data } = await call(`${origin}/describe`);
  for (const { id } of data.endpoints) {
    const { data: { curl } } = await call(`${origin}/describe/${id}`);
    if (curl === undefined || curl.startsWith("curl -N")) continue;
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: [
        "-c",
        `${curl} -s -H 'Accept: application/json' -w '\n%{http_code}'`,
      ],
      cwd: folder,
    }).output();
    const [, text = "", status] = /^([^]*)\n(\d+)$/.exec(
      new TextDecoder().decode(stdout),
    ) ?? [];
    if (!text.startsWith("{")) continue;
    samples.push({ id, status: Number(status), answer: JSON.parse(text) });
  }
  return samples;
}

/** Checks a program in which each sample is a value of the type of its answer. */
async function checkTypes(
  { origin }: RunningDaemon,
  samples: readonly Sample[],
  expected: readonly string[],
): Promise<void> {
  const seen = new Set(samples.map(({ id, status }) => `${id} ${status}`));
  assertEquals(expected.filter((it) => !seen.has(it)), []);
  const document = await (await fetch(`${origin}/openapi.json`)).json();
  await using folder = await tempDir();
  await Deno.writeTextFile(
    `${folder.path}/types.ts`,
    astToString(await openapiTS(document)),
  );
  const [first] = samples;
  assert(first !== undefined && samples.length > 10);
  const program = `${folder.path}/program.ts`;
  await Deno.writeTextFile(
    program,
    [
      HEAD,
      ...samples.map(({ id, status, answer }, n) =>
        `export const a${n}: Answer<"${id}", ${status}> = ${
          JSON.stringify(answer, null, 1)
        };`
      ),
      "// @ts-expect-error It answers no such status.",
      `export const status: Answer<"${first.id}", 299> = {};`,
      "// @ts-expect-error It answers more than that.",
      `export const less: Answer<"${first.id}", ${first.status}> = {};`,
    ].join("\n"),
  );
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--no-config", "--no-lock", "--quiet", program],
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** An answer by route and status; a failure that is not the route's own is the default one. */
const HEAD = `
import type { operations } from "./types.ts";
type Failure = 400 | 401 | 403 | 404 | 409 | 429 | 502 | 503 | 504;
type Body<R> = R extends { content: { "application/json": infer A } } ? A : never;
type Answer<Id extends keyof operations, S extends number, R = operations[Id]["responses"]> =
  S extends keyof R ? Body<R[S]>
  : S extends Failure ? R extends { default: infer D } ? Body<D> : never
  : never;
`;
