import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

function ask({ server }: TestConductor, query: string): Promise<Json> {
  return server.data("GET", `/v1/audit?limit=200&${query}`);
}

async function refusal(it: TestConductor, query: string) {
  const response = await it.server.get(`/v1/audit?${query}`);
  const { error } = await response.json();
  const [issue] = error.details.issues;
  return [response.status, issue.path, issue.message];
}

/** Work of each kind that the audit knows. */
async function work(it: TestConductor): Promise<string> {
  await it.server.data("POST", "/v1/exec", { command: "true" });
  await it.server.data("POST", "/v1/files/read", { path: "/etc/hosts" });
  const task: Json = await it.server.data("POST", "/v1/tasks?wait_ms=20000", {
    title: "x",
    kind: "exec",
    payload: { command: "true" },
  });
  await it.server.data("POST", "/v1/system/pause", {
    requested_by: "me",
    reason: "lunch",
    source: "a test",
  });
  return task.task_id;
}

function actions({ entries }: Json): string[] {
  return [...new Set<string>(entries.map((row: Json) => row.action))].sort();
}

Deno.test("GET /v1/audit finds rows by what, where from, which task and when", async () => {
  await using it = await testConductor();
  const task_id = await work(it);
  assertEquals(actions(await ask(it, "")), [
    "exec",
    "files/read",
    "system.pause",
    "tasks.create",
  ]);
  assertEquals(actions(await ask(it, "action=exec")), ["exec"]);
  const called = await ask(it, "route=host.exec");
  assertEquals([called.count, actions(called)], [2, ["exec"]]);
  const run = await ask(it, `task_id=${task_id}&phase`.replace("&phase", ""));
  assertEquals([run.count, actions(run)], [2, ["exec"]]);
  assertEquals((await ask(it, "source=task")).count, 2);
  assertEquals((await ask(it, "source=http&action=exec")).count, 2);
  assertEquals((await ask(it, "actor=local&route=system.pause")).count, 2);
  assertEquals((await ask(it, "actor=nobody")).count, 0);
  const [pause] = (await ask(it, "action=system.pause")).entries.toReversed();
  assertEquals(pause.target, {
    requested_by: "me",
    reason: "lunch",
    source: "a test",
  });

  const { entries } = await ask(it, "");
  const { at } = entries[3];
  assertEquals(
    (await ask(it, `since=${at}`)).entries,
    entries.filter((row: Json) => row.at >= at),
  );
  assertEquals((await ask(it, "since=2999-01-01T00:00:00Z")).count, 0);
  assertEquals(
    (await ask(it, "since=2000-01-01T00:00:00%2B02:00")).count,
    entries.length,
  );
});

Deno.test("GET /v1/audit refuses what it does not know, and says what it does", async () => {
  await using it = await testConductor();
  for (
    const [query, path, hint] of [
      ["action=nonsense", "action", "files/read"],
      ["action=host.exec", "action", "route=host.exec"],
      ["route=exec", "route", "host.exec"],
      ["route=tasks.list", "route", "tasks.create"],
      ["source=web", "source", "websocket"],
      ["since=yesterday", "since", ""],
      ["task=1", "task", "task_id"],
    ] as const
  ) {
    const [status, where, message] = await refusal(it, query);
    assertEquals([status, where], [400, path], query);
    assert(message.includes(hint), message);
  }
});

Deno.test("GET /v1/audit is polled: what comes, once, in order", async () => {
  await using it = await testConductor();
  await work(it);
  const { last_seq, entries } = await ask(it, "");
  assertEquals(last_seq, entries[0].seq);
  const oldest = await ask(it, "after=0");
  assertEquals(oldest.entries, entries.toReversed());
  const waiting = ask(
    it,
    `after=${last_seq}&action=system.resume&wait_ms=20000`,
  );
  await it.server.data("POST", "/v1/exec", { command: "true" });
  await it.server.data("POST", "/v1/system/resume");
  const news = await waiting;
  assertEquals(news.entries[0].action, "system.resume");
  assertEquals(news.last_seq, news.entries.at(-1).seq);
  const seen: number[] = [];
  let after = 0;
  while (true) {
    const part = await ask(it, `after=${after}`).then((it) => it);
    if (part.count === 0) break;
    seen.push(...part.entries.map((row: Json) => row.seq));
    after = part.last_seq;
  }
  assertEquals(seen, seen.map((_, i) => i + 1));
  const resumed = await it.server.get("/v1/audit?limit=1", {
    headers: { "last-event-id": "2" },
  });
  assertEquals((await resumed.json()).data.entries[0].seq, 3);
  const none = await ask(it, `after=${after}&route=browser.actions&wait_ms=20`);
  assertEquals([none.count, none.last_seq], [0, after]);
});
