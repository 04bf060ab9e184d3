import type { AuditEntry, AuditFacts } from "../shared/audit.ts";
import { maskSecrets } from "../shared/mask_secrets.ts";
import { cutText } from "../shared/redact.ts";
import type { ExecInput, HostOpError } from "./results.ts";
import type { HostOperation } from "./schemas.ts";

/** What an outcome tells the audit: sizes, codes and times, no contents. */
const FACTS: Readonly<Record<HostOperation, readonly string[]>> = {
  exec: ["exitCode", "signal", "durationMs", "stdoutBytes", "stderrBytes"],
  "files/read": ["bytesRead", "sizeBytes", "offset"],
  "files/write": ["bytesWritten", "created", "atomic", "sha256"],
  "files/edit": [
    "replacements",
    "bytesWritten",
    "atomic",
    "sha256Before",
    "sha256",
  ],
};

/**
 * Records how an operation ended: sizes and codes, never what was said. Of one
 * that changed nothing, the answer does not wait for it.
 */
export function finishAudit(
  entry: AuditEntry,
  { ok, operation, error, result = {} }: Finished,
): Promise<void> {
  const facts = Object.entries(result)
    .filter(([name]) => FACTS[operation].includes(name));
  return entry.finish({
    ok,
    ...(error && { code: error.code }),
    ...(facts.length > 0 && { facts: Object.fromEntries(facts) }),
  }, { linger: operation === "files/read" });
}

interface Finished {
  readonly ok: boolean;
  readonly operation: HostOperation;
  readonly error?: HostOpError;
  readonly result?: object | undefined;
}

/** How much of a command stands in an audit row. */
const SHOWN_CHARS = 1024;
/** A secret at the cut must be seen whole to be known as one. */
const READ_CHARS = 4 * SHOWN_CHARS;

/** What a command acts on. Environment values and standard input stay out of it. */
export function execTarget(input: ExecInput): AuditFacts {
  const { args, cwd, env, stdin } = input;
  return {
    cwd,
    [args === undefined ? "command" : "args"]: shown(execCommandLine(input)),
    ...(env !== undefined && {
      envNames: cutText(Object.keys(env).join(" "), SHOWN_CHARS),
    }),
    ...(stdin !== undefined && { stdinLength: stdin.length }),
  };
}

/** Returns what a command runs, on one line as a person would type it. */
export function execCommandLine({ args, command }: ExecInput): string {
  return args === undefined ? command ?? "" : args.map(readable).join(" ");
}

function shown(command: string): string {
  return cutText(maskSecrets(command.slice(0, READ_CHARS)), SHOWN_CHARS);
}

/** An argument as a person would type it, so that secrets are known by their place. */
function readable(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument)
    ? argument
    : JSON.stringify(argument);
}
