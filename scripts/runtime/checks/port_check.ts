import {
  type Finding,
  inWords,
  type ProbeAnswer,
  problem,
  script,
  type Service,
} from "../node/mod.ts";
import type { JobState } from "../launchd/mod.ts";
import type { PortHolder } from "./port_holders.ts";

/**
 * Tells what is wrong with a service's port: nobody answers, somebody else
 * does, or a second copy, e.g. of `deno task start`. Never touches them.
 */
export function portCheck(
  service: Service,
  facts: PortFacts,
): Finding | undefined {
  const { base, answer, isService, listeners = [] } = facts;
  const [holder] = listeners;
  if (answer.status === undefined) return silence(service, holder, facts);
  if (!isService) return strangerFinding(service, { base, holder });
  const pid = facts.jobs?.[0]?.pid;
  const isOurs = pid === undefined || holder === undefined ||
    listeners.some((it) => it.pid === pid);
  return isOurs ? undefined : problem(
    service.name,
    `another copy, ${holder.who}, has the port; launchd's is pid ${pid}`,
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
  readonly listeners: readonly PortHolder[] | undefined;
  /** What starts the service, where launchd does not have it. */
  readonly start: string;
}

function silence(
  { name, address }: Service,
  holder: PortHolder | undefined,
  { base, answer, jobs, start }: PortFacts,
): Finding {
  if (holder === undefined) {
    return problem(
      name,
      `no answer at ${base}: ${inWords(answer)}`,
      jobs === undefined ? start : script("start-launchd", "--service", name),
    );
  }
  return problem(
    name,
    `${holder.who} listens at ${base} and does not answer: ${inWords(answer)}`,
    `if it is yours, end it (kill ${holder.pid}); else change ${address}`,
  );
}

/** Somebody else has the port; who, where that is known. */
export function strangerFinding(
  { name, address }: Service,
  { base, holder }: {
    readonly base: string;
    readonly holder: PortHolder | undefined;
  },
): Finding {
  const end = holder === undefined
    ? "end it"
    : holder.pid === undefined
    ? `end it (sudo lsof -nP -iTCP:${new URL(base).port || 80} names it)`
    : `end it (kill ${holder.pid})`;
  return problem(
    name,
    holder === undefined
      ? `something else answers at ${base}: it is not ${name}`
      : `${holder.who} holds ${base}: it is not ${name}, which cannot start; ` +
        "nothing was sent to it",
    `if it is yours, ${end}; else change ${address} in ` +
      `scripts/runtime/mini.env and run ${script("install-mini")}`,
  );
}
