import {
  environmentFor,
  forSession,
  type Installation,
  type Job,
  outputPath,
  programPath,
  type Service,
  type Session,
} from "../node/mod.ts";

/** What {@linkcode renderJob} renders for. */
export interface RenderOptions {
  readonly installation: Installation;
  readonly session: Session;
  /** The keys that all jobs have in common. */
  readonly template: Job;
}

/** Returns the job of `service`: the template's keys and this node's own. */
export function renderJob(service: Service, options: RenderOptions): Job {
  const { installation, session, template } = options;
  const { owner } = installation;
  const own: Job = {
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
