import { join } from "@std/path";
import { DEFAULT_EXEC_TIMEOUT_MS, DEFAULT_MAX_BYTES } from "../host_ops/mod.ts";
import type { SelfParts } from "../shared/daemon/mod.ts";
import {
  curl,
  type CurlOptions,
  type ExampleValues,
} from "../shared/describe/mod.ts";
import { messageOf } from "../shared/errors.ts";
import type { RouteInfo } from "../shared/http/mod.ts";
import type { Automation, SystemService } from "./automation/mod.ts";
import type { composeBrowser } from "./browser/mod.ts";
import type { Codex } from "./codex/mod.ts";
import type { Notifier } from "./notify/mod.ts";
import type { DailyBackup, Store } from "./record/mod.ts";
import type { TaskStatus } from "./store/mod.ts";

/** What conductor tells of itself. */
export function conductorSelf(
  {
    store,
    browser,
    codex,
    automation,
    daily,
    notifier,
    publicBase,
    environment,
    roots,
  }: {
    /** Where files may be read and written; undefined: everywhere. */
    readonly roots: {
      readonly read: readonly string[] | undefined;
      readonly write: readonly string[] | undefined;
    };
    /** What commands find. */
    readonly environment: Readonly<Record<string, unknown>>;
    readonly publicBase: URL | undefined;
    readonly store: Store;
    readonly browser: ReturnType<typeof composeBrowser>;
    readonly codex: Codex;
    readonly automation: () => Automation;
    readonly daily: () => DailyBackup;
    readonly notifier: () => Pick<Notifier, "trouble"> | undefined;
  },
): SelfParts {
  return {
    name: "baa-conductor-daemon",
    guidance: GUIDANCE,
    publicBase,
    trouble: () => ({
      reasons: [
        store.health.fault,
        // Nothing else is to be done then.
        store.health.outage ? undefined : automation().leadership.trouble,
      ],
      degraded: [store.audit.trouble, daily().trouble],
      away: [
        codex.health.unavailable,
        browser.unavailable(),
        notifier()?.trouble,
      ],
    }),
    outage: () => store.health.outage,
    system: () => stateOf(automation().system),
    publicSystem: () => publicStateOf(automation().system),
    websocket: () => ({
      enabled: true,
      path: "/ws/firefox",
      summary: "the owner's Firefox dials it; GET /describe/browser.socket",
    }),
    hostOperations: (routes, options) => ({
      ...hostOperations(routes, options),
      environment,
    }),
    exampleValues: () => ({
      cwd: Deno.cwd(),
      write_cwd: roots.write?.[0] ?? Deno.cwd(),
      file: readableFile(roots.read),
      ...newest(store),
      browser: browser.activeClientId(),
      approval: codex.health.condition.status?.approvals.items[0]?.approval_id,
      session: codex.health.condition.status?.sessions.newest ?? undefined,
    }),
  };
}

/** The `host_operations` part of the describe documents: contract, semantics, curl lines. */
function hostOperations(routes: readonly RouteInfo[], options: CurlOptions) {
  return {
    enabled: true,
    contract:
      "data is the operation's own result union: {ok, operation, input, result} or {ok, operation, input, error, result?}.",
    semantics: {
      cwd: "Optional string; omitted: environment.default_cwd.",
      path:
        "files/*: absolute, or relative to cwd. In both, ~ is the owner's home, ~name is refused, .. goes up from where a link leads.",
      timeoutMs:
        `exec only; optional integer >= 0, default ${DEFAULT_EXEC_TIMEOUT_MS}; 0: no timeout.`,
      maxBufferBytes:
        `exec only; optional integer > 0, default ${DEFAULT_MAX_BYTES}, for stdout and stderr each.`,
      onLimit:
        "exec only; output beyond maxBufferBytes: kill (default) ends the command; discard lets it run on and keeps the first headBytes and last tailBytes of each output (default: half of maxBufferBytes each); stdoutOmittedBytes and stderrOmittedBytes count what is left out.",
      killedProcesses:
        "exec results: what a command leaves running may print for 1 s; what still runs then is killed and counted here.",
      detach:
        "exec only; true: the command becomes a task, which no disconnect ends, and timeoutMs only when given; 202 with the next calls unless it ends within waitMs (default 0, at most 55000). All that it prints is kept for GET /v1/runs/:run_id/output, the answer holds the first maxBufferBytes of each output; onLimit, headBytes and tailBytes are refused.",
      overwrite:
        "files/write only; optional boolean, default true. false: an existing file gives FILE_ALREADY_EXISTS.",
      createParents:
        "files/write only; optional boolean, default true: missing parent folders are made.",
      append:
        "files/write only; optional boolean: content is added in place (atomic: false).",
      ifMatch:
        "files/write and files/edit; the sha256 that files/read answered: a file that changed since gives FILE_CHANGED.",
      edits:
        "files/edit only; [{old, new, all?}] in order, each in the result of those before; an old that does not stand there once gives EDIT_MISMATCH, and nothing is written.",
      encoding: "files/read and files/write; utf8 (default) or base64.",
    },
    operations: routes.filter((it) => it.id.startsWith("host.")).map((it) => ({
      method: it.method,
      path: it.path,
      summary: it.summary,
      curl: curl(it, options),
    })),
    notes: [
      "Once admitted, the outer ok is true: whether the operation succeeded is in data.ok.",
      "The camelCase fields are preferred; timeout_ms, max_buffer_bytes and create_parents are accepted as aliases.",
      "They act on this machine only, and are never reachable through the public host name.",
      "The read and write roots bind files/*, not what a command does.",
      "files/* never reach the daemons' state, logs, token, nor what BAA_HOST_OPS_LEFT_OUT names (programs, property lists).",
    ],
  };
}

/** What of the state describe documents hold, which answer even when it cannot be read. */
function stateOf(
  system: Pick<SystemService, "state">,
): Readonly<Record<string, unknown>> {
  try {
    const { mode, health, uptime_ms, leader, queue, drained, node } = system
      .state();
    const { controller_id, role } = node;
    return {
      ...{ mode, health, uptime_ms, queue, drained },
      leader: leader && { controller_id: leader.controller_id },
      node: { controller_id, role },
    };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** What strangers are shown of it: not even why it cannot be read. */
function publicStateOf(
  system: Pick<SystemService, "publicState">,
): Readonly<Record<string, unknown>> {
  try {
    return system.publicState();
  } catch {
    return { mode: "unknown" };
  }
}

/**
 * What the examples of single tasks and runs name. Those that end, repeat or
 * remove something name nothing but what other examples made: whoever runs the
 * lines as they stand loses nothing.
 */
function newest(
  { stores: { tasks, runs, schedules, tokens } }: Store,
): ExampleValues {
  try {
    const [task] = tasks.list({}, { limit: 1 }).items;
    const [run] = runs.list({}, { limit: 1 }).items;
    const made = (status: TaskStatus) =>
      tasks.list({ label: EXAMPLE, status }, { limit: 1 }).items[0]?.task_id;
    return {
      task_id: task?.task_id,
      run_id: run?.run_id,
      live_task_id: made("queued") ?? made("running"),
      ended_task_id: made("succeeded"),
      schedule: schedules.list({ limit: 1 }).items[0]?.name,
      own_schedule: schedules.get(EXAMPLE)?.name,
      token_id: tokens.list({ limit: 200 }).items
        .find(({ name }) => name === EXAMPLE)?.token_id,
    };
  } catch {
    return {};
  }
}

/** The name, or the label, of what examples make. */
const EXAMPLE = "example";

/** A text file that the examples can read: the working folder's own, or the hosts file. */
function readableFile(roots?: readonly string[]): string | undefined {
  return [join(Deno.cwd(), "README.md"), "/etc/hosts"].find((file) => {
    const isAllowed = roots?.some((it) => file.startsWith(`${it}/`)) ?? true;
    try {
      return isAllowed && Deno.statSync(file).isFile;
    } catch {
      return false;
    }
  });
}

const ENVELOPE =
  'Every JSON answer is {"ok":true,"request_id":…,"data":…} or {"ok":false,"request_id":…,"error":{code,message,hint,retryable,details}}; hint says what to do next.';

/** What describe documents tell a newcomer: what to do first, what to know. */
const GUIDANCE: SelfParts["guidance"] = {
  all: {
    flow: [
      "GET /describe",
      "GET /describe/<id> for the fields, errors and next calls of one route",
      "GET /v1/capabilities",
      "GET /v1/system/state",
      "GET /v1/tasks or /v1/runs",
      "GET /describe/control if local shell or file access is needed",
      "Use POST system routes or host operations only when a write or exec is intended",
    ],
    notes: [
      ENVELOPE,
      "Host operations answer 200 once admitted: data.ok tells whether the operation succeeded.",
      "A command's processes end with it. What is to go on: exec with detach:true (a task; waitMs waits), or POST /v1/tasks.",
      "GET /describe/control host_operations.environment tells the shell, PATH and roots that a command finds.",
      "With a token configured, routes that are not public need Authorization: Bearer.",
      "Unknown fields are refused. Bodies are application/json. ?pretty indents an answer.",
      "Lists are newest first and take limit (default 20, at most 200) and cursor; next_cursor is null on the last page.",
      "Streams: curl -N -H 'Accept: text/event-stream'. Those with id lines resume with Last-Event-ID.",
      "What can be followed can be polled: after=<last_seq of the answer before>, wait_ms holds the answer. next in an answer names calls that lead on.",
      "Times are ISO 8601 UTC, durations end in _ms or Ms, sizes in _bytes or Bytes.",
    ],
    examples: [
      "tasks.create",
      "tasks.logs.read",
      "schedules.put",
      "codex.sessions.open",
      "browser.request",
      "status.get",
      "system.state",
      "codex.get",
    ],
    starters: [
      "host.exec",
      "host.files.read",
      "host.files.write",
      "host.files.edit",
      "tasks.create",
      "tasks.logs.read",
      "codex.sessions.open",
      "codex.turn",
      "browser.request",
      "status.get",
      "system.state",
      "tasks.list",
      "audit.list",
    ],
  },
  business: {
    flow: [
      "GET /describe/business",
      "Optionally GET /v1/capabilities",
      "Use read-only routes such as /v1/controllers, /v1/tasks and /v1/runs",
      "POST /v1/tasks?wait_ms=30000 has work done and shows its end, or names the next call",
      "Use /describe/control if a local shell or file operation is intended",
    ],
    notes: [
      "This surface is enough for business queries without reading other docs.",
      "What Codex asks is in GET /v1/codex/approvals?wait_ms=30000: the first answer wins.",
      "Control actions and host operations are on the other surface: /describe/control.",
    ],
    examples: [
      "tasks.create",
      "tasks.logs.read",
      "runs.list",
      "codex.get",
      "codex.sessions.open",
      "browser.request",
      "status.get",
    ],
  },
  control: {
    flow: [
      "GET /describe/control",
      "Optionally GET /v1/capabilities",
      "GET /v1/system/state",
      "Read host_operations if a local shell or file action is intended",
      "Only then call pause, resume, drain or a host operation",
    ],
    notes: [
      "This surface is enough for control without reading other docs.",
      "Business queries are on the other surface: /describe/business.",
    ],
    examples: [
      "system.state",
      "system.pause",
      "system.drain",
      "system.resume",
      "events.stream",
      "audit.list",
    ],
  },
  public: {
    flow: ["GET /describe", "GET /v1/capabilities", "GET /v1/system/state"],
    notes: [
      ENVELOPE,
      "Only what is exposed through the public host is listed here; a caller with the shared token sees more.",
      "Times are ISO 8601 UTC, durations end in _ms or Ms, sizes in _bytes or Bytes. Add ?pretty to indent an answer.",
    ],
    examples: ["service.version", "system.state", "status.get"],
  },
};
