import { contractTests } from "../shared/testing/contract_tests.ts";
import { FakeCodexd } from "./codex/testing/fake_codexd.ts";
import { routes } from "./routes/mod.ts";
import { testConductor } from "./testing/test_conductor.ts";

/** No browser is connected here: routes/browser_test.ts runs these with one. */
const NO_BROWSER = "BROWSER_UNAVAILABLE";

contractTests("conductor", {
  routes,
  away: {
    "browser.request": NO_BROWSER,
    "browser.actions": NO_BROWSER,
    "browser.claude.open": NO_BROWSER,
    "browser.claude.send": NO_BROWSER,
    "browser.claude.current": NO_BROWSER,
    "browser.claude.reload": NO_BROWSER,
    // No shared token is set here: routes/tokens_test.ts has one.
    "tokens.create": "CONFLICT",
    "tokens.revoke": "NOT_FOUND",
    // Nobody is notified here: routes/notify_test.ts has a receiver.
    "notify.test": "CONFLICT",
    "status.session": "CONFLICT",
    // routes/status_approvals_test.ts takes a key from the page.
    "status.approvals": "CONFLICT",
  },
  async start() {
    const codexd = new FakeCodexd();
    const conductor = await testConductor(codexd.env);
    await codexd.followed();
    // What the examples of tasks, runs and logs point to.
    const task = await conductor.server.data<{ task_id: string }>(
      "POST",
      "/v1/tasks",
      {
        title: "An example",
        kind: "exec",
        payload: { command: "echo done" },
      },
    );
    const later = await conductor.server.data<{ task_id: string }>(
      "POST",
      "/v1/tasks",
      {
        title: "An example that waits",
        kind: "exec",
        payload: { command: "true" },
        not_before: "2999-01-01T00:00:00.000Z",
      },
    );
    await conductor.server.data("PUT", "/v1/schedules/yearly", {
      cron: "0 0 1 1 *",
      task: { title: "Yearly", kind: "exec", payload: { command: "true" } },
    });
    const run = await firstRun(conductor.server, task.task_id);
    return {
      server: conductor.server,
      exampleValues: {
        cwd: conductor.folder,
        write_cwd: conductor.folder,
        file: "/etc/hosts",
        task_id: task.task_id,
        run_id: run,
        live_task_id: later.task_id,
        ended_task_id: task.task_id,
        session: "session-1",
        approval: "apr_1",
        browser: "firefox-1",
        schedule: "yearly",
        own_schedule: "yearly",
        token_id: "token_0",
      },
      async [Symbol.asyncDispose]() {
        await conductor[Symbol.asyncDispose]();
        await codexd[Symbol.asyncDispose]();
      },
    };
  },
});

/** The id of a task's first run, once it has ended. */
async function firstRun(
  server: Awaited<ReturnType<typeof testConductor>>["server"],
  taskId: string,
): Promise<string> {
  while (true) {
    const { runs: [run] } = await server.data<
      { runs: { run_id: string; finished_at: string | null }[] }
    >("GET", `/v1/runs?task_id=${taskId}`);
    if (run !== undefined && run.finished_at !== null) return run.run_id;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
