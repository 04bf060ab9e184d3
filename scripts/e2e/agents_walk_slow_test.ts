import { assert, assertEquals, assertMatch } from "@std/assert";
import { installFakeCodex } from "../../codexd/testing/fake_codex.ts";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

/**
 * An agent that was given an address and nothing else. What it asks it must
 * have read before: each path, each field of a body, each name of a query.
 */
class Agent {
  readonly #origin: string;
  #read = "";
  calls = 0;
  bytes = 0;
  readonly failures: string[] = [];

  constructor(origin: string) {
    this.#origin = origin;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Json> {
    const { searchParams } = new URL(path, this.#origin);
    for (const name of [...searchParams.keys(), ...keysOf(body)]) {
      assert(
        new RegExp(`\\b${name}\\b`).test(this.#read),
        `${method} ${path}: nothing tells of ${name}`,
      );
    }
    const response = await fetch(this.#origin + path, {
      method,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    this.calls++;
    this.bytes += new TextEncoder().encode(text).length;
    this.#read += `${text}\n`;
    const answer = text.startsWith("{") ? JSON.parse(text) : { data: text };
    if (!response.ok || answer.data?.ok === false) {
      this.failures.push(`${method} ${path}: ${text}`);
    }
    return answer.data;
  }

  /** Calls the one route whose line in the front door says `words`; its id where it says no more. */
  async use(
    words: string,
    { params = {}, query = "", body }: {
      readonly params?: Readonly<Record<string, string>>;
      readonly query?: string;
      readonly body?: unknown;
    } = {},
  ): Promise<Json> {
    const { method, path } = this.#route(words);
    const filled = path.replace(/:(\w+)/g, (_, name) => params[name] ?? name);
    return await this.ask(method, filled + query, body);
  }

  /** Reads the detail of a route. */
  async learn(words: string): Promise<Json> {
    const { id } = this.#route(words);
    const details = this.told(/GET (\S+)<id> tells all of one/);
    return await this.ask("GET", details + id);
  }

  /** Makes the call in `next` that is good for what is wanted. */
  async follow(answer: Json, why: RegExp, more = ""): Promise<Json> {
    const found = answer.next.find((it: Json) => why.test(it.why));
    assert(found !== undefined, `${why}: ${JSON.stringify(answer.next)}`);
    return await this.ask(found.method, found.path + more);
  }

  /** What the words around a name say of where it stands. */
  told(pattern: RegExp): string {
    const [, found] = pattern.exec(this.#read) ?? [];
    assert(found !== undefined, `nothing tells ${pattern}`);
    return found;
  }

  #route(words: string) {
    const found = [
      ...this.#read.matchAll(/^(\w+) (\/\S*) ([\w.]+)(?:: (.+))?$/gm),
    ]
      .filter(([, , , id, summary = id]) => summary?.includes(words));
    assertEquals(found.length, 1, `lines that say: ${words}`);
    const [, method = "", path = "", id = ""] = found[0] ?? [];
    return { method, path, id };
  }
}

/** The names of the fields of a body, of those within its fields too. */
function keysOf(body: unknown): string[] {
  if (typeof body !== "object" || body === null) return [];
  const own = Array.isArray(body) ? [] : Object.keys(body);
  return [...own, ...Object.values(body).flatMap(keysOf)];
}

Deno.test("an agent does ten jobs with what the answers say, in few calls and few bytes", async () => {
  await using folder = await tempDir();
  await using codexd = await startDaemon("codexd", {
    BAA_CODEX_BIN: await installFakeCodex(folder.path),
    CODEX_HOME: folder.path,
  });
  await using conductor = await startDaemon("conductor", {
    BAA_CODEXD_LOCAL_API: codexd.origin,
    BAA_STATE_DIR: `${codexd.folder}/state`,
  });
  const { origin } = conductor;
  await until(() => call(`${origin}/v1/codex`), ({ data }) => data?.reachable);
  await using browser = await ScriptedClient.connect(origin);
  browser.answerWith((message) =>
    message.type === "api_request"
      ? [{ type: "api_response", id: message.id, status: 200, body: "[7]" }]
      : []
  );
  const agent = new Agent(origin);
  await agent.ask("GET", "/");

  // 1. Run a command.
  const cwd = folder.path;
  const command = "printf 'one\\ntwo\\n' > note.txt; echo made";
  const made = await agent.use("Run a command", { body: { command, cwd } });
  assertEquals(made.result.stdout, "made\n");

  // 2. Find out what a command finds.
  const place = agent.told(/GET (\/\S+) host_operations\.environment/);
  const { host_operations } = await agent.ask("GET", place);
  assertMatch(host_operations.environment.shell, /^\//);

  // 3. Read a file, change a line of it, append one.
  const file = { path: "note.txt", cwd };
  const read = await agent.use("Read a file", { body: file });
  assertEquals(read.result.content, "one\ntwo\n");
  const edits = [{ old: "two", new: "three" }];
  const edited = await agent.use("Replace texts", { body: { ...file, edits } });
  assertEquals(edited.result.replacements, 1);
  await agent.learn("Write a file");
  await agent.use("Write a file", {
    body: { ...file, content: "four\n", append: true },
  });
  assertEquals(
    (await agent.use("Read a file", { body: file })).result.content,
    "one\nthree\nfour\n",
  );

  // 4. Keep a job running in the background, and read what it prints.
  const job = await agent.use("Run a command", {
    body: {
      command: "echo up; exec sleep 60",
      cwd,
      detach: true,
    },
  });
  assertEquals(job.pending, true);
  const output = await agent.follow(job, /stdout|print/);
  assertMatch(JSON.stringify(output), /up/);
  await agent.follow(job, /ends|cancel/i);

  // 5. Queue a task, and follow its log by polling.
  const task = await agent.use("Queue a command", {
    body: {
      title: "Count",
      kind: "exec",
      payload: { command: "for i in 1 2 3; do echo $i; sleep 0.2; done" },
    },
  });
  const lines: string[] = [];
  let log = await agent.follow(task, /lines/);
  while (lines.length < 3 && agent.calls < 60) {
    lines.push(
      ...log.entries.filter((it: Json) => it.stream === "stdout")
        .map((it: Json) => it.message),
    );
    log = await agent.use("Read a task's log", {
      params: task,
      query: `?after=${log.last_seq}&wait_ms=5000`,
    });
  }
  assertEquals(lines, ["1", "2", "3"]);
  // Answered before wait_ms without a line: there is none to come.
  assertEquals(log.entries, []);
  assertEquals((await agent.follow(task, /status/)).status, "succeeded");

  // 6. Schedule it.
  const learned = await agent.learn("at each time of a cron");
  const schedule = await agent.use("at each time of a cron", {
    params: { name: "nightly" },
    body: {
      cron: "30 2 * * *",
      task: { title: "Night", kind: "exec", payload: { command: "true" } },
    },
  });
  assert(schedule.next_at > new Date().toISOString(), learned.curl);
  await agent.use("Delete a schedule", { params: { name: "nightly" } });

  // 7. Pause, drain and resume.
  await agent.use("Start no more runs; tasks");
  await agent.use("Start no more runs, refuse tasks");
  const drained = await agent.use("Read the state of automation");
  assertMatch(drained.mode, /^drain/);
  await agent.use("Start queued tasks again");
  assertEquals(
    (await agent.use("Read the state of automation")).mode,
    "running",
  );

  // 8. Have Codex say something.
  await agent.learn("or archive a session");
  const session = await agent.use("or archive a session", { body: { cwd } });
  await agent.learn("interrupt a turn");
  const turn = await agent.use("interrupt a turn", {
    body: { session_id: session.session_id, input: "Say hello", wait: true },
  });
  assertEquals(turn.final_message, "echo: Say hello");

  // 9. Ask a site through the browser.
  await agent.use("Read the browser's tabs");
  await agent.learn("logged-in page");
  const site = await agent.use("logged-in page", {
    body: { platform: "claude", path: "/api/organizations" },
  });
  assertEquals([site.status, site.body], [200, "[7]"]);

  // 10. See how the node is, and what was done.
  assertEquals((await agent.use("service.health")).status, "ok");
  const audit = await agent.use("what was done", { query: "?limit=3" });
  assertEquals(audit.entries.length, 3);
  await agent.use("Check the chain");

  assertEquals(agent.failures, []);
  assert(agent.calls <= 60, `${agent.calls} calls`);
  assert(agent.bytes <= 60_000, `${agent.bytes} bytes read`);
});
