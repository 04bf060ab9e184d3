import type {
  AuditActor,
  AuditEntry,
  AuditFacts,
  AuditPort,
} from "../shared/audit.ts";
import { AuditRefused } from "../shared/audit.ts";
import { AppError } from "../shared/errors.ts";
import { MOST_CHARACTERS, redactCommand } from "./redact.ts";
import type {
  ExecExit,
  ExecInput,
  ExecOutcome,
  FileReadOutcome,
  FileWriteOutcome,
  HostOpResult,
} from "./results.ts";
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

/** Records how an operation ended: sizes and codes, never what was said. */
export function finishAudit(
  entry: AuditEntry,
  outcome: HostOpResult | ExecExit,
): void {
  const facts = factsOf(outcome);
  entry.finish({
    ok: outcome.ok,
    ...(!outcome.ok && { code: outcome.error.code }),
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

function factsOf(
  outcome: ExecOutcome | ExecExit | FileReadOutcome | FileWriteOutcome,
): AuditFacts | undefined {
  const { result } = outcome;
  if (result === undefined) return undefined;
  if ("stdoutBytes" in result) {
    const { exitCode, signal, durationMs, stdoutBytes, stderrBytes } = result;
    return { exitCode, signal, durationMs, stdoutBytes, stderrBytes };
  }
  if ("bytesRead" in result) {
    const { bytesRead, sizeBytes, offset } = result;
    return { bytesRead, sizeBytes, offset };
  }
  if ("bytesWritten" in result) {
    const { bytesWritten, created, sha256 } = result;
    return { bytesWritten, created, sha256 };
  }
  return undefined;
}
