import { modelScript, questionsOf } from "./model_script.ts";

/** A turn as the stand-in keeps it. */
export interface FakeTurn {
  readonly id: string;
  status: "inProgress" | "completed" | "interrupted" | "failed";
  error: { readonly message: string; readonly codexErrorInfo?: unknown } | null;
  readonly startedAt: number;
  completedAt: number | null;
  readonly items: Record<string, unknown>[];
}

/** What a turn that runs may do. */
export interface FakeTurnPorts {
  readonly threadId: string;
  readonly turn: FakeTurn;
  notify(method: string, params: unknown): void;
  /** Asks the client; resolves with its result, or undefined for an error. */
  ask(method: string, params: unknown): Promise<unknown>;
  /** Returns how many responses of the model the thread has had. */
  countResponse(): number;
  /** Writes a line as it stands. */
  raw(line: string): void;
  /** Ends the whole process. */
  die(code: number): void;
  /** Aborts when the turn is interrupted or the process ends. */
  readonly signal: AbortSignal;
}

/**
 * Runs a prompt as the real app-server tells of it. Beside the model's own
 * script, `@trap:<name>` sets one of the traps that a client must survive.
 */
export async function runFakeTurn(
  prompt: string,
  ports: FakeTurnPorts,
): Promise<void> {
  const { turn, signal } = ports;
  for (
    const [, name = "", value] of prompt.matchAll(/@trap:(\w+)(?:=(\d+))?/g)
  ) {
    await trap(name, Number(value ?? 1), ports);
    if (signal.aborted || turn.status !== "inProgress") return;
  }
  for (const step of modelScript(prompt)) {
    if (signal.aborted) return;
    switch (step.kind) {
      case "text":
        await say(step.pieces, step.delayMs, ports);
        break;
      case "shell":
        await runCommand(step.cmd, step.escalate, ports);
        break;
      case "ask":
        await ports.ask("item/tool/requestUserInput", {
          threadId: ports.threadId,
          turnId: turn.id,
          itemId: `call_${crypto.randomUUID()}`,
          questions: questionsOf(step).map((it) => ({
            ...it,
            isOther: false,
            isSecret: false,
          })),
          isBlocking: true,
        });
        if (signal.aborted) return;
        break;
      case "hang":
        await pause(3_600_000, signal);
        break;
      default:
        turn.status = "failed";
        turn.error = {
          message: `scripted ${step.kind}`,
          ...(step.kind === "status" && {
            codexErrorInfo: {
              httpConnectionFailed: { httpStatusCode: step.code },
            },
          }),
        };
        notifyOf(ports, "error", { error: turn.error, willRetry: false });
        return;
    }
  }
  if (!signal.aborted) turn.status = "completed";
}

async function say(
  pieces: readonly string[],
  delayMs: number,
  ports: FakeTurnPorts,
): Promise<void> {
  const id = `msg_${crypto.randomUUID()}`;
  notifyOf(ports, "item/started", {
    item: { type: "agentMessage", id, text: "" },
  });
  for (const delta of pieces) {
    if (delayMs > 0) await pause(delayMs, ports.signal);
    if (ports.signal.aborted) return;
    notifyOf(ports, "item/agentMessage/delta", { itemId: id, delta });
  }
  complete(ports, { type: "agentMessage", id, text: pieces.join("") });
  tellTokens(ports);
}

/** Tells of one more response: what it took, and what the thread took until now. */
function tellTokens(ports: FakeTurnPorts): void {
  const counts = (times: number) => ({
    totalTokens: 120 * times,
    inputTokens: 100 * times,
    outputTokens: 20 * times,
  });
  const total = counts(ports.countResponse());
  notifyOf(ports, "thread/tokenUsage/updated", {
    tokenUsage: { total, last: counts(1), modelContextWindow: 258_400 },
  });
}

/** Runs nothing: tells of a command as if it had run. */
async function runCommand(
  command: string,
  escalate: boolean,
  ports: FakeTurnPorts,
): Promise<void> {
  const id = `call_${crypto.randomUUID()}`;
  const item = { type: "commandExecution", id, command, cwd: "/" };
  notifyOf(ports, "item/started", { item: { ...item, status: "inProgress" } });
  let status = "completed";
  if (escalate) {
    const answer = await ports.ask("item/commandExecution/requestApproval", {
      kind: "command",
      threadId: ports.threadId,
      turnId: ports.turn.id,
      itemId: id,
      command,
      cwd: "/",
      reason: "the test asks",
    }) as { readonly decision?: string } | undefined;
    if (ports.signal.aborted) return;
    if (!answer?.decision?.startsWith("accept")) status = "declined";
  }
  const ran = status === "completed";
  complete(ports, {
    ...item,
    status,
    aggregatedOutput: ran ? "as if it had run\n" : null,
    exitCode: ran ? 0 : null,
  });
  tellTokens(ports);
}

async function trap(
  name: string,
  value: number,
  ports: FakeTurnPorts,
): Promise<void> {
  switch (name) {
    case "crash":
      return ports.die(value);
    case "garbage":
      for (let i = 0; i < value; i++) ports.raw(`WARNING: garbage ${i}`);
      return;
    case "long":
      notifyOf(ports, "item/reasoning/textDelta", { delta: "x".repeat(value) });
      return;
    case "pieces":
      for (let i = 0; i < value; i++) {
        const params = { itemId: "never-whole", delta: "piece " };
        notifyOf(ports, "item/agentMessage/delta", params);
      }
      ports.turn.status = "completed";
      return;
    case "unknown":
      notifyOf(ports, "thing/invented", { someKey: "some value" });
      notifyOf(ports, "item/completed", {
        item: { type: "inventedItem", id: "i1", someKey: 1 },
      });
      await ports.ask("thing/ask", { threadId: ports.threadId });
      return;
    case "malformed":
      ports.notify("turn/completed", { threadId: 7 });
      ports.notify("item/completed", null);
      return;
    default:
      throw new Error(`Cannot set the trap "${name}": there is none`);
  }
}

function complete(ports: FakeTurnPorts, item: Record<string, unknown>): void {
  ports.turn.items.push(item);
  notifyOf(ports, "item/completed", { item });
}

function notifyOf(
  { threadId, turn, notify }: FakeTurnPorts,
  method: string,
  params: Record<string, unknown>,
): void {
  notify(method, { threadId, turnId: turn.id, ...params });
}

/** Waits, less long when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}
