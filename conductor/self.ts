import { join } from "@std/path";
import type { SelfParts } from "../shared/daemon/mod.ts";
import type { ExampleValues } from "../shared/describe/mod.ts";
import { messageOf } from "../shared/errors.ts";
import type { Zone } from "../shared/http/mod.ts";
import type { Automation, SystemService } from "./automation/mod.ts";
import type { composeBrowser } from "./browser/mod.ts";
import type { Codex } from "./codex/mod.ts";
import { GUIDANCE } from "./guidance.ts";
import { hostOperations } from "./host_operations.ts";
import type { Store } from "./record/mod.ts";

/** What conductor tells of itself. */
export function conductorSelf({ store, browser, codex, automation }: {
  readonly store: Store;
  readonly browser: ReturnType<typeof composeBrowser>;
  readonly codex: Codex;
  readonly automation: () => Automation;
}): SelfParts {
  return {
    name: "baa-conductor-daemon",
    guidance: GUIDANCE,
    trouble: () => ({
      reasons: [
        store.health.fault,
        automation().leadership.trouble,
      ],
      degraded: [store.audit.trouble],
      away: [codex.health.unavailable, browser.unavailable()],
    }),
    system: (zone) => systemFacts(automation().system, zone),
    websocket: () => browser.describe(),
    hostOperations,
    exampleValues: () => ({
      cwd: Deno.cwd(),
      file: readableFile(),
      ...newest(store),
      browser: browser.activeClientId(),
      session: codex.health.condition.status?.sessions.newest ?? undefined,
    }),
  };
}

/** The state in describe documents, which answer even when it cannot be read. */
function systemFacts(
  system: Pick<SystemService, "state" | "publicState">,
  zone: Zone,
): Readonly<Record<string, unknown>> {
  try {
    return zone === "public" ? system.publicState() : system.state();
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** What the examples of single tasks and runs name. */
function newest({ stores: { tasks, runs } }: Store): ExampleValues {
  try {
    const [task] = tasks.list({}, { limit: 1 }).items;
    const [run] = runs.list({}, { limit: 1 }).items;
    // What has ended cannot be canceled: the example shows one that has not.
    const [queued] = tasks.list({ status: "queued" }, { limit: 1 }).items;
    const [running] = tasks.list({ status: "running" }, { limit: 1 }).items;
    return {
      task_id: task?.task_id,
      run_id: run?.run_id,
      live_task_id: (queued ?? running)?.task_id,
    };
  } catch {
    return {};
  }
}

/** A text file that the examples can read: the working folder's own, or the hosts file. */
function readableFile(): string {
  const own = join(Deno.cwd(), "README.md");
  try {
    if (Deno.statSync(own).isFile) return own;
  } catch { /* not here */ }
  return "/etc/hosts";
}
