import {
  environmentFor,
  forSession,
  type Installation,
  type LaunchdJob,
  type LaunchdSession,
  outputPath,
  parseJob,
  plistPath,
  programPath,
  type Service,
  type ServiceName,
  SERVICES,
} from "../node/mod.ts";

/** Returns the job of `service`: the template's keys and this node's own. */
export function renderJob(
  service: Service,
  options: {
    readonly installation: Installation;
    readonly session: LaunchdSession;
    /** The keys that all jobs have in common. */
    readonly template: LaunchdJob;
  },
): LaunchdJob {
  const { installation, session, template } = options;
  const { owner } = installation;
  const own: LaunchdJob = {
    Label: service.label,
    ProgramArguments: [
      programPath(service.program, installation),
      ...service.arguments,
    ],
    WorkingDirectory: installation.prefix,
    StandardOutPath: outputPath(service, { installation, stream: "out" }),
    StandardErrorPath: outputPath(service, { installation, stream: "err" }),
  };
  const environment = environmentFor(service, installation);
  if (session !== "system") {
    return forSession(
      { ...own, EnvironmentVariables: environment, ...template },
      session,
    );
  }
  return {
    ...own,
    UserName: owner.name,
    EnvironmentVariables: {
      ...environment,
      // launchd promises these to agents only.
      HOME: owner.home,
      LOGNAME: owner.name,
      USER: owner.name,
    },
    ...template,
  };
}

/** Reads the keys that all jobs have in common. */
export async function readTemplate(): Promise<LaunchdJob> {
  return parseJob(
    await Deno.readTextFile(new URL("./template.plist", import.meta.url)),
  );
}

/** A property list to write. */
export interface PlannedJob {
  readonly service: Service;
  readonly path: string;
  readonly job: LaunchdJob;
}

/** Plans the property list of a service, for whoever is logged in at the screen. */
export async function planJob(
  name: ServiceName,
  installation: Installation,
): Promise<PlannedJob> {
  const service = SERVICES[name];
  const session = installation.scope === "daemon" ? "system" : "login";
  const template = await readTemplate();
  const job = renderJob(service, { installation, session, template });
  return { service, path: plistPath(service, installation), job };
}
