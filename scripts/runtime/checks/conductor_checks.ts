import type { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { backupFiles, verifyAudit } from "../../../conductor/record/mod.ts";
import { messageOf } from "../../../shared/errors.ts";
import { readDatabase } from "../../database.ts";
import {
  ask,
  type Finding,
  inWords,
  ok,
  problem,
  script,
  warning,
} from "../node/mod.ts";
import { descriptorsCheck } from "./descriptors_check.ts";
import { knowsToken } from "./knows_token.ts";
import { remedyFor } from "./remedies.ts";

/**
 * Checks conductor's role and its way to codexd. Where a token is set, only
 * once whoever answers there has proven to know it.
 */
export async function conductorChecks(
  options: ConductorCheckOptions,
): Promise<readonly Finding[]> {
  const stranger = await strangerCheck(options);
  if (stranger !== undefined) return [stranger];
  return [
    ...await roleCheck(options),
    ...await codexCheck(options),
    ...await descriptorsCheck(options.base, options.token),
  ];
}

interface ConductorCheckOptions {
  readonly base: string;
  readonly token: string | undefined;
}

async function strangerCheck(
  { base, token }: ConductorCheckOptions,
): Promise<Finding | undefined> {
  if (token === undefined || await knowsToken(base, token)) return undefined;
  return problem(
    "conductor",
    `what answers at ${base} does not prove that it knows the token: ` +
      "the token was not sent, and nothing more was asked",
    "if conductor was started with another token or is an older one: " +
      `${script("restart-launchd")}; else look who holds the port`,
  );
}

async function roleCheck(
  { base }: ConductorCheckOptions,
): Promise<readonly Finding[]> {
  const answer = await ask(base, "/rolez");
  if (answer.status === undefined) return [];
  return [
    answer.line === "leader" ? ok("role", "leader") : warning(
      "role",
      `${answer.line}: another conductor on this database leads, and this one ` +
        "refuses automation writes",
      `curl '${base}/v1/controllers?pretty' names the leader`,
    ),
  ];
}

/** Whether conductor reaches codexd; what ails codexd itself it says there. */
async function codexCheck(
  { base, token }: ConductorCheckOptions,
): Promise<readonly Finding[]> {
  const answer = await ask(base, "/v1/codex", { token });
  if (answer.status === undefined) return [];
  if (answer.status === 401) {
    return [warning(
      "codex",
      "conductor wants its token: its way to codexd was not checked",
      "run this as the owner of the token file",
    )];
  }
  const { reachable, codexd } = answer.data ?? {};
  return [
    reachable === true ? ok("codex", "conductor reaches codexd") : problem(
      "codex",
      String(answer.data?.["reason"] ?? inWords(answer)),
      script("start-launchd", "--service", "codexd"),
    ),
    // With a token set codexd tells it to nobody who cannot prove who asks.
    ...(token === undefined ? [] : troubleIn(codexd)).map((it) =>
      warning("codexd", it, remedyFor(it, "codexd"))
    ),
  ];
}

function troubleIn(codexd: unknown): readonly string[] {
  const { degraded_reasons } = (codexd ?? {}) as Readonly<
    Record<string, unknown>
  >;
  return [degraded_reasons].flat().filter((it) => typeof it === "string");
}

/** Reads the whole database once, and the audit trail in it. */
export async function databaseCheck(path: string): Promise<Finding[]> {
  if (!await exists(path)) {
    return [warning(
      "database",
      `there is no ${path} yet`,
      "it is made at conductor's first start",
    )];
  }
  try {
    return readDatabase(path, (it) => [integrityFinding(it), auditFinding(it)]);
  } catch (error) {
    return [broken(path, messageOf(error))];
  }
}

/** Whether there is a backup that is not older than a day. */
export function backupCheck(folder: string, now: number): Finding {
  const remedy = "conductor makes one at its start when one is due, and each " +
    "night at 03:00: its log and GET /health say why it did not";
  const newest = backupFiles(folder).find(({ verified }) => verified);
  if (newest === undefined) return warning("backup", "there is none", remedy);
  const { path, size_bytes, created_at } = newest;
  const seen = `${path}, ${size_bytes} bytes, of ${created_at}`;
  const isOld = now - Date.parse(created_at) > MOST_OLD_MS;
  return isOld ? warning("backup", `${seen}: older than a day`, remedy) : ok(
    "backup",
    seen,
  );
}

/** A backup takes its time, and clocks go back an hour in autumn. */
const MOST_OLD_MS = 26 * 3_600_000;

function integrityFinding(database: Database): Finding {
  const rows = database.prepare("PRAGMA integrity_check(5)").values();
  const said = rows.map(([row]) => String(row));
  return said.length === 1 && said[0] === "ok"
    ? ok("database", `${database.path} is whole`)
    : broken(database.path, said.join("; "));
}

function auditFinding(database: Database): Finding {
  const verdict = verifyAudit(database);
  return verdict.problem === null
    ? ok("audit", `${verdict.rows} rows, the chain is whole`)
    : problem(
      "audit",
      `the trail was changed: ${verdict.problem}`,
      "compare with a backup: deno task audit-verify names the row",
    );
}

function broken(path: string, reason: string): Finding {
  return problem(
    "database",
    `${path} is damaged: ${reason}`,
    `${script("stop-launchd")}, put a backup in its place, ${
      script("start-launchd")
    }`,
  );
}
