import type { AuditEntry, AuditFacts } from "../shared/audit.ts";
import { MOST_CHARACTERS, redactCommand } from "./redact.ts";
import type { ExecInput, HostOpError } from "./results.ts";
import type { HostOperation } from "./schemas.ts";

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
