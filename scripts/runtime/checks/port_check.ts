import {
  type Finding,
  inWords,
  type Machine,
  type ProbeAnswer,
  problem,
  type RunCommand,
  script,
  type Service,
} from "../node/mod.ts";
import type { JobState } from "../launchd/mod.ts";

/**
 * Tells what is wrong with a service's port: nobody answers, somebody else
 * does, or a second copy, e.g. of `deno task start`. Never touches them.
 */
export async function portCheck(
  service: Service,
  facts: PortFacts,
): Promise<Finding | undefined> {
  const { base, answer, isService, machine } = facts;
  const listeners = await listenersAt(base, machine.run);
  const [holder] = listeners;
  if (answer.status === undefined) return silence(service, holder, facts);
  if (!isService) return stranger(service, holder, facts);
  const pid = facts.jobs?.[0]?.pid;
  const isOurs = pid === undefined || holder === undefined ||
    listeners.some((it) => it.pid === pid);
  return isOurs ? undefined : problem(
    service.name,
    `another copy (pid ${holder.pid}) has the port; launchd's is pid ${pid}`,
    `end the other one, e.g. a terminal with deno task start (kill ${holder.pid})`,
  );
}

/** What is known of a service's port. */
interface PortFacts {
  readonly base: string;
  readonly answer: ProbeAnswer;
  /** Whether what answers says that it is the service. */
  readonly isService: boolean;
  /** launchd's jobs; undefined on a machine without launchd. */
  readonly jobs: readonly JobState[] | undefined;
  readonly machine: Machine;
}

function silence(
  { name, address }: Service,
  holder: Listener | undefined,
  { base, answer, jobs }: PortFacts,
): Finding {
  if (holder === undefined) {
    return problem(
      name,
      `no answer at ${base}: ${inWords(answer)}`,
      jobs === undefined
        ? "deno task start"
        : script("start-launchd", "--service", name),
    );
  }
  return problem(
    name,
    `${holder.command} (pid ${holder.pid}) listens at ${base} and does not ` +
      `answer: ${inWords(answer)}`,
    `if it is yours, end it (kill ${holder.pid}); else change ${address}`,
  );
}

function stranger(
  { name, address }: Service,
  holder: Listener | undefined,
  { base }: PortFacts,
): Finding {
  const who = holder === undefined
    ? "something else"
    : `${holder.command} (pid ${holder.pid})`;
  const how = holder === undefined ? "" : ` (kill ${holder.pid})`;
  return problem(
    name,
    `${who} answers at ${base}: it is not ${name}`,
    `if it is yours, end it${how}; else change ${address} in ` +
      `scripts/runtime/mini.env and run ${script("install-mini")}`,
  );
}

interface Listener {
  readonly pid: number;
  readonly command: string;
}

/**
 * Tells who listens on the port of `base`; empty when nobody does or when this
 * user may not know.
 */
async function listenersAt(
  base: string,
  run: RunCommand,
): Promise<readonly Listener[]> {
  const port = new URL(base).port || "80";
  const { stdout } = await run(
    ["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"],
    { timeoutMs: 5000 },
  );
  const listeners: Listener[] = [];
  let pid: number | undefined;
  for (const line of stdout.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    if (line.startsWith("c") && pid !== undefined) {
      listeners.push({ pid, command: line.slice(1) });
    }
  }
  return listeners;
}
