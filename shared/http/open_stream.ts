import type { AuditPort } from "../audit.ts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Call } from "./call.ts";
import { beginAudit } from "./run_handler.ts";
import { type AnswerContext, events, wireError } from "./respond.ts";
import type { RouteWith } from "./route.ts";
import { sse } from "./sse.ts";

/** Answers a call with the events of its route. */
export async function openStream<Deps>(
  call: Call<Deps>,
  route: RouteWith<Deps, "stream">,
  { answer, audit, ...limits }: StreamOptions,
): Promise<Response> {
  const { request, log } = call;
  const left = new AbortController();
  call.signal = AbortSignal.any([call.signal, left.signal]);
  const entry = await beginAudit(call, audit);
  try {
    const source = await route.stream(call);
    const held = call.keep();
    const body = sse(source, {
      ...limits,
      signal: call.signal,
      describeError: (thrown) => wireError(call.asKnown(thrown), log, route.id),
      onEnd(reason) {
        held[Symbol.dispose]();
        left.abort(new AppError("CONFLICT", "The client left"));
        void entry?.finish({ ok: reason === "done" });
        log.debug("A stream ended", {
          route: route.id,
          reason,
          client_left: request.signal.aborted,
        });
      },
    });
    return events(body, answer);
  } catch (error) {
    await entry?.finish({ ok: false });
    throw error;
  }
}

interface StreamOptions {
  readonly answer: AnswerContext;
  readonly audit: AuditPort;
  readonly clock: Clock;
  readonly stallMs: number;
}
