import type { ByteBudget } from "../shared/byte_budget.ts";
import { HostOpFailure } from "./failure.ts";
import type { CommandEnd } from "./process/mod.ts";
import type { ExecFacts, ExecInput } from "./results.ts";

/** How to keep what a command leaves behind. */
export const KEEP_IT =
  "What the command left running was killed: send what has to go on as a command of its own, with detach: true.";

/** Returns what is answered of a command that has ended. */
export function endOf<Result extends ExecFacts>(
  input: ExecInput,
  { result, failure }: {
    readonly result: Result;
    readonly failure: HostOpFailure | undefined;
  },
) {
  const operation = "exec" as const;
  const keep = result.killedProcesses === undefined ? [] : [KEEP_IT];
  if (failure === undefined) {
    const [hint] = keep;
    const said = hint === undefined ? {} : { hint };
    return { ok: true as const, operation, input, ...said, result };
  }
  const { error, hint } = failure.told;
  return {
    ok: false as const,
    operation,
    input,
    error,
    hint: [hint, ...keep].join(" "),
    result,
  };
}

/** Returns why a command that has ended failed; undefined when it did not. */
export function execFailure(
  { killedFor, exitCode, signal }: HowItEnded,
  { timeoutMs, maxBufferBytes, detach = false }: ExecInput,
  { budget, isStopping = false }: {
    readonly budget?: ByteBudget;
    readonly isStopping?: boolean;
  } = {},
): HostOpFailure | undefined {
  switch (killedFor) {
    case "timeout":
      return new HostOpFailure(
        "EXEC_TIMEOUT",
        `Command timed out after ${timeoutMs}ms.`,
        {
          retryable: true,
          details: { timeoutMs },
          hint: "Send it again with a larger timeoutMs (0: no limit)" +
            (detach
              ? "."
              : ", or with detach: true, which answers with the calls that read on."),
        },
      );
    case "maxBufferBytes":
      return new HostOpFailure(
        "EXEC_OUTPUT_LIMIT",
        `Command output exceeded maxBufferBytes=${maxBufferBytes}.`,
        {
          details: { maxBufferBytes },
          hint:
            'Send it again with onLimit: "discard" to keep the head and the tail, or redirect the output to a file and read parts of that by POST /v1/files/read.',
        },
      );
    case "budget":
      return new HostOpFailure(
        "EXEC_OUTPUT_LIMIT",
        "Command output exceeded what all running operations together may hold.",
        {
          retryable: true,
          details: { maxBufferedBytes: budget?.limit },
          hint:
            "Send it again when fewer operations run, with a smaller maxBufferBytes, or with its output redirected to a file.",
        },
      );
    case "aborted":
      return isStopping
        ? new HostOpFailure(
          "EXEC_FAILED",
          "Command was killed: the daemon is shutting down.",
          {
            retryable: true,
            details: { reason: "shutting_down" },
            hint:
              "Send it again when GET /readyz answers; with detach: true a command outlives the daemon.",
          },
        )
        : new HostOpFailure(
          "CANCELED",
          "Command was killed: its caller left or canceled it.",
          { details: { reason: "canceled" } },
        );
  }
  if (exitCode === 0) return undefined;
  return new HostOpFailure(
    "EXEC_EXIT_NON_ZERO",
    signal === null
      ? `Command exited with code ${exitCode}.`
      : `Command was ended by ${signal}.`,
    {
      details: signal === null ? { exitCode } : { exitCode, signal },
      ...(isNotFound(exitCode) && { hint: NOT_FOUND }),
    },
  );
}

/** What shells say of a program that is not there, or that may not be run. */
function isNotFound(exitCode: number | null): boolean {
  return exitCode === 126 || exitCode === 127;
}

const NOT_FOUND =
  "stderr names a program that is not in PATH or may not be run: GET /v1/capabilities has PATH as host_operations.environment.path; name the program by its full path, or give env with another PATH.";

/** What ended a command, when it was not itself, and how. */
interface HowItEnded extends Pick<ExecFacts, "exitCode" | "signal"> {
  readonly killedFor?: CommandEnd["killedFor"];
}
