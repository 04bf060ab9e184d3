import { modelScript, type ModelStep, questionsOf } from "./model_script.ts";

interface ModelItem {
  readonly type?: string;
  readonly role?: string;
  readonly call_id?: string;
  readonly output?: unknown;
  readonly content?: readonly { readonly text?: string }[];
}

/** What the tests read of one request to the model. */
export interface ModelRequest {
  readonly input: readonly ModelItem[];
}

/** A loopback server that speaks as much of the Responses API as Codex needs. */
export interface ModelServer extends AsyncDisposable {
  /** `base_url` of the provider. */
  readonly baseUrl: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly ModelRequest[];
  /** Streams that are open now. */
  readonly active: number;
}

type Emit = (event: { type: string } & Record<string, unknown>) => void;

/** What it says when the script is over. */
const DONE: ModelStep = { kind: "text", pieces: ["done"], delayMs: 0 };

/** Starts a model on a free loopback port; its prompts script it, see {@linkcode modelScript}. */
export function startModelServer(): ModelServer {
  const requests: ModelRequest[] = [];
  const failures = new Map<string, number>();
  const streams = new Set<AbortController>();

  async function handle(request: Request): Promise<Response> {
    const asked = await request.json() as ModelRequest;
    requests.push(asked);
    const { prompt, round } = position(asked.input);
    const steps = modelScript(prompt);
    const step = steps[round] ?? DONE;
    if (step.kind === "status") {
      const failed = (failures.get(prompt) ?? 0) + 1;
      failures.set(prompt, failed);
      if (failed <= step.times) {
        return Response.json({ error: { message: `scripted ${step.code}` } }, {
          status: step.code,
        });
      }
    }
    return answer(step, round);
  }

  function answer(step: ModelStep, round: number): Response {
    const gone = new AbortController();
    streams.add(gone);
    const id = crypto.randomUUID();
    const stream = new ReadableStream<Uint8Array>({
      async start(controller) {
        const encoder = new TextEncoder();
        const emit: Emit = (event) => {
          if (gone.signal.aborted) return;
          const text = `event: ${event.type}\ndata: ${
            JSON.stringify(event)
          }\n\n`;
          controller.enqueue(encoder.encode(text));
        };
        emit({ type: "response.created", response: { id } });
        const whole = await play(step, { emit, id, round, gone: gone.signal });
        streams.delete(gone);
        if (gone.signal.aborted) return;
        if (whole) emit({ type: "response.completed", response: closing(id) });
        controller.close();
      },
      cancel() {
        gone.abort();
        streams.delete(gone);
      },
    });
    const headers = new Headers({ "content-type": "text/event-stream" });
    if (step.kind === "text" && step.usedPercent) {
      headers.set("x-codex-primary-used-percent", String(step.usedPercent));
      headers.set("x-codex-primary-window-minutes", "300");
      headers.set("x-codex-primary-reset-at", "1900000000");
    }
    return new Response(stream, { headers });
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    handle,
  );
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}/v1`,
    requests,
    get active() {
      return streams.size;
    },
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream.abort();
      await server.shutdown();
    },
  };
}

/** Finds the last prompt and how many tool rounds it has had. */
function position(input: readonly ModelItem[]) {
  const last = input.findLastIndex((item) =>
    item.type === "message" && item.role === "user"
  );
  const content = input[last]?.content ?? [];
  return {
    prompt: content.map((part) => part.text ?? "").join(""),
    round:
      input.slice(last + 1).filter((item) => item.type?.endsWith("_output"))
        .length,
  };
}

/** Plays one step; tells whether the answer is whole. */
async function play(step: ModelStep, options: {
  readonly emit: Emit;
  readonly id: string;
  readonly round: number;
  readonly gone: AbortSignal;
}): Promise<boolean> {
  const { emit, id, round, gone } = options;
  switch (step.kind) {
    case "shell":
      emit({
        type: "response.output_item.done",
        item: {
          type: "function_call",
          call_id: `call_${id}`,
          name: "exec_command",
          arguments: JSON.stringify({
            cmd: step.cmd,
            ...(step.escalate
              ? {
                sandbox_permissions: "require_escalated",
                ...(step.reason !== "" && { justification: step.reason }),
              }
              : {}),
          }),
        },
      });
      return true;
    case "ask":
      emit({
        type: "response.output_item.done",
        item: {
          type: "function_call",
          call_id: `call_${id}`,
          name: "request_user_input",
          arguments: JSON.stringify({ questions: questionsOf(step) }),
        },
      });
      return true;
    case "patch":
      emit({
        type: "response.output_item.done",
        item: {
          type: "custom_tool_call",
          call_id: `call_${id}`,
          name: "apply_patch",
          input: [
            "*** Begin Patch",
            `*** Add File: ${step.file}`,
            `+${step.text}`,
            "*** End Patch",
          ].join("\n"),
        },
      });
      return true;
    case "hang":
      await pause(3_600_000, gone);
      return false;
    case "break":
      await speak(Array(step.after).fill("cut "), { ...options, delayMs: 0 });
      return false;
    case "status":
      await speak(["recovered"], { ...options, delayMs: 0 });
      return true;
    case "text":
      await speak(step.pieces, { ...options, delayMs: step.delayMs });
      return !gone.aborted && round >= 0;
  }
}

async function speak(pieces: readonly string[], options: {
  readonly emit: Emit;
  readonly id: string;
  readonly gone: AbortSignal;
  readonly delayMs: number;
}): Promise<void> {
  const { emit, gone, delayMs } = options;
  const id = `msg_${options.id}`;
  const item = { type: "message", role: "assistant", id };
  emit({
    type: "response.output_item.added",
    item: { ...item, content: [] },
  });
  for (const delta of pieces) {
    if (delayMs > 0) await pause(delayMs, gone);
    if (gone.aborted) return;
    emit({ type: "response.output_text.delta", item_id: id, delta });
  }
  emit({
    type: "response.output_item.done",
    item: {
      ...item,
      content: [{ type: "output_text", text: pieces.join("") }],
    },
  });
}

function closing(id: string) {
  return {
    id,
    usage: {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 120,
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
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
