import { VERSION } from "../../../shared/version.ts";
import {
  addressOf,
  ask,
  type Finding,
  inWords,
  type Machine,
  ok,
  problem,
  script,
  type Service,
  type ServiceName,
  SERVICES,
  type Variables,
  warning,
} from "../node/mod.ts";
import type { Jobs } from "../launchd/mod.ts";
import { jobCheck } from "./job_check.ts";
import { knowsToken } from "./knows_token.ts";
import { portHolders } from "./port_holders.ts";
import { portCheck, strangerFinding } from "./port_check.ts";
import { remedyFor } from "./remedies.ts";

/**
 * Checks one service: launchd's job, port, probe, version, loopback. Another
 * program on its port is asked nothing; what says that it is one, nothing more.
 */
export async function serviceChecks(
  name: ServiceName,
  { settings, machine, token, ...options }: ServiceCheckOptions,
): Promise<{
  readonly findings: readonly Finding[];
  readonly isService: boolean;
}> {
  const service = SERVICES[name];
  const base = addressOf(service, settings);
  const jobs = await options.jobs?.find(service);
  const job = jobs && jobCheck(service, { jobs });
  const findings: Finding[] = job === undefined ? [] : [job];
  const listeners = await portHolders(base, { service, run: machine.run });
  const [holder] = listeners ?? [];
  if (holder !== undefined && !listeners?.some((it) => it.isOurs)) {
    findings.push(strangerFinding(service, { base, holder }));
    return { findings, isService: false };
  }
  const answer = await ask(base, "/healthz");
  const { data: version } = await ask(base, "/version");
  const isService = version?.["name"] === OWN_NAMES[name];
  const { start } = options;
  const facts = { base, answer, isService, jobs, listeners, start };
  const port = portCheck(service, facts);
  // That nobody answers where launchd runs nothing is one fault, with one fix.
  const isSaid = job?.level === "problem" && answer.status === undefined &&
    holder === undefined;
  if (port !== undefined && !isSaid) findings.push(port);
  if (isService) {
    findings.push(
      ...await probeChecks(service, {
        base,
        token: await forService(service, { base, token }),
      }),
      versionCheck(service, version["version"]),
      ...await loopbackCheck(service, base),
    );
  }
  return { findings, isService };
}

interface ServiceCheckOptions {
  readonly settings: Variables;
  readonly machine: Machine;
  /** Undefined on a machine without launchd. */
  readonly jobs: Jobs | undefined;
  /** What starts the services on this node. */
  readonly start: string;
  readonly token: string | undefined;
}

/** The token, if the service has proven to know it; codexd's reasons conductor tells. */
async function forService(
  { name }: Service,
  { base, token }: {
    readonly base: string;
    readonly token: string | undefined;
  },
): Promise<string | undefined> {
  const isAsked = name === "conductor" && token !== undefined;
  return isAsked && await knowsToken(base, token) ? token : undefined;
}

/** The names that the services give themselves. */
const OWN_NAMES: Readonly<Record<ServiceName, string>> = {
  conductor: "baa-conductor-daemon",
  codexd: "baa-codexd-daemon",
  "status-api": "baa-status-api",
};

async function probeChecks(
  { name, probe }: Service,
  { base, token }: {
    readonly base: string;
    readonly token: string | undefined;
  },
): Promise<readonly Finding[]> {
  const answer = await ask(base, probe);
  // Why it is not well a service tells its owner alone.
  const { data: health } = await ask(base, "/health", { token });
  const seen = `${probe} says "${inWords(answer)}"`;
  const fix = (reason: string) => remedyFor(reason, name);
  const degraded = textsOf(health?.["degraded"])
    .map((it) => warning(name, it, fix(it)));
  if (answer.status === 200) return [ok(name, seen), ...degraded];
  const reasons = textsOf(health?.["reasons"]);
  return [
    ...[seen, ...reasons].map((it) => problem(name, it, fix(it))),
    ...degraded,
  ];
}

function textsOf(value: unknown): readonly string[] {
  return [value].flat().filter((it) => typeof it === "string");
}

function versionCheck({ name }: Service, version: unknown): Finding {
  return version === VERSION ? ok(name, `version ${VERSION}`) : warning(
    name,
    `version ${version} runs, the sources are ${VERSION}`,
    script("install-mini"),
  );
}

/** On a node whose tailnet is away, loopback is what still answers. */
async function loopbackCheck(
  { name }: Service,
  base: string,
): Promise<readonly Finding[]> {
  const { hostname, port } = new URL(base);
  if (name !== "conductor" || /^(127\.|localhost$|\[::1\]$)/.test(hostname)) {
    return [];
  }
  const loopback = `http://127.0.0.1:${port || "80"}`;
  const answer = await ask(loopback, "/healthz");
  return [
    answer.status === 200
      ? ok(name, `answers at ${loopback} as well`)
      : problem(
        name,
        `does not answer at ${loopback}: ${inWords(answer)}`,
        script("restart-launchd", "--service", name),
      ),
  ];
}
