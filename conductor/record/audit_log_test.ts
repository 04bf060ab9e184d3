import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import type { AuditIntent } from "../../shared/audit.ts";
import { AppError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/digest.ts";
import { migrate } from "../store/migrate.ts";
import { MIGRATIONS } from "../store/migrations.ts";
import { AuditVerifier, verifyAudit } from "./audit_verify.ts";
import type { Store } from "./store.ts";
import {
  automationAt,
  leading,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

const INTENT: AuditIntent = {
  action: "exec",
  actor: {
    name: "owner",
    source: "http",
    request_id: "req_1",
    remote_address: "127.0.0.1",
  },
  target: { cwd: "/tmp", timeout_ms: 5, shell: true, none: null },
};

function verify(path: string) {
  const connection = new Connection(path, { int64: true });
  try {
    return verifyAudit(connection);
  } finally {
    connection.close();
  }
}

/** Makes what the daemon never makes. */
function attack(path: string, sql: string): void {
  const raw = new Connection(path);
  raw.exec(`DROP TRIGGER audit_unchanging; DROP TRIGGER audit_undeletable;
    ${sql}`);
  raw.close();
}

const CUT_TO_4 = `DELETE FROM audit WHERE seq > 4;
  UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit WHERE seq = 4)`;

function verifierOf({ db, stores }: Store, onPause = () => {}): AuditVerifier {
  return new AuditVerifier({
    path: db.path,
    remembered: () => stores.audit.written,
    pause() {
      onPause();
      return Promise.resolve();
    },
  });
}

Deno.test("AuditLog records an intent before the work and an outcome after it", async () => {
  using it = await leading();
  const entry = await it.store.audit.begin(INTENT);
  const rows = () =>
    it.store.stores.audit.list({}, { limit: 9 }).items.toReversed();
  assertEquals(rows().map((row) => row.phase), ["intent"]);
  entry.finish({ ok: false, code: "EXEC_TIMEOUT", facts: { bytes: 7 } });
  const [intent, outcome] = rows();
  const common = {
    entry_id: "audit_1",
    at: "2026-01-01T00:00:00.000Z",
    action: "exec",
    controller_id: "mini-main",
    instance_id: "instance_1",
    actor: "owner",
    source: "http",
    request_id: "req_1",
    remote_address: "127.0.0.1",
    task_id: null,
    run_id: null,
  } as const;
  assertEquals(intent, {
    ...common,
    seq: 1,
    phase: "intent",
    target: { cwd: "/tmp", timeout_ms: 5, shell: true, none: null },
    ok: null,
    code: null,
    facts: null,
    hash: intent?.hash ?? "",
  });
  assertEquals(outcome, {
    ...common,
    seq: 2,
    phase: "outcome",
    target: null,
    ok: false,
    code: "EXEC_TIMEOUT",
    facts: { bytes: 7 },
    hash: outcome?.hash ?? "",
  });
});

Deno.test("AuditLog goes on behind rows that an older program wrote, and shows an actor that was changed", async () => {
  await using file = await sharedDatabase();
  const actors = MIGRATIONS.findIndex((it) => it.name.includes("actors"));
  const raw = new Connection(file.path, { int64: true });
  migrate(raw, MIGRATIONS.slice(0, actors));
  const old = {
    seq: 1,
    entry_id: "audit_0",
    phase: "intent",
    at: 1,
    action: "exec",
    controller_id: "mini-main",
    instance_id: "old",
    source: "http",
    request_id: null,
    remote_address: null,
    task_id: null,
    run_id: null,
    target: "{}",
    ok: null,
    code: null,
    facts: null,
  } as const;
  const hash = sha256Hex(JSON.stringify(["", ...Object.values(old)]));
  const names = [...Object.keys(old), "hash"];
  raw.prepare(
    `INSERT INTO audit (${names}) VALUES (${names.map(() => "?")})`,
  ).run(...Object.values(old), hash);
  raw.prepare("UPDATE audit_head SET seq = 1, hash = ?").run(hash);
  raw.close();
  {
    using it = automationAt({ path: file.path });
    (await it.store.audit.begin(INTENT)).finish({ ok: true });
    const { items } = it.store.stores.audit.list({}, { limit: 9 });
    assertEquals(items.map((row) => row.actor), ["owner", "owner", null]);
    const mine = it.store.stores.audit.list({ actor: "owner" }, { limit: 9 });
    assertEquals(mine.items.map((row) => row.seq), [3, 2]);
  }
  assertEquals(verify(file.path).problem, null);
  attack(file.path, "UPDATE audit SET actor = 'mallory' WHERE seq = 2");
  assertEquals(
    verify(file.path).problem,
    "row 2 does not match its hash",
  );
});

Deno.test("AuditLog chains the rows of several processes", async () => {
  await using file = await sharedDatabase();
  using one = automationAt({ path: file.path, instance: "one" });
  using two = automationAt({ path: file.path, instance: "two" });
  const first = await one.store.audit.begin(INTENT);
  const second = await two.store.audit.begin(INTENT);
  first.finish({ ok: true });
  await two.store.audit.begin(INTENT);
  second.finish({ ok: true });
  one.store.db.flush();
  two.store.db.flush();
  assertEquals(verify(file.path), {
    ok: true,
    rows: 5,
    checkpoint_seq: 0,
    head_seq: 5,
    head_hash: one.store.stores.audit.list({}, { limit: 1 }).items[0]?.hash ??
      "",
    first_bad_seq: null,
    open_intents: 1,
    problem: null,
  });
});

Deno.test("The audit trail cannot be changed through the database", async () => {
  using it = await leading();
  (await it.store.audit.begin(INTENT)).finish({ ok: true });
  const { db } = it.store;
  for (
    const sql of [
      "UPDATE audit SET action = 'nothing'",
      "DELETE FROM audit WHERE seq = 1",
      "DELETE FROM audit",
    ]
  ) {
    assertThrows(() => db.run(sql), Error, "append-only");
  }
});

Deno.test("verifyAudit() shows each kind of edit", async () => {
  for (
    const [edit, problem, seq] of [
      ["UPDATE audit SET ok = 1 WHERE seq = 4", "row 4 does not match", 4],
      ["UPDATE audit SET at = at + 1 WHERE seq = 1", "row 1 does not match", 1],
      ["DELETE FROM audit WHERE seq = 3", "row 3 is missing", 3],
      ["DELETE FROM audit WHERE seq = 1", "row 1 is missing", 1],
      ["DELETE FROM audit WHERE seq > 4", "the trail ends at row 4", 5],
    ] as const
  ) {
    await using file = await sharedDatabase();
    using it = await leading({ path: file.path });
    for (let i = 0; i < 3; i++) {
      (await it.store.audit.begin(INTENT)).finish({ ok: false });
    }
    assert(verify(file.path).ok);
    attack(file.path, edit);
    const verdict = verify(file.path);
    assertEquals(verdict.ok, false, edit);
    assertEquals(verdict.first_bad_seq, seq, edit);
    assert(verdict.problem?.startsWith(problem), verdict.problem ?? "");
  }
});

Deno.test("AuditVerifier sees rows that were cut off the end with the head set back", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  const { stores, audit } = it.store;
  for (let i = 0; i < 3; i++) (await audit.begin(INTENT)).finish({ ok: true });
  const verifier = verifierOf(it.store);
  assertEquals((await verifier.verify()).problem, null);
  attack(file.path, CUT_TO_4);
  assert(verify(file.path).ok, "the file alone cannot tell");
  const verdict = await verifier.verify();
  assertEquals(verdict.ok, false);
  assertEquals(verdict.first_bad_seq, 5);
  assertEquals(
    verdict.problem,
    "the trail ends at row 4, but row 6 was written",
  );
  // What is written over the cut does not hide it.
  for (let i = 0; i < 3; i++) (await audit.begin(INTENT)).finish({ ok: true });
  assertEquals(stores.audit.written.map((link) => link.seq), [6, 10]);
  const later = await verifier.verify();
  assertEquals(later.first_bad_seq, 6);
  assertEquals(later.problem, "row 6 is not the one that conductor wrote");
  assertStringIncludes(audit.trouble ?? "", "row 6 is not there any more");
  assertEquals(
    it.log.lines.filter((line) =>
      line.message === "The audit trail was changed"
    )
      .length,
    1,
  );
});

Deno.test("AuditVerifier sees a chain that was made anew", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  for (let i = 0; i < 3; i++) {
    (await it.store.audit.begin(INTENT)).finish({ ok: true });
  }
  it.store.db.flush();
  attack(file.path, CUT_TO_4);
  // Another process writes the missing rows, as a stranger's hand would.
  using forger = automationAt({ path: file.path, instance: "forger" });
  (await forger.store.audit.begin(INTENT)).finish({ ok: true });
  forger.store.db.flush();
  assert(verify(file.path).ok);
  assertEquals((await verifierOf(it.store).verify()).first_bad_seq, 6);
});

Deno.test("AuditVerifier leaves others their turn, and reads once for all who ask", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  await Promise.all(
    Array.from({ length: 600 }, async () => {
      (await it.store.audit.begin(INTENT)).finish({ ok: true });
    }),
  );
  let pauses = 0;
  const verifier = verifierOf(it.store, () => {
    // Rows that come meanwhile are not in this view.
    void it.store.audit.begin(INTENT);
    pauses++;
  });
  const [one, two] = await Promise.all([verifier.verify(), verifier.verify()]);
  assertEquals(one.rows, 1200);
  assert(one.ok);
  assertEquals(one, two);
  assertEquals(pauses, 12);
});

Deno.test("AuditVerifier.look() tells at once how far it is, and begins a long reading seldom", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  const write = async () => {
    for (let n = 0; n < 60; n++) {
      (await it.store.audit.begin(INTENT)).finish({ ok: true });
    }
  };
  await write();
  let held = Promise.withResolvers<void>();
  const verifier = new AuditVerifier({
    path: it.store.db.path,
    remembered: () => it.store.stores.audit.written,
    pause: () => held.promise,
    clock: it.clock,
  });
  /** Looks, and waits as long as it may: a second. */
  const look = async () => {
    const looking = verifier.look(1000);
    await it.clock.advance(1000);
    return await looking;
  };
  const none = { verified: undefined, trouble: undefined };
  assertEquals(await look(), { ...none, reading: 100 });
  assertEquals(await look(), { ...none, reading: 100 });
  held.resolve();
  await verifier.verify();
  const { verified, reading } = await look();
  assertEquals(reading, undefined);
  assertEquals([verified?.verdict.ok, verified?.verdict.rows], [true, 120]);
  held = Promise.withResolvers<void>();
  await write();
  // The first one took 2 s: a look begins none for 20 s, one more after 18.
  await it.clock.advance(18_000);
  const early = await look();
  assertEquals([early.verified, early.reading], [verified, undefined]);
  await it.clock.advance(1000);
  const late = await look();
  assertEquals([late.verified, late.reading], [verified, 100]);
  held.resolve();
  await verifier.verify();
  const raw = new Connection(file.path);
  raw.exec("DROP TABLE audit_checkpoint");
  raw.close();
  await it.clock.advance(60_000);
  const broken = await look();
  assertEquals(broken.verified?.verdict.rows, 240);
  assertStringIncludes(broken.trouble ?? "", "audit_checkpoint");
});

Deno.test("AuditLog refuses what it cannot record when it is enforced", async () => {
  using it = await leading({ enforcedAudit: true });
  const running = await it.store.audit.begin(INTENT);
  it.store.db.run("PRAGMA query_only = ON");
  const refused = await assertRejects(
    () => it.store.audit.begin(INTENT),
    AppError,
    'Cannot start "exec"',
  );
  assertEquals(refused.code, "NOT_READY");
  running.finish({ ok: true });
  assert(it.store.audit.trouble !== undefined);
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(1000);
  assertEquals(it.store.audit.trouble, undefined);
  const rows = it.store.stores.audit.list({}, { limit: 9 }).items;
  assertEquals(rows.map((row) => row.phase), ["outcome", "intent"]);
});

Deno.test("AuditLog logs, counts and shows what it cannot record when it is on", async () => {
  using it = await leading();
  const running = await it.store.audit.begin(INTENT);
  it.store.db.run("PRAGMA query_only = ON");
  running.finish({ ok: true });
  await it.store.audit.begin(INTENT);
  assertEquals(
    it.log.lines.filter((line) => line.message.startsWith("Cannot record"))
      .length,
    2,
  );
  assertEquals(it.store.audit.lost, 1);
  assert(it.store.audit.trouble?.includes("1 outcomes wait, 1 rows were lost"));
  it.store.db.run("PRAGMA query_only = OFF");
  await it.store.audit.begin(INTENT);
  assertEquals(it.store.audit.trouble, undefined);
});

Deno.test("AuditLog is well again by itself after an outage, with no call in between", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  const { audit } = it.store;
  const entry = await audit.begin(INTENT);
  const other = new Connection(file.path);
  other.exec("BEGIN IMMEDIATE");
  await audit.begin(INTENT);
  entry.finish({ ok: true });
  assertEquals(
    audit.trouble,
    "the audit trail cannot be written: 1 outcomes wait, 1 rows were lost",
  );
  other.exec("ROLLBACK");
  await it.clock.advance(10_000);
  assertEquals(audit.trouble, undefined);
  assertEquals(verify(file.path).rows, 2);
  // Nothing waits now: that it can write again is found out all the same.
  other.exec("BEGIN IMMEDIATE");
  await audit.begin(INTENT);
  assert(audit.trouble !== undefined);
  other.exec("ROLLBACK");
  other.close();
  await it.clock.advance(10_000);
  assertEquals(audit.trouble, undefined);
  assertEquals(verify(file.path).rows, 2);
});

Deno.test("AuditLog writes an outcome before its call is answered, or soon, or when it is closed", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  const { audit } = it.store;
  const [now, soon, last] = [
    await audit.begin(INTENT),
    await audit.begin(INTENT),
    await audit.begin(INTENT),
  ];
  const open = () => verify(file.path).open_intents;
  await now.finish({ ok: true });
  assertEquals(open(), 2);
  await soon.finish({ ok: true }, { linger: true });
  assertEquals(open(), 2);
  await it.clock.advance(10);
  assertEquals(open(), 1);
  await last.finish({ ok: true }, { linger: true });
  audit.close();
  assertEquals(open(), 0);
});

Deno.test("AuditLog records many intents at once in one commit, in their order", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  let commits = 0;
  it.store.db.listen({ committed: () => commits++ });
  const entries = await Promise.all(
    Array.from({ length: 32 }, async (_, index) => {
      const entry = await it.store.audit.begin({
        ...INTENT,
        action: `a${index}`,
      });
      assertEquals(verify(file.path).open_intents, 32);
      return entry;
    }),
  );
  for (const entry of entries) entry.finish({ ok: true });
  assertEquals(commits, 1);
  const rows = it.store.stores.audit.list({}, { limit: 64 }).items.toReversed();
  assertEquals(commits, 2);
  assertEquals(
    rows.map(({ action }) => action),
    [0, 1].flatMap(() => Array.from({ length: 32 }, (_, i) => `a${i}`)),
  );
  assert(verify(file.path).ok);
});

Deno.test("AuditStore.list() filters by action and request, page by page", async () => {
  using it = await leading();
  for (let i = 0; i < 4; i++) {
    for (const action of ["exec", "files/read"]) {
      await it.store.audit.begin({
        action,
        actor: { name: "owner", source: "http", request_id: `req_${i % 2}` },
        target: {},
      });
    }
  }
  const { audit } = it.store.stores;
  const seqs = (filter: Parameters<typeof audit.list>[0]) =>
    audit.list(filter, { limit: 99 }).items.map((row) => row.seq);
  assertEquals(seqs({}), [8, 7, 6, 5, 4, 3, 2, 1]);
  assertEquals(seqs({ actions: ["exec"] }), [7, 5, 3, 1]);
  assertEquals(seqs({ request_id: "req_1" }), [8, 7, 4, 3]);
  assertEquals(seqs({ actions: ["exec"], request_id: "req_1" }), [7, 3]);
  const first = audit.list({ actions: ["exec"] }, { limit: 3 });
  const second = audit.list({ actions: ["exec"] }, {
    limit: 3,
    cursor: first.next_cursor ?? "",
  });
  assertEquals(second.items.map((row) => row.seq), [1]);
  assertEquals(second.next_cursor, null);
});
