import { assertEquals, assertStringIncludes } from "@std/assert";
import { Status } from "./contract.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import {
  AS_OWNER,
  automationAt,
  FAILED,
  newTask,
} from "../testing/automation_fixture.ts";
import { statusPage } from "./page.ts";
import { StatusService, type StatusSources } from "./status_service.ts";

function serviceWith(
  sources:
    & Pick<StatusSources, "system" | "history">
    & Partial<StatusSources>,
) {
  return new StatusService({
    whoMay: "nobody",
    self: {
      version: "1.2.3",
      summary: () => ({ health: "ok", version: "1.2.3", uptime_ms: 7 }),
      condition: () => ({
        ready: true,
        status: "ok",
        reasons: [],
        degraded: [],
        away: [],
      }),
    },
    identity: {
      controller_id: "mini-main",
      instance_id: "instance_1",
      host: "mini",
      version: "1.2.3",
    },
    schedules: () => null,
    codexd: () => null,
    browser: () => null,
    notifications: () => null,
    disk: () => Promise.resolve(null),
    backups: { list: () => [] },
    descriptors: { inUse: 31, limit: 256 },
    groupWay: () => Promise.resolve("setsid"),
    clock: new FakeClock(),
    ...sources,
  });
}

Deno.test("StatusService.full() answers, and says why, when the database cannot be read", async () => {
  const broken = () => {
    throw new Error("disk I/O error");
  };
  const service = serviceWith({
    system: { state: broken },
    history: { byHour: broken, lastFailed: broken },
  });
  const status = Status.parse(await service.full());
  assertEquals(status.mode, "unknown");
  assertEquals(status.reasons, [
    "The database cannot be read: disk I/O error",
  ]);
  assertEquals(service.public().mode, "unknown");
  assertStringIncludes(
    statusPage(status, { source: "test" }),
    "The database cannot be read: disk I/O error",
  );
});

Deno.test("StatusService.full() cuts a message that is as long as a program's output", async () => {
  using it = automationAt();
  it.start();
  await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  it.kind.at(0).end({ ...FAILED, message: "x".repeat(100_000) });
  await it.settle();
  const service = serviceWith({
    system: it.system,
    history: it.store.stores.history,
  });
  const { last_errors } = await service.full();
  assertEquals(last_errors.map((error) => error.message?.length), [500]);
});

Deno.test("StatusService shows the newest backup, and how many there are", async () => {
  const made = (path: string, verified: boolean) => ({
    path,
    size_bytes: 4096,
    created_at: "2026-01-02T03:00:00.000Z",
    isDaily: true,
    verified,
  });
  const list = () => [made("/newest.db", true), made("/older.db", false)];
  using it = automationAt();
  it.start();
  const service = serviceWith({
    system: it.system,
    history: it.store.stores.history,
    backups: { list },
  });
  const status = Status.parse(await service.full());
  assertEquals(status.backup, {
    path: "/newest.db",
    size_bytes: 4096,
    created_at: "2026-01-02T03:00:00.000Z",
    verified: true,
    kept: 2,
  });
  assertStringIncludes(
    statusPage(status, { source: "test" }),
    "verified, 2 kept",
  );
});

Deno.test("The status page tells in full, and once, why codexd is away", async () => {
  using it = automationAt();
  it.start();
  const reason = "codexd does not answer: there is no socket";
  const service = serviceWith({
    system: it.system,
    history: it.store.stores.history,
    codexd: () => ({ state: "down", reason, codex_version: null }),
  });
  const html = statusPage(await service.full(), { source: "test" });
  assertEquals(html.split(reason).length, 2);
  assertStringIncludes(html, `<li>${reason}</li>`);
});
