import { assertEquals, assertRejects } from "@std/assert";
import type {
  AppServerStatus,
  LastExit,
} from "../../shared/contracts/codexd_status.ts";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { silentLogger, tempDir } from "../../shared/testing/fakes.ts";
import { type FakeMachine, fakeMachine } from "../testing/fake_machine.ts";
import { RestartBudget } from "./restart_budget.ts";
import { type AppServerEvents, Supervisor } from "./supervisor.ts";

function setUp(
  options: {
    readonly machine?: FakeMachine;
    readonly wanted?: string;
    readonly maxRestarts?: number;
  } = {},
) {
  const { machine = fakeMachine(), wanted = "/bin/sh" } = options;
  const clock = new FakeClock();
  const states: AppServerStatus[] = [];
  const gone: string[] = [];
  const exits: LastExit[] = [];
  const watchers = new Set<() => void>();
  const supervisor = new Supervisor({
    clock,
    log: silentLogger,
    binary: { wanted, path: "" },
    start: machine.start,
    environment: {},
    cwd: "/",
    onStderr: (line) => line.replace("secret", "***"),
    sweep: () => Promise.resolve(2),
    budget: new RestartBudget({
      clock,
      random: () => 1,
      maxRestarts: options.maxRestarts ?? 5,
    }),
  });
  const events: AppServerEvents = {
    onNotifications() {},
    onRequest() {},
    onReady: () => Promise.resolve(),
    onGone: (reason) => gone.push(reason),
    onOutdated() {},
    onExit: (exit) => exits.push(exit),
    onState(status) {
      states.push(status);
      for (const look of watchers) look();
    },
  };
  supervisor.start(events);
  /** Waits until a state is told that `wanted` accepts. */
  function until(wanted: (status: AppServerStatus) => boolean) {
    return new Promise<AppServerStatus>((resolve) => {
      const look = () => {
        const found = states.find(wanted);
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  }
  /** Moves time on once `timers` wait for it. */
  async function pass(ms: number, timers = 1): Promise<void> {
    while (clock.pending < timers) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await clock.advance(ms);
  }
  return {
    supervisor,
    machine,
    clock,
    states,
    gone,
    exits,
    until,
    pass,
    async [Symbol.asyncDispose]() {
      let stopped = false;
      const stopping = supervisor.stop(0).then(() => {
        stopped = true;
      });
      while (!stopped) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await clock.advance(100);
      }
      await stopping;
    },
  };
}

Deno.test("Supervisor starts the app-server and says what it is", async () => {
  await using it = setUp();
  const ready = await it.until((status) => status.state === "ready");
  assertEquals(
    [ready.pid, ready.version, ready.binary, ready.restarts, ready.fault],
    [1000, "0.169.0", "/bin/sh", 0, null],
  );
  assertEquals(ready.supported_versions, ">=0.160.0 <1.0.0");
});

Deno.test("Supervisor starts another when one is killed, and says how it ended", async () => {
  await using it = setUp();
  await it.until((status) => status.state === "ready");
  it.machine.lives[0]?.print("ERROR: a secret\n", "stderr");
  const call = it.supervisor.client?.readThread("x");
  it.machine.behaviour = {};
  it.machine.lives[0]?.kill("SIGKILL");
  await assertRejects(() => call ?? Promise.resolve(), Error);
  await it.until((status) => status.state === "restarting");
  await it.pass(200);
  await it.until((status) => status.pid === 1001 && status.state === "ready");
  assertEquals(it.gone, ["the app-server was killed by SIGKILL"]);
  assertEquals(it.exits.map(({ at: _, ...exit }) => exit), [{
    pid: 1000,
    code: null,
    signal: "SIGKILL",
    reason: "the app-server was killed by SIGKILL",
    stderr_tail: ["ERROR: a ***"],
    orphans_ended: 2,
  }]);
  assertEquals(it.supervisor.status().restarts, 1);
});

Deno.test("Supervisor tries again when the app-server dies in the handshake", async () => {
  const machine = fakeMachine({ diesAt: "initialize" });
  await using it = setUp({ machine });
  const down = await it.until((status) => status.state === "restarting");
  assertEquals(down.fault?.reason, "the app-server exited with code 3");
  machine.behaviour = {};
  await it.pass(200);
  await it.until((status) => status.state === "ready");
});

Deno.test("Supervisor ends an app-server that does not shake hands, and waits no longer than its patience", async () => {
  const machine = fakeMachine({ silentAt: "initialize", stubborn: true });
  await using it = setUp({ machine });
  const asking = it.supervisor.ready();
  const refused = assertRejects(() => asking, AppError, "is starting");
  await it.pass(8000, 2);
  await refused;
  machine.behaviour = {};
  await it.pass(12_000);
  await it.pass(2000);
  await it.pass(1000);
  const down = await it.until((status) => status.state === "restarting");
  assertEquals(
    down.fault?.reason,
    "the handshake failed: no answer to initialize within 20000 ms",
  );
  await it.pass(200);
  await it.until((status) => status.state === "ready");
});

Deno.test("Supervisor ends an app-server that gives no sign of life", async () => {
  const machine = fakeMachine({ silentAt: "thread/loaded/list" });
  await using it = setUp({ machine });
  await it.until((status) => status.state === "ready");
  await it.pass(30_000);
  for (let missed = 0; missed < 3; missed++) await it.pass(20_000);
  const down = await it.until((status) => status.state === "restarting");
  assertEquals(down.fault?.reason, "the app-server gave no sign of life");
});

Deno.test("Supervisor ends an app-server that floods it with what is no message", async () => {
  await using it = setUp();
  await it.until((status) => status.state === "ready");
  it.machine.lives[0]?.print("garbage\n".repeat(100));
  await it.until((status) => status.state === "restarting");
  assertEquals(it.gone.length, 1);
  assertEquals(it.gone[0]?.startsWith("Cannot read messages: 100 lines"), true);
});

Deno.test("Supervisor gives up for a while when its restarts are used up, then tries again", async () => {
  const machine = fakeMachine({ diesAt: "initialize" });
  await using it = setUp({ machine, maxRestarts: 2 });
  await it.until((status) => status.restarts === 1);
  await it.pass(200);
  await it.until((status) => status.restarts === 2);
  await it.pass(400);
  const failed = await it.until((status) => status.state === "failed");
  assertEquals(failed.fault?.reason, "the app-server exited with code 3");
  assertEquals(machine.lives.length, 3);
  const error = await assertRejects(() => it.supervisor.ready(), AppError);
  assertEquals([error.code, error.details?.state, error.retryable], [
    "CODEXD_UNAVAILABLE",
    "failed",
    true,
  ]);
  machine.behaviour = {};
  await it.pass(30_000);
  await it.until((status) => status.state === "ready");
});

Deno.test("Supervisor says that the binary is missing, and starts it once it is there", async () => {
  await using dir = await tempDir();
  const wanted = dir.join("codex");
  await using it = setUp({ wanted });
  const missing = await it.until((status) => status.state === "missing");
  assertEquals(missing.fault, {
    reason: `Cannot find Codex "${wanted}": there is no such file`,
    fix:
      "Install Codex (npm install -g @openai/codex) or set BAA_CODEX_BIN to its path",
  });
  const error = await assertRejects(() => it.supervisor.ready(), AppError);
  assertEquals(error.details?.fix, missing.fault?.fix);
  await Deno.writeTextFile(wanted, "", { mode: 0o644 });
  await it.pass(5000);
  await it.until((status) => status.fault?.fix === `Run chmod +x ${wanted}`);
  await Deno.chmod(wanted, 0o755);
  await it.pass(5000);
  await it.until((status) => status.state === "ready");
  assertEquals(it.supervisor.status().restarts, 0);
});

Deno.test("Supervisor refuses a version that is not supported, by name", async () => {
  await using it = setUp({ machine: fakeMachine({ version: "0.31.0" }) });
  const { fault } = await it.until((status) => status.state === "missing");
  assertEquals(
    fault?.reason,
    "Cannot use Codex 0.31.0: supported is >=0.160.0 <1.0.0",
  );
  assertEquals(it.machine.lives.length, 0);
});

Deno.test("Supervisor.stop() ends an app-server that does not end with its input", async () => {
  const machine = fakeMachine({ stubborn: true });
  const it = setUp({ machine });
  await it.until((status) => status.state === "ready");
  await it[Symbol.asyncDispose]();
  assertEquals(it.exits[0]?.signal, "SIGTERM");
});

Deno.test("Supervisor.stop() leaves an orderly app-server to end by itself", async () => {
  const it = setUp();
  await it.until((status) => status.state === "ready");
  await it[Symbol.asyncDispose]();
  assertEquals([it.exits[0]?.code, it.exits[0]?.signal], [0, null]);
  assertEquals(it.clock.pending, 0);
});

Deno.test("Supervisor.recycle() starts another at once and does not count it", async () => {
  await using it = setUp();
  await it.until((status) => status.state === "ready");
  await it.supervisor.recycle();
  await it.until((status) => status.state === "ready" && status.pid === 1001);
  assertEquals(it.supervisor.status().restarts, 0);
});
