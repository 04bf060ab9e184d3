import { z } from "zod";
import type { Clock } from "../../shared/clock.ts";
import {
  ApprovalMode,
  ApprovalPolicy,
  codexdStatus,
  type CodexEvent,
  Folder,
  hasOneInput,
  INPUT_FIELDS,
  ONE_INPUT,
  openSession,
  runTurn,
  Sandbox,
  TURN_OPTIONS,
} from "../../shared/contracts/mod.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import { type RunOutcome, WaitsFor } from "../store/mod.ts";
import {
  failedRun,
  type RunContext,
  succeededRun,
  type TaskKind,
} from "../automation/mod.ts";
import type { CodexdApi } from "./codexd_api.ts";
import { endTurn } from "./left_turns.ts";
import { relayEvents } from "./relay_events.ts";
import { logCodexEvent } from "./log_codex_event.ts";

const Payload = z.strictObject({
  ...INPUT_FIELDS,
  ...TURN_OPTIONS,
  session_id: z.string().min(1).max(200).optional().describe(
    "the session to continue; without it a new one is made",
  ),
  cwd: Folder.optional(),
  title: z.string().min(1).max(200).optional(),
  sandbox: Sandbox.optional(),
  approvals: ApprovalMode.optional(),
  approval_policy: ApprovalPolicy.optional(),
}).refine((it) => it.session_id === undefined || it.cwd === undefined, {
  path: ["cwd"],
  message: "goes with a new session only, not with session_id",
}).refine((it) => (it.prompt ?? it.input) !== undefined, {
  path: ["prompt"],
  message: "Required: what Codex is asked",
}).refine(hasOneInput, { ...ONE_INPUT });
type Payload = z.infer<typeof Payload>;

/** The log has the whole message; the outcome at most this much of it. */
const MESSAGE_CHARS = 65_536;

/** What of the event that ends a turn becomes the outcome. */
const TurnEnd = z.object({
  status: z.string(),
  reason: z.string().nullish(),
  final_message: z.string().transform((it) => it.slice(0, MESSAGE_CHARS))
    .nullable(),
  usage: z.json(),
  error: z.object({ message: z.string() }).nullable(),
});

/** A turn that was told to end is waited for so long. */
const INTERRUPT_MS = 5000;
/** codexd may be away for so long in the middle of a turn. */
const AWAY_MS = 60_000;

/**
 * Tasks that run a turn of Codex. What Codex does goes to the task's log as it
 * happens; canceling the task interrupts the turn.
 */
export function codexKind(ports: CodexKindPorts): TaskKind<Payload> {
  return {
    kind: "codex",
    scope: "codex",
    summary:
      "Run a turn of Codex, in a new session or in one that is named by session_id",
    payload: Payload,
    example: { prompt: "Say hello", sandbox: "read-only" },
    run: (payload, context) => runTask(payload, context, ports),
  };
}

interface CodexKindPorts {
  readonly api: Pick<CodexdApi, "call" | "openEvents">;
  readonly clock: Clock;
}

async function runTask(
  payload: Payload,
  context: RunContext,
  ports: CodexKindPorts,
): Promise<RunOutcome> {
  const { api, clock } = ports;
  const { run_id, signal } = context;
  const once = (part: string) => ({ "idempotency-key": `${run_id}-${part}` });
  const {
    prompt,
    input = prompt,
    model,
    effort,
    output_schema,
    max_total_tokens,
    ...session
  } = payload;
  const options = { model, effort, output_schema, max_total_tokens };
  const { events, sessions } = await api.call(codexdStatus, {}, { signal });
  // Of two turns of one task each would ask, and both could be accepted.
  for (const turn of sessions.active_turns) {
    if (turn.task_id !== context.task_id) continue;
    context.note("info", `Ends turn ${turn.turn_id}, left by an earlier run`);
    await endTurn(api, turn);
  }
  const { session_id } = await api.call(openSession, { body: session }, {
    headers: once("session"),
    signal,
  });
  context.note("info", `Codex session ${session_id}`);
  const body = { session_id, input, ...options, task_id: context.task_id };
  const turn = await api.call(runTurn, { body }, { headers: once("turn") });
  const over = new AbortController();
  const interrupt = async () => {
    const { turn_id } = turn;
    const body = { session_id, turn_id, action: "interrupt" } as const;
    await api.call(runTurn, { body }).catch((error) =>
      context.note("warn", `Cannot interrupt the turn: ${messageOf(error)}`)
    );
    // When its end does not come, it is given up.
    await sleep(clock, INTERRUPT_MS, over.signal);
    over.abort();
  };
  if (signal.aborted) void interrupt();
  else signal.addEventListener("abort", interrupt, { once: true });
  try {
    const query = { after: events.seq, session_id };
    const news = relayEvents(api, query, { clock, signal: over.signal });
    const waiting = new Map<string, WaitsFor>();
    let awaySince: number | undefined;
    for await (const it of news) {
      if (it.kind === "away") {
        awaySince ??= clock.monotonic();
        if (clock.monotonic() - awaySince < AWAY_MS) continue;
        throw new AppError(
          "CODEXD_UNAVAILABLE",
          `Cannot follow the turn: codexd went away (${it.reason})`,
        );
      }
      awaySince = undefined;
      if (it.event.turn_id !== turn.turn_id) continue;
      logCodexEvent(it.event, context);
      noteWaiting(it.event, waiting);
      context.waitFor?.([...waiting.values()]);
      if (it.event.type === "turn.completed") return outcomeOf(it.event);
    }
    throw new AppError(
      "UPSTREAM_TIMEOUT",
      "Cannot tell how the turn ended: it did not end when it was interrupted",
    );
  } finally {
    signal.removeEventListener("abort", interrupt);
    over.abort();
  }
}

/** Keeps what a turn waits for an answer to. */
function noteWaiting(
  { type, at: asked_at, data }: CodexEvent,
  waiting: Map<string, WaitsFor>,
): void {
  if (type === "approval.resolved") waiting.delete(String(data.approval_id));
  if (type !== "approval.requested") return;
  const asked = WaitsFor.safeParse({
    approval_id: data.approval_id,
    kind: data.kind,
    asked_at,
    expires_at: data.expires_at,
  });
  // What is decided at once does not expire.
  if (asked.success) waiting.set(asked.data.approval_id, asked.data);
}

function outcomeOf({ session_id, turn_id, data }: CodexEvent): RunOutcome {
  const { error, reason, ...end } = TurnEnd.parse(data);
  const result = { session_id, turn_id, ...end };
  if (end.status === "completed") return succeededRun(result);
  return failedRun({
    code: reason ??
      (end.status === "failed" ? "TURN_FAILED" : "TURN_INTERRUPTED"),
    message: error?.message ?? `The turn was ${end.status}`,
  }, result);
}
