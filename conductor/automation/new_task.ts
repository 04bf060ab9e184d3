import { canonicalJson, sha256Hex } from "../../shared/digest.ts";
import { AppError, invalidInput, invalidInputs } from "../../shared/errors.ts";
import { schemaRefusal } from "../../shared/http/mod.ts";
import { MAX_PAYLOAD_BYTES, type NewTask, type TaskRow } from "../store/mod.ts";
import type { TaskKind } from "./task_kind.ts";

/** What the refusal of a task says for the whole. */
export const CANNOT_ACCEPT = { message: "Cannot accept the body" };

/**
 * Checks what a task is to run, by its kind.
 * @throws {AppError} `INVALID_INPUT`
 */
export function checkPayload({ payload }: NewTask, kind: TaskKind): void {
  const size = new TextEncoder().encode(JSON.stringify(payload)).length;
  if (size > MAX_PAYLOAD_BYTES) {
    const message = `must be at most ${MAX_PAYLOAD_BYTES} bytes as JSON`;
    throw invalidInput("payload", message, CANNOT_ACCEPT);
  }
  const { fields, message } = kind.refused ?? { fields: [], message: "" };
  const refused = fields.filter((it) => payload[it] !== undefined);
  if (refused.length > 0) {
    const issues = refused.map((it) => ({ path: `payload.${it}`, message }));
    throw invalidInputs(issues, CANNOT_ACCEPT);
  }
  const result = kind.payload.safeParse(payload);
  if (result.success) return;
  const place = { at: ["payload"], ...CANNOT_ACCEPT };
  throw schemaRefusal(result.error, kind.payload, place);
}

/**
 * A limit in the payload means the task's.
 * @throws {AppError} `INVALID_INPUT` when there are two
 */
export function withLimits(task: NewTask): NewTask {
  const { kind, payload } = task;
  const limits = {
    timeout_ms: payload.timeoutMs ?? payload.timeout_ms,
    ...(kind === "exec" && {
      max_output_bytes: payload.maxBufferBytes ?? payload.max_buffer_bytes,
    }),
  };
  const names = { timeout_ms: "timeoutMs", max_output_bytes: "maxBufferBytes" };
  let limited = task;
  for (const name of ["timeout_ms", "max_output_bytes"] as const) {
    const inner = limits[name];
    if (typeof inner !== "number") continue;
    if (task[name] !== undefined) {
      const message = `and payload.${names[name]} must not both be given`;
      throw invalidInput(name, message, CANNOT_ACCEPT);
    }
    limited = { ...limited, [name]: inner };
  }
  return limited;
}

/** Returns what tells two requests with one `Idempotency-Key` apart. */
export function hashOf(task: NewTask, retryOf?: string): string {
  return sha256Hex(canonicalJson({ ...task, retry_of: retryOf }));
}

/** What the caller gives anew of what is not kept. */
export interface PayloadAgain {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | undefined;
}

/**
 * Returns the task that does again what another one did.
 * @throws {AppError} `CONFLICT` when that has not ended, or what it ran with is
 * not kept and not given
 */
export function retryOf(row: TaskRow, given: PayloadAgain): NewTask {
  const cannot = `Cannot retry task "${row.task_id}"`;
  const { status } = row;
  if (row.finished_at === null) {
    throw new AppError("CONFLICT", `${cannot}: it has not ended`, {
      details: { status },
      hint:
        `POST /v1/tasks/${row.task_id}/cancel ends it; GET /v1/tasks/${row.task_id} shows whether it has ended.`,
    });
  }
  const payload = JSON.parse(row.payload);
  // The row has what of it counts.
  if (row.kind === "exec") {
    delete payload.maxBufferBytes;
    delete payload.max_buffer_bytes;
  }
  const missing = (["env", "stdin"] as const).filter((name) =>
    (payload[name] ?? null) !== null && given[name] === undefined
  );
  if (missing.length > 0) {
    throw new AppError(
      "CONFLICT",
      `${cannot}: the values of its ${missing.join(" and ")} are not kept; ` +
        `give them anew: {"payload":{${
          missing.map((it) => `"${it}":…`).join(",")
        }}}`,
      {
        details: { missing },
        hint: "Send the same request with these values in payload.",
      },
    );
  }
  const hasOwnLimit = typeof (payload.timeoutMs ?? payload.timeout_ms) ===
    "number";
  const isDefault = row.timeout_ms === null &&
    row.effective_timeout_ms !== null;
  return {
    title: row.title,
    kind: row.kind,
    payload: {
      ...payload,
      ...(given.env && { env: given.env }),
      ...(given.stdin !== undefined && { stdin: given.stdin }),
    },
    priority: row.priority,
    max_attempts: row.max_attempts,
    ...(!hasOwnLimit && !isDefault && { timeout_ms: row.timeout_ms }),
    labels: JSON.parse(row.labels),
    retry_lost: row.retry_lost === 1,
    ...(row.survive === 1 && { survive: true }),
    ...(row.max_output_bytes !== null && {
      max_output_bytes: row.max_output_bytes,
    }),
  };
}
