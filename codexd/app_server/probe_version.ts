import type { Job, ProcessGroups } from "../../host_ops/process/mod.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Fault } from "../../shared/contracts/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import { readLines } from "../../shared/lines.ts";
import { within } from "../../shared/wait.ts";
import { findVersion, isSupported, SUPPORTED_VERSIONS } from "./version.ts";

const PATIENCE_MS = 3000;
/** For output that is still in the pipe. */
const DRAIN_MS = 100;
/** What a shell says when a program cannot be run at all. */
const CANNOT_RUN = [126, 127];

/**
 * Asks a program for its version. One that answers in another form is let pass:
 * the handshake tells more.
 */
export async function probeVersion(
  program: string,
  options: ProbeOptions,
): Promise<Probed> {
  const fix = `Install Codex ${SUPPORTED_VERSIONS} or set BAA_CODEX_BIN to it`;
  const cannotRun = (why: string) => ({
    fault: { reason: `Cannot run Codex "${program}": ${why}`, fix },
  });
  let found: { code: number; stdout: string; stderr: string };
  try {
    found = await run([program, "--version"], options);
  } catch (error) {
    return cannotRun(messageOf(error));
  }
  if (CANNOT_RUN.includes(found.code)) {
    return cannotRun(found.stderr.trim().slice(0, 300));
  }
  const version = findVersion(found.stdout);
  if (version === undefined || isSupported(version)) return { version };
  const reason =
    `Cannot use Codex ${version}: supported is ${SUPPORTED_VERSIONS}`;
  return { version, fault: { reason, fix } };
}

interface ProbeOptions extends Required<Pick<Job, "env" | "cwd">> {
  readonly start: ProcessGroups["startPiped"];
  readonly clock: Clock;
}

/** What a program says of itself: its version, or what is wrong with it. */
interface Probed {
  readonly version?: string | undefined;
  readonly fault?: Fault;
}

async function run(
  argv: readonly string[],
  { start, env, cwd, clock }: ProbeOptions,
) {
  const child = await start({ argv, env, cwd });
  const done = new AbortController();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const options = { maxChars: 65_536, signal: done.signal };
    const text: string[] = [];
    try {
      for await (const lines of readLines(stream, options)) text.push(...lines);
    } catch {
      // It talks too much for a version.
    }
    return text.join("\n");
  };
  const output = Promise.all([read(child.stdout), read(child.stderr)]);
  await child.stdin.close().catch(() => {});
  await within(child.status, { ms: PATIENCE_MS, clock });
  await child.end();
  const { code } = await child.status;
  await within(output, { ms: DRAIN_MS, clock });
  done.abort();
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}
