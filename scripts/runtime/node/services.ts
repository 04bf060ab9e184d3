import { CODEX_VARIABLES } from "../../../codexd/app_server/mod.ts";
import { CODEXD_SETTINGS } from "../../../codexd/config.ts";
import { CONDUCTOR_SETTINGS } from "../../../conductor/config.ts";
import { STATUS_API_SETTINGS } from "../../../conductor/status/api/mod.ts";
import { SETTINGS, type Settings } from "../../../shared/config/mod.ts";
import type { Program } from "../../permissions.ts";
import type { Variables } from "./node_settings.ts";

/** The services by the names that people type. */
export const SERVICE_NAMES = ["conductor", "codexd", "status-api"] as const;
export type ServiceName = typeof SERVICE_NAMES[number];

/** What every command handles unless `--service` says otherwise. */
export const DEFAULT_SERVICES: readonly ServiceName[] = ["conductor", "codexd"];

/** What launchd and the checks need to know of a service. */
export interface Service {
  readonly name: ServiceName;
  /** launchd's name of the job. */
  readonly label: string;
  readonly program: Program;
  /** What the program is told after its name. */
  readonly arguments: readonly string[];
  readonly variables: ReadonlySet<string>;
  /** The variable that holds the service's address. */
  readonly address:
    | "BAA_CONDUCTOR_LOCAL_API"
    | "BAA_CODEXD_LOCAL_API"
    | "BAA_STATUS_API";
  /** Answers 200 once the service does its work. */
  readonly probe: "/readyz" | "/healthz";
}

function namesOf(settings: Settings): ReadonlySet<string> {
  return new Set(Object.values(settings).map((it) => it.variable));
}

/** The services. The wrapper is a sub-command of conductor's program. */
export const SERVICES: Readonly<Record<ServiceName, Service>> = {
  conductor: {
    name: "conductor",
    label: "so.makefile.baa-conductor",
    program: "conductor",
    arguments: [],
    variables: namesOf(CONDUCTOR_SETTINGS),
    address: "BAA_CONDUCTOR_LOCAL_API",
    probe: "/readyz",
  },
  codexd: {
    name: "codexd",
    label: "so.makefile.baa-codexd",
    program: "codexd",
    arguments: [],
    variables: namesOf(CODEXD_SETTINGS).union(new Set(CODEX_VARIABLES)),
    address: "BAA_CODEXD_LOCAL_API",
    probe: "/healthz",
  },
  "status-api": {
    name: "status-api",
    label: "so.makefile.baa-status-api",
    program: "conductor",
    arguments: ["status-api"],
    variables: namesOf(STATUS_API_SETTINGS),
    address: "BAA_STATUS_API",
    probe: "/healthz",
  },
};

const DEFAULTS = {
  BAA_CONDUCTOR_LOCAL_API: SETTINGS.conductorLocalApi.fallback,
  BAA_CODEXD_LOCAL_API: SETTINGS.codexdLocalApi.fallback,
  BAA_STATUS_API: SETTINGS.statusApi.fallback,
} as const;

/** Returns where a service answers under some settings. */
export function addressOf(
  service: Pick<Service, "address">,
  settings: Variables,
): string {
  return settings[service.address] || DEFAULTS[service.address] || "";
}
