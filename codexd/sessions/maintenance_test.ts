import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { Maintenance } from "./maintenance.ts";

Deno.test("Maintenance.tidy() does the rest when the login cannot be asked for", async () => {
  const done: string[] = [];
  const unsubscribe = (id: string) => Promise.resolve(done.push(id));
  const ports = {
    clock: new FakeClock(),
    log: silentLogger,
    events: { removeOld: () => done.push("old events") },
    codex: { client: { unsubscribe } },
    host: { login: { refresh: () => Promise.reject(new Error("no answer")) } },
    approvals: { items: [] },
    turns: { active: [] },
    loader: { idle: () => ["session"], forget() {} },
  };
  const maintenance = new Maintenance(
    ports as unknown as ConstructorParameters<typeof Maintenance>[0],
  );
  await maintenance.tidy();
  assertEquals(done, ["old events", "session"]);
});
