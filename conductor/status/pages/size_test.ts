import { assert } from "@std/assert";
import type { AuditRow, LogEntry, Run, TaskDetail } from "../../store/mod.ts";
import type { BrowserView } from "../../browser/mod.ts";
import type { CodexReading } from "./codex.ts";
import type { Status } from "../contract.ts";
import { statusPage } from "../page.ts";
import {
  auditPage,
  browserPage,
  codexPage,
  nodePage,
  schedulesPage,
  taskPage,
  tasksPage,
} from "./mod.ts";

const now = Date.parse("2026-01-01T00:00:00.000Z");
const at = "2025-12-31T00:00:00.000Z";
/** Each character takes six bytes of a page, and none is a place to break. */
const text = `"\u202e`.repeat(5000);
const id = `task_${"x".repeat(40)}`;

function times<T>(count: number, it: T): T[] {
  return Array.from({ length: count }, () => it);
}

function checkSize(name: string, html: string): void {
  const bytes = new TextEncoder().encode(html).length;
  assert(bytes <= 102_400, `${name} has ${bytes} bytes`);
  assert(html.trimEnd().endsWith("</html>"));
}

const task: TaskDetail = {
  task_id: id,
  title: text,
  kind: text,
  status: "succeeded",
  priority: 1,
  labels: times(32, text),
  not_before: at,
  next_attempt_at: at,
  max_attempts: 100,
  attempts: 99,
  timeout_ms: null,
  effective_timeout_ms: 1000,
  retry_lost: false,
  survive: true,
  max_output_bytes: null,
  effective_max_output_bytes: null,
  retry_of: id,
  schedule: text,
  due_at: at,
  created_at: at,
  updated_at: at,
  started_at: at,
  finished_at: null,
  cancel_requested_at: at,
  error: { code: text, message: text },
  payload: { command: text },
  latest_run: null,
  waits_for: times(50, {
    approval_id: text,
    kind: text,
    asked_at: at,
    expires_at: at,
  }),
};

const run: Run = {
  run_id: text,
  task_id: id,
  attempt: 1,
  controller_id: text,
  instance_id: text,
  term: 1,
  status: "succeeded",
  started_at: at,
  finished_at: at,
  outcome: { ok: false, code: text, message: text, result: { exit_code: 1 } },
};

Deno.test("No page of tasks is over 100 KB, whatever they hold", () => {
  const query = {
    kind: text.slice(0, 100),
    label: text.slice(0, 100),
    cursor: "x".repeat(40),
  };
  const page = { items: times(50, task), next_cursor: "x".repeat(40) };
  checkSize("tasks", tasksPage(page, { query, now }));
  const entry: LogEntry = {
    seq: 1,
    run_id: text,
    stream: "stdout",
    level: "info",
    message: text,
    created_at: at,
  };
  const html = taskPage({
    task,
    runs: times(20, run),
    log: times(200, entry),
    outputs: times(2, { stream: "stdout", text, sizeBytes: 1e12 }),
    now,
  });
  checkSize("task", html);
});

const schedule = {
  name: "x".repeat(64),
  cron: "1".repeat(200),
  misfire: "skip",
  grace_ms: 1,
  overlap: "skip",
  enabled: true,
  timezone: "x".repeat(100),
  task,
  next_at: at,
  last: { task_id: id, due_at: at, status: "succeeded" },
  missed: { from: at, to: at, count: 1, total: 1e9 },
  created_at: at,
  updated_at: at,
} as const;

const schedules: NonNullable<Status["schedules"]> = {
  count: 1e6,
  next: times(8, {
    name: schedule.name,
    cron: schedule.cron,
    timezone: schedule.timezone,
    next_at: at,
    missed: 1e9,
    day: Array.from({ length: 48 }, (_, quarter) => quarter * 2),
  }),
};

const status: Status = {
  mode: "running",
  health: "ok",
  version: "1",
  uptime_ms: 1,
  at,
  who_may: text,
  ready: false,
  reasons: times(50, text),
  degraded: times(50, text),
  automation: {
    updated_at: at,
    requested_by: text,
    reason: text,
    source: text,
  },
  drained: false,
  node: { controller_id: text, host: text, role: "leader" },
  leader: {
    controller_id: text,
    host: text,
    term: 1,
    lease_expires_at: at,
  },
  queue: { active_runs: 1000, queued_tasks: 1 },
  active_runs: times(1000, {
    run_id: id,
    task_id: id,
    title: text,
    kind: text,
    attempt: 1,
    started_at: at,
  }) as Status["active_runs"],
  runs: {
    succeeded: 1,
    failed: 1,
    canceled: 1,
    by_hour: times(24, { from: at, succeeded: 1, failed: 1, canceled: 1 }),
  },
  last_errors: times(5, {
    at,
    run_id: id,
    task_id: id,
    kind: text,
    status: "failed",
    code: text,
    title: text,
    message: text,
    stderr_line: text,
  }),
  schedules,
  codexd: { state: text, reason: text, codex_version: text },
  browser: { state: text, reason: text, clients: 1, in_flight: 1 },
  disk: null,
  backup: null,
  notifications: { waiting: 1, failed: 1 },
  descriptors: null,
  process_groups: null,
  versions: { conductor: text, deno: text },
};

Deno.test("The pages of schedules, the node and the status are never over 100 KB", () => {
  const list = { items: times(20, schedule), next_cursor: "x" };
  const html = schedulesPage({
    status: { schedules, at },
    list: list as Parameters<typeof schedulesPage>[0]["list"],
    cursor: "x",
    now,
  });
  checkSize("schedules", html);
  checkSize("status", statusPage(status, { source: "test", leadsOn: true }));
  const node = nodePage({
    status,
    tokens: times(50, {
      token_id: text,
      name: text,
      scopes: [
        "read",
        "automate",
        "files",
        "exec",
        "codex",
        "browser",
        "admin",
      ],
      created_at: at,
      created_by: text,
      expires_at: at,
    }),
    controllers: times(20, {
      controller_id: text,
      instance_id: text,
      host: text,
      role: "leader",
      is_leader: true,
      version: text,
      started_at: at,
      last_heartbeat_at: at,
    }),
    backups: times(100, {
      path: text,
      size_bytes: 1,
      created_at: at,
      isDaily: true,
      verified: true,
    }),
    attack: {
      at,
      against: text,
      version: text,
      passed: 1,
      failed: 100,
      left_out: 1,
      vectors: times(100, {
        name: text,
        room: text,
        outcome: "failed",
        why: text,
      }),
    },
    memoryBytes: 1e9,
    now,
  });
  checkSize("node", node);
});

Deno.test("The page of the audit is never over 100 KB", () => {
  const row: AuditRow = {
    seq: 1e12,
    entry_id: text,
    phase: "outcome",
    at,
    action: text,
    controller_id: text,
    instance_id: text,
    actor: text,
    source: "http",
    request_id: text,
    remote_address: text,
    task_id: id,
    run_id: text,
    target: { command: text },
    ok: false,
    code: text,
    facts: { a: text },
    hash: text,
  };
  const verdict = {
    ok: false,
    rows: 1,
    checkpoint_seq: 1,
    head_seq: 1,
    head_hash: text,
    first_bad_seq: 1,
    open_intents: 1,
    problem: text,
  };
  const html = auditPage({
    rows: {
      items: times(50, row),
      next_cursor: "x".repeat(40),
      last_seq: 10,
    },
    look: { verified: { at, verdict }, trouble: text, reading: 1 },
    backup: undefined,
    cursor: "x",
    now,
  });
  checkSize("audit", html);
});

Deno.test("The pages of Codex and the browser are never over 100 KB", () => {
  const reading = {
    status: {
      version: text,
      app_server: { state: text, version: text, restarts: 1, fault: null },
      account: { logged_in: true, auth_mode: text, plan_type: text },
      sessions: { active_turns: [], known: 1 },
      approvals: { mode: "ask" },
      rate_limits: null,
      max_sandbox: "read-only",
      degraded_reasons: times(50, text),
      usage: {
        usage: times(1000, { key: text, ...tokens }),
        total: tokens,
      },
    },
    sessions: {
      complete: true,
      sessions: times(20, {
        session_id: text,
        title: text,
        state: "idle",
        cwd: text,
        model: text,
        updated_at: at,
      }),
    },
    approvals: [],
  };
  const codex = codexPage({
    state: "healthy",
    reading: reading as unknown as CodexReading,
    now,
  });
  checkSize("codex", codex);
  checkSize("browser", browserPage({ view: hostileView, now }));
});

const tokens = {
  turns: 1,
  total_tokens: 1e12,
  input_tokens: 1e12,
  cached_input_tokens: 1e12,
  output_tokens: 1e12,
  reasoning_output_tokens: 1e12,
};

const seen = {
  client_id: text,
  platform: text,
  host: text,
  seen_at: at,
  status: "fresh",
  cookie_store: text,
  container: text,
} as const;

const hostileView: BrowserView = {
  bridge: {
    connected: true,
    websocket: text,
    active_client_id: text,
    in_flight: 1,
    heartbeat_ms: 1,
    clients: times(100, {
      client_id: text,
      connected: true,
      active: true,
      connection_id: text,
      connected_since: at,
      in_flight: 1,
      extension_version: text,
      browser: text,
      platform: text,
      capabilities: times(64, text),
      containers: times(500, { cookie_store: text, name: text }),
      first_seen_at: at,
      seen_at: at,
    }),
    pairing: { required: true, open_until: at, paired: 1 },
  },
  tabs: [],
  login_records: times(1000, {
    ...seen,
    header: text,
    name: text,
    fingerprint: text,
    length: 1,
    captured_at: at,
    logged_out: true,
  }),
  endpoints: [],
  policy: {
    max_in_flight: 1,
    spacing_ms: 1,
    breaker_failures: 1,
    allowed_hosts: times(100, text),
    platforms: times(100, {
      platform: text,
      in_flight: 1,
      failures_in_a_row: 1,
      breaker: "half_open",
      breaker_until: at,
      next_request_at: at,
      retry_after_ms: 1,
    }),
  },
  platforms: [],
  summary: {
    clients: 100,
    connected_clients: 100,
    tabs: 1,
    login_records: 1,
    endpoints: 1,
    fresh: 1,
    stale: 1,
    lost: 1,
  },
};
