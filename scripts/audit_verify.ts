// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Verifies the chain of the audit trail; exits with 1 when it was edited.
 *
 * Usage: deno run -A scripts/audit_verify.ts [database]
 */
import { Database } from "@db/sqlite";
import { join } from "@std/path";
import { readConductorConfig } from "../conductor/config.ts";
import { verifyAudit } from "../conductor/record/mod.ts";
import { messageOf } from "../shared/errors.ts";

try {
  const path = Deno.args[0] ?? ownDatabase();
  const database = new Database(path, {
    readonly: true,
    create: false,
    int64: true,
    parseJson: false,
  });
  const verdict = verifyAudit(database);
  database.close();
  console.log(JSON.stringify(verdict, null, 2));
  Deno.exit(verdict.ok ? 0 : 1);
} catch (error) {
  console.error(`Cannot verify the audit trail: ${messageOf(error)}`);
  Deno.exit(1);
}

function ownDatabase(): string {
  const { stateDir } = readConductorConfig((name) => Deno.env.get(name));
  return join(stateDir, "conductor.db");
}
