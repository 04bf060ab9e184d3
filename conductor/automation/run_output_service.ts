import { decodeStrictly, wholeCharacters } from "../../host_ops/mod.ts";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import type { HeldCalls } from "../record/mod.ts";
import type { Run, Stores } from "../store/mod.ts";
import type { OutputBytes, OutputStream, RunOutputs } from "./run_outputs.ts";
import { runNotFound } from "./task_not_found.ts";

/** How often it is looked whether a command has printed more. */
const LOOK_MS = 100;
const NOTHING: OutputBytes = { bytes: new Uint8Array(0), size: 0 };

/** How runs end whose command may have printed, though nothing is known of its end. */
const CUT_OFF = ["RUN_LOST", "CANCELED", "TASK_TIMEOUT", "NOT_STOPPED"];

/** Shows what commands of runs have printed, from any byte on. */
export class RunOutputService {
  readonly #options: RunOutputOptions;

  constructor(options: RunOutputOptions) {
    this.#options = options;
  }

  /**
   * Returns the bytes from `offset` on; when there are none yet, waits for some
   * as long as `waitMs`.
   * @throws {AppError} `NOT_FOUND` for the run, for one that is no command's,
   * and, with reason `expired`, or `gone` where nobody saw its end, for output that
   * is not kept any more; `TOO_MANY_REQUESTS` when too many calls are held
   */
  async read(
    runId: string,
    { waitMs, signal, ...part }: OutputRequest,
  ): Promise<OutputAnswer> {
    const { clock, held } = this.#options;
    const until = clock.monotonic() + waitMs;
    const end = AbortSignal.any([signal, held.stopped]);
    let place: Disposable | undefined;
    try {
      while (true) {
        // Before the bytes: one that has ended here has printed them all.
        const run = this.#run(runId);
        const read = await this.#bytes(run, part);
        const left = until - clock.monotonic();
        const isOver = run.finished_at !== null || left <= 0 || end.aborted;
        if (read.bytes.length > 0 || isOver) return answerOf(run, part, read);
        place ??= held.enter();
        await sleep(clock, Math.min(LOOK_MS, left), end);
      }
    } finally {
      place?.[Symbol.dispose]();
    }
  }

  #run(runId: string): Run {
    const { runs, tasks } = this.#options;
    const run = runs.get(runId);
    if (run === undefined) throw runNotFound(runId, tasks);
    const kind = tasks.get(run.task_id)?.kind;
    if (kind === "exec") return run;
    throw new AppError(
      "NOT_FOUND",
      `Cannot find an output of run "${runId}": its task is of kind ${kind}`,
      { details: { reason: "no_output" } },
    );
  }

  async #bytes(
    { run_id, finished_at, outcome }: Run,
    part: Omit<OutputRequest, "waitMs" | "signal">,
  ): Promise<OutputBytes> {
    const read = await this.#options.outputs.read(run_id, part);
    if (read !== undefined) return read;
    const { result = null, code = null } = outcome ?? {};
    const isCutOff = code !== null && CUT_OFF.includes(code);
    const hasRun = finished_at !== null && (result !== null || isCutOff);
    if (!hasRun) return NOTHING;
    const [reason, why] = result === null
      ? ["gone", "its files are gone"]
      : ["expired", "it made room for newer ones, or its files were removed"];
    throw new AppError(
      "NOT_FOUND",
      `Cannot read the output of run "${run_id}": ${why}`,
      { details: { reason } },
    );
  }
}

/** What is asked for. */
interface OutputRequest {
  readonly stream: OutputStream;
  /** Byte to begin at. */
  readonly offset: number;
  readonly maxBytes: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

type OutputAnswer = ReturnType<typeof answerOf>;

interface RunOutputOptions extends Pick<Stores, "runs" | "tasks"> {
  readonly outputs: Pick<RunOutputs, "read">;
  readonly held: Pick<HeldCalls, "enter" | "stopped">;
  readonly clock: Clock;
}

function answerOf(
  { run_id, status, finished_at, outcome }: Run,
  { stream, offset }: Pick<OutputRequest, "stream" | "offset">,
  { bytes, size }: OutputBytes,
) {
  // A character that is cut comes whole with the next part.
  const whole = bytes.subarray(0, wholeCharacters(bytes));
  const text = whole.length > 0 || bytes.length === 0
    ? decodeStrictly(whole)
    : undefined;
  const length = text === undefined ? bytes.length : whole.length;
  const running = finished_at === null;
  const facts = outcome?.result ?? {};
  return {
    run_id,
    stream,
    offset,
    next_offset: offset + length,
    ...(text === undefined
      ? { content_base64: bytes.toBase64() }
      : { content: text }),
    size_bytes: size,
    running,
    eof: !running && offset + length >= size,
    exit: running ? null : {
      status,
      code: outcome?.code ?? null,
      exit_code: numberOf(facts.exit_code),
      signal: typeof facts.signal === "string" ? facts.signal : null,
    },
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
