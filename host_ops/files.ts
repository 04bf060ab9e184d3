import { resolve } from "@std/path";
import type { AuditPort } from "../shared/audit.ts";
import { AppError } from "../shared/errors.ts";
import type { InFlight } from "../shared/wait.ts";
import { finishAudit } from "./audit.ts";
import { failureOf, inputFailure } from "./failure.ts";
import {
  type Normalised,
  normaliseFileRead,
  normaliseFileWrite,
} from "./input.ts";
import type { HostOpContext } from "./host_op_context.ts";
import { readFile } from "./read_file.ts";
import type {
  FileFailure,
  FileReadOutcome,
  FileWriteInput,
  FileWriteOutcome,
  HostOpError,
} from "./results.ts";
import { writeFile, type WriteFileDeps } from "./write_file.ts";

/** Reads and writes files, and says how it went. */
export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`. */
  read(request: unknown, context: HostOpContext): Promise<FileReadOutcome> {
    const normalised = normaliseFileRead(request, this.#options.cwd);
    return this.#operate("files/read", normalised, {
      context,
      code: "FILE_READ_FAILED",
      work: (input, absolutePath) =>
        readFile({ ...input, absolutePath }, this.#options, context.hold),
    });
  }

  /** @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`. */
  write(request: unknown, context: HostOpContext): Promise<FileWriteOutcome> {
    const normalised = normaliseFileWrite(request, this.#options.cwd);
    return this.#operate("files/write", normalised, {
      context,
      code: "FILE_WRITE_FAILED",
      work: (input, absolutePath) => {
        const bytes = bytesOf(input);
        return writeFile({ ...input, absolutePath, bytes }, this.#options);
      },
    });
  }

  async #operate<
    Operation extends "files/read" | "files/write",
    Input extends FileRequest,
    Result extends object,
  >(
    operation: Operation,
    { input, issues }: Normalised<Input>,
    options: {
      readonly context: HostOpContext;
      /** What a failure of the system becomes. */
      readonly code: "FILE_READ_FAILED" | "FILE_WRITE_FAILED";
      readonly work: (input: Input, absolutePath: string) => Promise<Result>;
    },
  ): Promise<FileOutcome<Operation, Input, Result>> {
    const { audit, inFlight, stopping } = this.#options;
    if (stopping.aborted) throw new AppError("SHUTTING_DOWN");
    const { code, context: { actor }, work } = options;
    const absolutePath = resolve(input.cwd, input.path);
    const target = { operation, path: absolutePath };
    const entry = audit.begin({ action: operation, actor, target });
    let outcome: FileOutcome<Operation, Input, Result>;
    try {
      if (issues.length > 0) throw inputFailure(issues);
      const result = await inFlight.track(work(input, absolutePath));
      outcome = { ok: true, operation, input, result };
    } catch (thrown) {
      const doing = `${operation.slice("files/".length)} ${absolutePath}`;
      const error = failureOf(thrown, { code, doing }).toError();
      const result = { absolutePath, encoding: input.encoding };
      outcome = error.code === "INVALID_INPUT"
        ? { ok: false, operation, input, error }
        : { ok: false, operation, input, error, result };
    }
    finishAudit(entry, outcome);
    return outcome;
  }
}

export interface FilesOptions extends WriteFileDeps {
  /** Where relative paths begin, absolute. */
  readonly cwd: string;
  readonly inFlight: InFlight;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
  readonly audit: AuditPort;
}

interface FileRequest {
  readonly cwd: string;
  readonly path: string;
  readonly encoding: "utf8" | "base64";
}

interface Answered<Operation, Input> {
  readonly operation: Operation;
  readonly input: Input;
}

type FileOutcome<Operation, Input, Result> =
  & Answered<Operation, Input>
  & (
    | { ok: true; result: Result }
    | { ok: false; error: HostOpError; result?: FileFailure }
  );

/** @throws {HostOpFailure} `INVALID_INPUT` when the content is no base64. */
function bytesOf(input: FileWriteInput): Uint8Array {
  if (input.encoding === "utf8") return new TextEncoder().encode(input.content);
  try {
    return Uint8Array.fromBase64(input.content);
  } catch {
    throw inputFailure([{
      path: "content",
      message: "files/write.content must be base64, as encoding says.",
    }]);
  }
}
