import { VERSION } from "../../../shared/version.ts";
import { addressOf } from "../addresses.ts";
import { type Finding, ok, problem, script, warning } from "../finding.ts";
import { type Answer, ask, askData, inWords } from "../http_health.ts";
import { isRunning, type JobState } from "../launchd/job_state.ts";
import type { Jobs } from "../launchd/jobs.ts";
import type { Machine } from "../machine.ts";
import type { Values } from "../node_settings.ts";
import { whatLaunchdSays } from "../ready.ts";
import { type Service, type ServiceName, SERVICES } from "../services.ts";
import { listenersAt } from "./listener.ts";

/** What a running service is checked with. */
export interface ServiceCheckOptions {
  readonly settings: Values;
  readonly machine: Machine;
  /** Undefined on a machine without launchd. */
  readonly jobs: Jobs | undefined;
}

/** The names that the services give themselves. */
const OWN_NAMES: Readonly<Record<ServiceName, string>> = {
  conductor: "baa-conductor-daemon",
  codexd: "baa-codexd-daemon",
  "status-api": "baa-status-api",
};

/** Checks one service: launchd's job, port, probe, version, loopback. */
export async function serviceChecks(
  name: ServiceName,
  options: ServiceCheckOptions,
): Promise<readonly Finding[]> {
  const service = SERVICES[name];
  const base = addressOf(service, options.settings);
  const jobs = await options.jobs?.find(service);
  const launchd = jobs === undefined ? [] : jobChecks(service, jobs);
  const answer = await ask(base, "/healthz");
  if (answer.status === undefined) {
    return [...launchd, await silence(service, { ...options, base, answer })];
  }
  const version = await askData(base, "/version");
  if (version?.["name"] !== OWN_NAMES[name]) {
    return [...launchd, await stranger(service, { ...options, base })];
  }
  return [
    ...launchd,
    await holderCheck(service, { base, jobs, machine: options.machine }),
    await probeCheck(service, base),
    versionCheck(service, version["version"]),
    ...await loopbackCheck(service, base),
  ].filter((it) => it !== undefined);
}

function jobChecks(
  { name, label }: Service,
  jobs: readonly JobState[],
): readonly Finding[] {
  const [job, second] = jobs;
  if (job === undefined) {
    return [
      problem(
        name,
        `${label} is not loaded into launchd`,
        script("start-launchd", "--service", name),
      ),
    ];
  }
  if (second !== undefined) {
    return [problem(
      name,
      `it is loaded twice, as ${job.target} and ${second.target}: one of them ` +
        "fails for ever",
      script("restart-launchd", "--service", name),
    )];
  }
  if (!isRunning(job)) {
    return [problem(
      name,
      `it is loaded and does not run: ${whatLaunchdSays(job)}`,
      `status-launchd.sh --service ${name} shows what it printed; then ` +
        script("restart-launchd", "--service", name),
    )];
  }
  const words = whatLaunchdSays(job);
  const hasFailed = job.lastExit !== undefined && job.lastExit !== "0";
  return [
    hasFailed
      ? warning(
        name,
        `it has failed before: ${words}`,
        `status-launchd.sh --service ${name}, and the logs folder`,
      )
      : ok(name, words),
  ];
}

async function silence(
  { name, address }: Service,
  { base, answer, machine, jobs }: ServiceCheckOptions & {
    readonly base: string;
    readonly answer: Answer;
  },
): Promise<Finding> {
  const [holder] = await listenersAt(base, machine.run);
  if (holder !== undefined) {
    return problem(
      name,
      `${holder.command} (pid ${holder.pid}) listens at ${base} and does not ` +
        `answer: ${inWords(answer)}`,
      `if it is yours, stop it (kill ${holder.pid}); else change ${address}`,
    );
  }
  return problem(
    name,
    `no answer at ${base}: ${inWords(answer)}`,
    jobs === undefined
      ? "deno task start"
      : script("start-launchd", "--service", name),
  );
}

async function stranger(
  { name, address }: Service,
  { base, machine }: ServiceCheckOptions & { readonly base: string },
): Promise<Finding> {
  const [holder] = await listenersAt(base, machine.run);
  const who = holder === undefined
    ? "something else"
    : `${holder.command} (pid ${holder.pid})`;
  return problem(
    name,
    `${who} answers at ${base}: it is not ${name}`,
    `if it is yours, stop it${
      holder === undefined ? "" : ` (kill ${holder.pid})`
    }; else change ${address} in scripts/runtime/mini.env and run ` +
      script("install-mini"),
  );
}

/** Finds a second copy, e.g. of `deno task start`, that took the job's port. */
async function holderCheck(
  { name }: Service,
  options: {
    readonly base: string;
    readonly jobs: readonly JobState[] | undefined;
    readonly machine: Machine;
  },
): Promise<Finding | undefined> {
  const { base, jobs, machine } = options;
  const pid = jobs?.[0]?.pid;
  const holders = await listenersAt(base, machine.run);
  if (pid === undefined || holders.length === 0) return undefined;
  if (holders.some((it) => it.pid === pid)) return undefined;
  const [holder] = holders;
  return problem(
    name,
    `another copy (pid ${holder?.pid}) has the port; launchd's is pid ${pid}`,
    `stop the other one, e.g. a terminal with deno task start (kill ${holder?.pid})`,
  );
}

async function probeCheck(service: Service, base: string): Promise<Finding> {
  const answer = await ask(base, service.probe);
  const health = await askData(base, "/health");
  const because = [health?.["reasons"], health?.["degraded"]].flat().filter(
    (it): it is string => typeof it === "string",
  );
  const seen = `${service.probe} says "${inWords(answer)}"` +
    (because.length === 0 ? "" : `: ${because.join("; ")}`);
  if (answer.status !== 200) {
    return problem(service.name, seen, "see the reasons; then the logs folder");
  }
  return because.length === 0
    ? ok(service.name, seen)
    : warning(service.name, seen, "see the reasons");
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
