import { AppError } from "../../shared/errors.ts";
import type { RunOutcome } from "../store/mod.ts";
import type { RunContext, TaskKind } from "../automation/mod.ts";
import type { Browser } from "./browser.ts";
import { type RequestBody, requestBody } from "./http_schemas.ts";

/**
 * Tasks that send a request through the logged-in browser. The response's body
 * goes to the task's log, its head is the outcome; an answer of 400 and above
 * is a failure.
 */
export function browserKind(
  browser: Pick<Browser, "requests">,
): TaskKind<RequestBody> {
  return {
    kind: "browser",
    summary:
      "Send a browser request; the payload is what POST /v1/browser/request takes",
    payload: requestBody,
    example: { platform: "claude", path: "/api/organizations" },
    async run(payload, context) {
      const { signal, task_id, run_id } = context;
      const caller = {
        actor: { source: "task", task_id, run_id },
        signal,
      } as const;
      const input = withTimeout(payload, context);
      try {
        return payload.response_mode === "sse"
          ? await streamed(
            await browser.requests.stream(input, caller),
            context,
          )
          : await whole(
            await browser.requests.buffered(input, caller),
            context,
          );
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { code, message } = error;
        return { ok: false, code, message, result: null };
      }
    },
  };
}

type Streams = Awaited<ReturnType<Browser["requests"]["stream"]>>;
type Response = Awaited<ReturnType<Browser["requests"]["buffered"]>>;

async function whole(
  response: Response,
  context: RunContext,
): Promise<RunOutcome> {
  const { body, body_base64, headers, ...head } = response;
  await context.log("stdout", body ?? body_base64 ?? "");
  return outcomeOf(head.status, {
    ...head,
    content_type: headers["content-type"] ?? null,
  });
}

/** Logs each event's data as it comes. */
async function streamed(
  events: Streams,
  context: RunContext,
): Promise<RunOutcome> {
  let status = 0;
  for await (const { event, data } of events) {
    const facts = data as Readonly<Record<string, unknown>>;
    if (event === "stream_open") status = Number(facts.status);
    if (event === "stream_event") {
      await context.log("stdout", `${String(facts.data)}\n`);
    }
    if (event === "stream_error") {
      const { code, message } = facts;
      return {
        ok: false,
        code: String(code),
        message: String(message),
        result: null,
      };
    }
  }
  return outcomeOf(status, { status });
}

function outcomeOf(
  status: number,
  result: RunOutcome["result"],
): RunOutcome {
  return status < 400 ? { ok: true, code: null, message: null, result } : {
    ok: false,
    code: "SITE_REFUSED",
    message: `The site answered ${status}`,
    result,
  };
}

/** Without a `timeout_ms` of its own the request has the task's. */
function withTimeout(payload: RequestBody, context: RunContext): RequestBody {
  return payload.timeout_ms !== undefined || context.timeout_ms === null
    ? payload
    : { ...payload, timeout_ms: context.timeout_ms };
}
