import { resolve } from "@std/path";
import type { AuditPort } from "../shared/audit.ts";
import type { InputIssue } from "../shared/errors.ts";
import { beginAudit, finishAudit } from "./audit.ts";
import { failureOf, type HostOpFailure } from "./failure.ts";
import { normaliseFileRead, normaliseFileWrite } from "./input.ts";
import { type HostOpContext, inputFailure } from "./operation.ts";
import { readFile, type ReadFileDeps } from "./read_file.ts";
import type {
  FileFailure,
  FileReadOutcome,
  FileWriteInput,
  FileWriteOutcome,
  HostOpError,
} from "./results.ts";
import { writeFile, type WriteFileDeps } from "./write_file.ts";

/** Options of {@linkcode Files}. */
export interface FilesOptions extends ReadFileDeps, WriteFileDeps {
  /** Where relative paths begin, absolute. */
  readonly cwd: string;
  readonly audit: AuditPort;
}

/** Reads and writes files, and says how it went. */
export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `NOT_READY` when audit refuses. */
  async read(
    request: unknown,
    context: HostOpContext,
  ): Promise<FileReadOutcome> {
    const { input, issues } = normaliseFileRead(request, this.#options.cwd);
    const operation = "files/read";
    const absolutePath = resolve(input.cwd, input.path);
    const entry = this.#begin(operation, context, absolutePath);
    let outcome: FileReadOutcome;
    try {
      expectValid(issues);
      const result = await readFile(
        { ...input, absolutePath },
        this.#options,
        context.hold,
      );
      outcome = { ok: true, operation, input, result };
    } catch (thrown) {
      const failure = failureOf(thrown, {
        code: "FILE_READ_FAILED",
        doing: `read ${absolutePath}`,
      });
      const failed = failedAt(absolutePath, { failure, input });
      outcome = { ok: false, operation, input, ...failed };
    }
    finishAudit(entry, outcome);
    return outcome;
  }

  /** @throws {AppError} `NOT_READY` when audit refuses. */
  async write(
    request: unknown,
    context: HostOpContext,
  ): Promise<FileWriteOutcome> {
    const { input, issues } = normaliseFileWrite(request, this.#options.cwd);
    const operation = "files/write";
    const absolutePath = resolve(input.cwd, input.path);
    const entry = this.#begin(operation, context, absolutePath);
    let outcome: FileWriteOutcome;
    try {
      expectValid(issues);
      const write = { ...input, absolutePath, bytes: bytesOf(input) };
      const result = await writeFile(write, this.#options);
      outcome = { ok: true, operation, input, result };
    } catch (thrown) {
      const failure = failureOf(thrown, {
        code: "FILE_WRITE_FAILED",
        doing: `write ${absolutePath}`,
      });
      const failed = failedAt(absolutePath, { failure, input });
      outcome = { ok: false, operation, input, ...failed };
    }
    finishAudit(entry, outcome);
    return outcome;
  }

  #begin(
    operation: "files/read" | "files/write",
    context: HostOpContext,
    path: string,
  ) {
    const { actor } = context;
    return beginAudit(this.#options.audit, {
      operation,
      actor,
      target: { path },
    });
  }
}

function failedAt(
  absolutePath: string,
  what: {
    readonly failure: HostOpFailure;
    readonly input: { readonly encoding: "utf8" | "base64" };
  },
): { readonly error: HostOpError; readonly result?: FileFailure } {
  const error = what.failure.toError();
  if (error.code === "INVALID_INPUT") return { error };
  return { error, result: { absolutePath, encoding: what.input.encoding } };
}

function expectValid(issues: readonly InputIssue[]): void {
  if (issues.length > 0) throw inputFailure(issues);
}

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
