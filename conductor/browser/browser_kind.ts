import { AppError, type InputIssue } from "../../shared/errors.ts";
import type { StreamEvent } from "../../shared/http/mod.ts";
import type { RunOutcome } from "../store/mod.ts";
import {
  failedRun,
  type RunContext,
  succeededRun,
  type TaskKind,
} from "../automation/mod.ts";
import type { Browser } from "./browser.ts";
import {
  type RequestBody,
  requestBody,
  type RequestData,
} from "./http_schemas.ts";

/** As long as a timer can wait. */
const NO_LIMIT = 2_147_483_647;

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
    scope: "browser",
    summary:
      "Send a browser request; the payload is what POST /v1/browser/request takes",
    payload: requestBody.superRefine((input, context) => {
      try {
        browser.requests.check(input);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { details, hint, message } = error;
        const [issue] = (details?.issues ?? []) as readonly InputIssue[];
        context.addIssue({
          code: "custom",
          path: issue?.path.split(".") ?? [],
          message: issue?.message ?? message,
          params: { hint },
        });
      }
    }),
    example: { platform: "claude", path: "/api/organizations" },
    async run(payload, context) {
      const { signal, task_id, run_id } = context;
      const caller = {
        actor: { name: "scheduler", source: "task", task_id, run_id },
        signal,
      } as const;
      // The task's limit is the only one.
      const input = { ...payload, timeout_ms: context.timeout_ms ?? NO_LIMIT };
      return payload.response_mode === "sse"
        ? streamed(await browser.requests.stream(input, caller), context)
        : whole(await browser.requests.buffered(input, caller), context);
    },
  };
}

function whole(response: RequestData, context: RunContext): RunOutcome {
  const { body, body_base64, headers, ...head } = response;
  context.log("stdout", body ?? body_base64 ?? "");
  return outcomeOf(head.status, {
    ...head,
    content_type: headers["content-type"] ?? null,
  });
}

/** Logs each event's data as it comes. */
async function streamed(
  events: AsyncIterable<StreamEvent>,
  context: RunContext,
): Promise<RunOutcome> {
  let status = 0;
  for await (const { event, data } of events) {
    const facts = data as Readonly<Record<string, unknown>>;
    if (event === "stream_open") status = Number(facts.status);
    if (event === "stream_event") {
      context.log("stdout", `${String(facts.data)}\n`);
    }
    if (event === "stream_error") {
      const { code, message } = facts;
      return failedRun({ code: String(code), message: String(message) });
    }
  }
  return outcomeOf(status, { status });
}

function outcomeOf(status: number, result: RunOutcome["result"]): RunOutcome {
  if (status < 400) return succeededRun(result);
  const message = `The site answered ${status}`;
  return failedRun({ code: "SITE_REFUSED", message }, result);
}
