import type { AuditedCaller } from "../../shared/audit.ts";
import { systemClock } from "../../shared/clock.ts";
import { RecordingAudit, silentLogger } from "../../shared/testing/fakes.ts";
import { childEnvironment } from "../process/environment.ts";
import { createHostOps, type HostOps, type HostOpsOptions } from "../mod.ts";

/** Who asks in tests. */
export const CALLER: AuditedCaller = {
  actor: { name: "owner", source: "http" },
  signal: new AbortController().signal,
};

/** Host operations as they are by default, on the machine's own clock. */
export function testHostOps(options: Partial<HostOpsOptions> = {}): HostOps {
  return createHostOps({
    cwd: "/",
    shell: "/bin/sh",
    environment: childEnvironment({
      own: (name) => name === "HOME" ? "/" : undefined,
      shell: "/bin/sh",
    }).values,
    ownPaths: [],
    staging: `/tmp/baa-staging-${crypto.randomUUID()}`,
    maxBufferedBytes: 268_435_456,
    maxConcurrentExecs: 32,
    audit: new RecordingAudit(),
    clock: systemClock,
    log: silentLogger,
    ...options,
  });
}
