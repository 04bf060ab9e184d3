import type { AuditedCaller } from "../shared/audit.ts";
import type { Clock } from "../shared/clock.ts";
import { AppError } from "../shared/errors.ts";
import { absoluteFrom } from "../shared/user_path.ts";
import { finishAudit } from "./audit.ts";
import { editFile } from "./edit_file.ts";
import { failureOf, FILE_FAILED, inputFailure } from "./failure.ts";
import type { WriteFileDeps } from "./file_write.ts";
import {
  type Normalised,
  normaliseFileEdit,
  normaliseFileRead,
  normaliseFileWrite,
} from "./input.ts";
import type { HostOpPorts } from "./host_op_ports.ts";
import { readFile } from "./read_file.ts";
import type {
  FileEditOutcome,
  FileFailure,
  FileReadOutcome,
  FileWriteInput,
  FileWriteOutcome,
  HostOpError,
} from "./results.ts";
import { shownEdit, shownWrite } from "./shown_input.ts";
import { writeFile } from "./write_file.ts";

/** Reads, writes and edits files, and says how it went. */
export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`. */
  read(request: unknown, context: AuditedCaller): Promise<FileReadOutcome> {
    const normalised = normaliseFileRead(request, this.#options);
    return this.#operate("read", normalised, {
      context,
      work: (input, absolutePath) =>
        readFile({ ...input, absolutePath }, this.#options, context.hold),
    });
  }

  /** @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`. */
  async write(
    request: unknown,
    context: AuditedCaller,
  ): Promise<FileWriteOutcome> {
    const normalised = normaliseFileWrite(request, this.#options);
    let bytes: Uint8Array | undefined;
    const outcome = await this.#operate("write", normalised, {
      context,
      work: ({ content, encoding, ...input }, absolutePath) => {
        bytes = bytesOf(content, encoding);
        const write = { ...input, encoding, absolutePath, bytes };
        return writeFile(write, this.#options);
      },
    });
    const sha256 = outcome.ok && !outcome.input.append
      ? outcome.result.sha256 ?? undefined
      : undefined;
    return { ...outcome, input: shownWrite(outcome.input, { bytes, sha256 }) };
  }

  /** @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`. */
  async edit(
    request: unknown,
    context: AuditedCaller,
  ): Promise<FileEditOutcome> {
    const normalised = normaliseFileEdit(request, this.#options);
    const outcome = await this.#operate("edit", normalised, {
      context,
      work: (input, absolutePath) =>
        editFile({ ...input, absolutePath }, {
          ...this.#options,
          signal: AbortSignal.any([context.signal, this.#options.stopping]),
        }),
    });
    return { ...outcome, input: shownEdit(outcome.input) };
  }

  async #operate<
    Verb extends keyof typeof FILE_FAILED,
    Input extends { readonly path: string; readonly cwd: string },
    Result extends object,
  >(
    verb: Verb,
    { input, issues }: Normalised<Input>,
    { context: { actor }, work }: {
      readonly context: AuditedCaller;
      readonly work: (input: Input, absolutePath: string) => Promise<Result>;
    },
  ): Promise<FileOutcome<Verb, Input, Result>> {
    const { audit, guard, home, inFlight, stopping } = this.#options;
    if (stopping.aborted) throw new AppError("SHUTTING_DOWN");
    const operation = `files/${verb}` as const;
    let absolutePath = absoluteFrom(input.path, { cwd: input.cwd, home });
    let wrong = issues.length > 0 ? inputFailure(issues, operation) : undefined;
    const failed = (thrown: unknown) =>
      failureOf(thrown, {
        code: FILE_FAILED[verb],
        doing: `${verb} ${absolutePath}`,
      });
    try {
      if (wrong === undefined) {
        absolutePath = await guard.policy.follow(
          absolutePath,
          verb === "read" ? "read" : "write",
        );
      }
    } catch (thrown) {
      wrong = failed(thrown);
    }
    const target = { operation, path: absolutePath };
    const entry = await audit.begin({ action: operation, actor, target });
    let outcome: FileOutcome<Verb, Input, Result>;
    try {
      if (wrong !== undefined) throw wrong;
      const result = await inFlight.track(work(input, absolutePath));
      outcome = { ok: true, operation, input, result };
    } catch (thrown) {
      const { told } = failed(thrown);
      const { encoding }: Partial<FileWriteInput> = input;
      const result = { absolutePath, ...(encoding && { encoding }) };
      outcome = told.error.code === "INVALID_INPUT"
        ? { ok: false, operation, input, ...told }
        : { ok: false, operation, input, ...told, result };
    }
    await finishAudit(entry, outcome);
    return outcome;
  }
}

type FilesOptions = HostOpPorts & WriteFileDeps & { readonly clock: Clock };

type FileOutcome<Verb extends keyof typeof FILE_FAILED, Input, Result> =
  & { readonly operation: `files/${Verb}`; readonly input: Input }
  & (
    | { ok: true; result: Result }
    | { ok: false; error: HostOpError; hint?: string; result?: FileFailure }
  );

/** @throws {HostOpFailure} `INVALID_INPUT` when the content is no base64. */
function bytesOf(
  content: string,
  encoding: FileWriteInput["encoding"],
): Uint8Array {
  if (encoding === "utf8") return new TextEncoder().encode(content);
  try {
    return Uint8Array.fromBase64(content);
  } catch {
    throw inputFailure([{
      path: "content",
      message: "files/write.content must be base64, as encoding says.",
    }], "files/write");
  }
}
