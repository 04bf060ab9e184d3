import type {
  AuditActor,
  AuditEntry,
  AuditFacts,
  AuditPort,
} from "../shared/audit.ts";
import { AuditRefused } from "../shared/audit.ts";
import { AppError } from "../shared/errors.ts";
import { MOST_CHARACTERS, redactCommand } from "./redact.ts";
import type { ExecInput, HostOpError } from "./results.ts";
import type { HostOperation } from "./schemas.ts";

/**
 * Records that an operation is about to be done.
 *
 * @throws {AppError} `NOT_READY` when that cannot be recorded and has to be.
 */
export function beginAudit(
  audit: AuditPort,
  intent: {
    readonly operation: HostOperation;
    readonly actor: AuditActor;
    readonly target: AuditFacts;
  },
): AuditEntry {
  const { operation, actor, target } = intent;
  try {
    return audit.begin({
      action: operation,
      actor,
      target: { operation, ...target },
    });
  } catch (error) {
    if (!(error instanceof AuditRefused)) throw error;
    throw new AppError(
      "NOT_READY",
      `Cannot do ${operation}: audit is enforced and cannot be written`,
      { cause: error },
    );
  }
}

/** What an outcome tells the audit: sizes, codes and times, no contents. */
const FACTS: Readonly<Record<HostOperation, readonly string[]>> = {
  exec: ["exitCode", "signal", "durationMs", "stdoutBytes", "stderrBytes"],
  "files/read": ["bytesRead", "sizeBytes", "offset"],
  "files/write": ["bytesWritten", "created", "sha256"],
};

interface Finished {
  readonly ok: boolean;
  readonly operation: HostOperation;
  readonly error?: HostOpError;
  readonly result?: object | undefined;
}

/** Records how an operation ended: sizes and codes, never what was said. */
export function finishAudit(entry: AuditEntry, outcome: Finished): void {
  const { ok, error } = outcome;
  const facts = factsOf(outcome);
  entry.finish({
    ok,
    ...(error && { code: error.code }),
    ...(facts && { facts }),
  });
}

/** What a command acts on. Environment values and standard input stay out of it. */
export function execTarget(input: ExecInput): AuditFacts {
  const { args, command, cwd, env, stdin } = input;
  return {
    cwd,
    ...(args === undefined
      ? { command: redactCommand(command ?? "") }
      : { args: redactCommand(args.map(readable).join(" ")) }),
    ...(env !== undefined && {
      envNames: Object.keys(env).join(" ").slice(0, MOST_CHARACTERS),
    }),
    ...(stdin !== undefined && { stdinLength: stdin.length }),
  };
}

/** An argument as a person would type it, so that secrets are known by their place. */
function readable(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument)
    ? argument
    : JSON.stringify(argument);
}

function factsOf({ operation, result }: Finished): AuditFacts | undefined {
  const facts = Object.entries(result ?? {})
    .filter(([name]) => FACTS[operation].includes(name));
  return facts.length === 0 ? undefined : Object.fromEntries(facts);
}
