import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import {
  AUDIT_COLUMNS,
  AUDIT_FORMULA,
  auditHash,
  type AuditRecord,
  auditValues,
} from "./audit_hash.ts";

const RECORD: AuditRecord = {
  seq: 7,
  entry_id: "entry_1",
  phase: "outcome",
  at: 1_767_225_600_000,
  action: "exec",
  controller_id: "mini-main",
  instance_id: "one",
  source: "http",
  request_id: "req_1",
  remote_address: "127.0.0.1",
  task_id: null,
  run_id: null,
  target: '{"command":"true"}',
  ok: 1,
  code: null,
  facts: '{"exit_code":0}',
  actor: "owner",
};

function byHand(values: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}

Deno.test("auditHash() covers the hash before and each column of a row, in order", () => {
  const values = auditValues(RECORD);
  assertEquals(values.length, Object.keys(RECORD).length);
  assertEquals(auditHash("", values), byHand(["", ...values]));
  assertEquals(auditHash("abc", values), byHand(["abc", ...values]));
  for (const name of AUDIT_COLUMNS) {
    const other = auditValues({ ...RECORD, [name]: "another" });
    assert(auditHash("", other) !== auditHash("", values), name);
  }
});

Deno.test("auditHash() leaves out an actor that older programs did not write, and no other null", () => {
  const values = auditValues({ ...RECORD, actor: null });
  assertEquals(auditHash("", values), byHand(["", ...values.slice(0, -1)]));
});

Deno.test("AUDIT_FORMULA names what a hash covers, in its order", () => {
  const words = AUDIT_FORMULA.slice(AUDIT_FORMULA.indexOf("["));
  const places = AUDIT_COLUMNS.map((name) =>
    words.search(new RegExp(`[ ,]${name}\\b`))
  );
  assert(places.every((it) => it > 0), `${places}`);
  assertEquals(places, places.toSorted((a, b) => a - b));
  assert(AUDIT_FORMULA.includes("SHA-256"));
});
