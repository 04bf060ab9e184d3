import { script, type ServiceName } from "../node/mod.ts";

/** What helps against the reasons that services give, by their words. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /is not served/,
    "give this machine the address (is the tailnet up?), or change it in scripts/runtime/mini.env",
  ],
  [
    /no extension is connected/,
    "start the Firefox that has the extension: README, Your Firefox",
  ],
  [
    /not on PATH|Install Codex/,
    `npm install -g @openai/codex, then ${script("install-mini")}`,
  ],
  [/log(ged)? ?in|auth/i, "codex login, as the owner of the services"],
  [/codexd/, script("start-launchd", "--service", "codexd")],
  [/disk|space|full/i, "df -h: free some space on this disk"],
  [/shutting down/, `${script("status-launchd")} in a moment`],
];

/** Returns what to do about a reason; where nothing is known, what to read. */
export function remedyFor(
  reason: string,
  service: ServiceName,
): string {
  const known = REMEDIES.find(([pattern]) => pattern.test(reason))?.[1];
  return known ?? readTheLog(service);
}

/** Returns the command that shows the end of a service's log. */
export function readTheLog(service: ServiceName): string {
  return script("logs-mini", "--service", service, "--tail", "20");
}
