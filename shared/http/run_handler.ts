import type { AuditEntry, AuditPort } from "../audit.ts";
import type { Clock } from "../clock.ts";
import { codeOf } from "../errors.ts";
import type { Call } from "./call.ts";
import { Reply, type RouteWith } from "./route.ts";

/**
 * Runs the handler of a call, and returns what that returns: a promise, or not;
 * of a write, the audit and the log are told.
 */
export function runHandler<Deps>(
  call: Call<Deps>,
  route: RouteWith<Deps, "handler">,
  ports: HandlerPorts,
): unknown {
  return route.kind === "read"
    ? route.handler(call)
    : runWrite(call, route, ports);
}

async function runWrite<Deps>(
  call: Call<Deps>,
  route: RouteWith<Deps, "handler">,
  { audit, clock }: HandlerPorts,
): Promise<unknown> {
  const started = clock.monotonic();
  const begun = beginAudit(call, audit);
  const linger = route.commitsWithIntent === true;
  const early = linger ? Promise.try(() => route.handler(call)) : undefined;
  // What is refused with its intent is told by that.
  early?.catch(() => {});
  const entry = await begun;
  const done = (code: string) =>
    call.log.info("Answered a write", {
      route: route.id,
      code,
      duration_ms: Math.round(clock.monotonic() - started),
    });
  try {
    const result = await (early ?? route.handler(call));
    const data = result instanceof Reply ? result.data : result;
    const facts = route.auditFacts?.(data);
    await entry?.finish({ ok: true, ...(facts && { facts }) }, { linger });
    done("OK");
    return result;
  } catch (error) {
    const code = codeOf(error);
    await entry?.finish({ ok: false, code }, { linger });
    done(code);
    throw error;
  }
}

interface HandlerPorts {
  readonly audit: AuditPort;
  readonly clock: Clock;
}

/**
 * Records that a write is about to run, unless it reports by itself.
 * @throws {AppError} NOT_READY when it must be recorded and cannot be
 */
export async function beginAudit<Deps>(
  call: Call<Deps>,
  audit: AuditPort,
): Promise<AuditEntry | undefined> {
  const { route, params } = call;
  if (route.kind === "read" || route.auditsItself !== undefined) {
    return undefined;
  }
  const target = route.auditTarget?.(call);
  return await audit.begin({
    action: route.auditAs ?? route.id,
    actor: {
      name: call.actor,
      source: "http",
      request_id: call.requestId,
      remote_address: call.remoteAddress,
    },
    target: { ...params, ...target },
  });
}
