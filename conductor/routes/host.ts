import { z } from "zod";
import {
  EXEC_STREAM_EVENTS,
  ExecInput,
  ExecOutcome,
  ExecRequest,
  FileEditOutcome,
  FileEditRequest,
  FileReadOutcome,
  FileReadRequest,
  FileWriteOutcome,
  FileWriteRequest,
} from "../../host_ops/mod.ts";
import { type Principal, Reply } from "../../shared/http/mod.ts";
import {
  IDEMPOTENCY_KEY_RULE,
  idempotencyKeyOf,
} from "../../shared/idempotency.ts";
import type { PendingExec } from "../automation/mod.ts";
import { callerOf, route } from "../deps.ts";
import { NextCall } from "../../shared/next_call.ts";

/** A detached command that has not ended yet. */
const ExecPending = z.object({
  ok: z.literal(true),
  operation: z.literal("exec"),
  input: ExecInput,
  pending: z.literal(true),
  taskId: z.string(),
  runId: z.string(),
  next: z.array(NextCall).describe("The calls that read on and cancel."),
});

const hostOperation = {
  method: "POST",
  kind: "write",
  surface: "control",
  exposure: "local",
  bodyRule: "inner",
  errors: ["NOT_READY"],
} as const;

/** Host operations: they answer 200 once admitted; `data.ok` tells how it went. */
export const hostRoutes = [
  route({
    ...hostOperation,
    id: "host.exec",
    destructive: true,
    next: ["tasks.read", "runs.output.read", "tasks.cancel"],
    auditsItself: ["exec"],
    scope: "exec",
    path: "/v1/exec",
    summary: "Run a command; answers its output and exit",
    notes: [
      "With Accept: text/event-stream: stdout and stderr events as they happen, then exit. With onLimit discard what stands behind the first headBytes comes before exit.",
      "What the command leaves running is killed: killedProcesses and hint say so, and truncated that an output was cut short.",
      "An answer that takes over 1 s begins before it is known: what fails then is ok: false in a 200.",
      "A client that disconnects kills its command, unless it is detached. What the command does is not bound by the file roots.",
      "detach: true makes the command a task, started at once, also while paused. Ended within waitMs: 200, the usual answer with taskId; else 202 with pending: true, taskId, runId and the next calls. All that it prints is kept: the answer holds the first maxBufferBytes, and onLimit is refused. An Idempotency-Key finds the same task again. To cancel it takes the scope automate.",
    ],
    headers: { "idempotency-key": IDEMPOTENCY_KEY_RULE },
    body: ExecRequest,
    data: z.union([ExecPending, ExecOutcome]),
    status: [200, 202],
    errors: ["NOT_READY", "CONFLICT", "SYSTEM_DRAINING", "NOT_LEADER"],
    events: EXEC_STREAM_EVENTS,
    example: {
      body: {
        command: "printf 'hello from conductor'",
        cwd: "{cwd}",
        timeoutMs: 2000,
      },
    },
    endsWithCaller: (body) =>
      (body as { readonly detach?: unknown }).detach !== true,
    async handler(context) {
      const { hostOps, detached } = context.deps;
      const input = detached.inputOf(context.body);
      if (input === undefined) {
        return await hostOps.executeCommand(context.body, callerOf(context));
      }
      const answer = await detached.run(input, {
        ...callerOf(context),
        by: context,
        key: idempotencyKeyOf(context),
      });
      if (!("pending" in answer)) return answer;
      const next = nextOf(answer, context);
      return new Reply({ ...answer, next }, { status: 202 });
    },
    stream: (context) =>
      context.deps.hostOps.streamCommand(context.body, callerOf(context)),
  }),
  route({
    ...hostOperation,
    id: "host.files.read",
    next: ["host.files.edit", "host.files.write"],
    auditsItself: ["files/read"],
    scope: "files",
    path: "/v1/files/read",
    summary: "Read a file, whole or in part",
    notes: [
      'Parts: lines "10-40", or offset in bytes, from the end when negative. sha256 is of the whole file.',
    ],
    body: FileReadRequest,
    data: FileReadOutcome,
    example: { body: { path: "{file}", cwd: "{cwd}", encoding: "utf8" } },
    handler: (context) =>
      context.deps.hostOps.readTextFile(context.body, callerOf(context)),
  }),
  route({
    ...hostOperation,
    id: "host.files.write",
    destructive: true,
    idempotent: true,
    auditsItself: ["files/write"],
    scope: "files",
    path: "/v1/files/write",
    summary: "Write a file, atomically",
    notes: [
      "overwrite: false never clobbers; ifMatch writes only over the version that was read.",
    ],
    body: FileWriteRequest,
    data: FileWriteOutcome,
    example: {
      body: {
        path: "tmp/conductor-note.txt",
        cwd: "{write_cwd}",
        content: "hello from conductor",
        overwrite: true,
        createParents: true,
        encoding: "utf8",
      },
    },
    handler: (context) =>
      context.deps.hostOps.writeTextFile(context.body, callerOf(context)),
  }),
  route({
    ...hostOperation,
    id: "host.files.edit",
    destructive: true,
    auditsItself: ["files/edit"],
    scope: "files",
    path: "/v1/files/edit",
    summary: "Replace texts in a file; answers a diff",
    notes: [
      "Each old must stand in the file once, unless all=true. All edits are made, or none: EDIT_MISMATCH says where a near miss is.",
    ],
    body: FileEditRequest,
    data: FileEditOutcome,
    example: {
      body: {
        path: "tmp/conductor-note.txt",
        cwd: "{write_cwd}",
        edits: [{ old: "hello", new: "good morning" }],
        dryRun: true,
      },
    },
    handler: (context) =>
      context.deps.hostOps.editTextFile(context.body, callerOf(context)),
  }),
];

/** The calls that read on and cancel, as far as they are the caller's to make. */
function nextOf(
  { taskId, runId }: PendingExec,
  { scopes }: Pick<Principal, "scopes">,
): NextCall[] {
  const output = `/v1/runs/${runId}/output?wait_ms=30000`;
  const calls: NextCall[] = [
    {
      method: "GET",
      path: `${output}&stream=stdout`,
      why: "what it prints, as it comes; go on with offset=<next_offset>",
    },
    { method: "GET", path: `${output}&stream=stderr`, why: "its errors" },
    {
      method: "GET",
      path: `/v1/tasks/${taskId}`,
      why: "whether it has ended, and how",
    },
  ];
  if (!scopes.has("automate")) return calls;
  return [...calls, {
    method: "POST",
    path: `/v1/tasks/${taskId}/cancel`,
    why: "ends it, with all that it started",
  }];
}
