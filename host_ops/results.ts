import { z } from "zod";
import type { HeldText } from "../shared/held_text.ts";
import { HOST_OP_ERRORS, type HostOpErrorCode } from "./schemas.ts";

const bytes = z.int().min(0);
const time = z.string().describe("ISO 8601 UTC with milliseconds.");
const encoding = z.enum(["utf8", "base64"]);
/** A large one is a string on the wire alone: see {@linkcode HeldText}. */
const heldText = z.string() as z.ZodType<string | HeldText>;

/** The normalised request of `exec`, defaults filled in. */
export const ExecInput = z.object({
  command: z.string().optional(),
  args: z.array(z.string()).optional(),
  cwd: z.string(),
  timeoutMs: z.int(),
  maxBufferBytes: z.int(),
  onLimit: z.enum(["kill", "discard"]).optional().describe(
    "Not of a detached command.",
  ),
  headBytes: z.int().optional(),
  tailBytes: z.int().optional(),
  stdin: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  detach: z.boolean().optional(),
  waitMs: z.int().optional(),
});

/** The normalised request of `files/read`. */
export const FileReadInput = z.object({
  path: z.string(),
  cwd: z.string(),
  encoding,
  maxBytes: z.int(),
  offset: z.int().optional(),
  lines: z.string().optional(),
});

/** The normalised request of `files/write`. */
export const FileWriteInput = z.object({
  path: z.string(),
  content: z.string().optional().describe(
    "Up to 1024 bytes; of more the two fields below stand in its place.",
  ),
  contentBytes: bytes.optional(),
  contentSha256: z.string().optional().describe(
    "Hash of the bytes that the content stands for.",
  ),
  cwd: z.string(),
  encoding,
  createParents: z.boolean(),
  overwrite: z.boolean(),
  append: z.boolean().optional(),
  ifMatch: z.string().optional(),
});

/** The normalised request of `files/edit`: how long the texts are, not what they say. */
export const FileEditInput = z.object({
  path: z.string(),
  cwd: z.string(),
  edits: z.array(
    z.object({ oldBytes: bytes, newBytes: bytes, all: z.boolean() }),
  ),
  ifMatch: z.string().optional(),
  dryRun: z.boolean(),
});

/** How a command ended, without what it printed. */
export const ExecFacts = z.object({
  exitCode: z.int().nullable().describe("Null when a signal ended it."),
  signal: z.string().nullable(),
  durationMs: z.number(),
  startedAt: time,
  finishedAt: time,
  timedOut: z.boolean(),
  stdoutBytes: bytes.describe("Bytes that came, kept or not."),
  stderrBytes: bytes.describe("Bytes that came, kept or not."),
  stdoutOmittedBytes: bytes.optional().describe(
    "With onLimit discard: bytes left out between head and tail.",
  ),
  stderrOmittedBytes: bytes.optional().describe("The same of stderr."),
  truncated: z.boolean().describe(
    "Whether an output was cut short: bytes were dropped, or what still held it was killed or left alone.",
  ),
  heldOpen: z.boolean().describe(
    "Whether a process that left the session still held the output open.",
  ),
  killedProcesses: z.int().min(1).optional().describe(
    "How many processes the command had left running, which were killed; 1 where only that there were some is known.",
  ),
});

/** How a command ended, and what it printed. */
const ExecResult = z.object({
  stdout: heldText,
  stderr: heldText,
  ...ExecFacts.shape,
});

/** What was read. */
export const FileReadResult = z.object({
  absolutePath: z.string(),
  content: heldText,
  sizeBytes: bytes.describe("Size of the whole file."),
  modifiedAt: time,
  encoding,
  offset: bytes.describe("Byte where the content begins."),
  bytesRead: bytes.describe("Bytes that the content stands for."),
  eof: z.boolean().describe("Whether the content reaches the file's end."),
  truncated: z.literal(true).optional().describe(
    "There when `lines` hold more than `maxBytes`: go on by offset.",
  ),
  sha256: z.string().nullable().describe(
    "Hash of the whole file, also of a part; null above 64 MiB.",
  ),
});

/** What was written. */
export const FileWriteResult = z.object({
  absolutePath: z.string(),
  bytesWritten: bytes,
  created: z.boolean().describe("Whether there was no file before."),
  atomic: z.boolean().describe(
    "False when the file was written in place, as append, its hard links or owner called for: a crash then could have left a part.",
  ),
  modifiedAt: time,
  encoding,
  sha256: z.string().nullable().describe(
    "Hash of the whole file as written; null where something was appended to more than 64 MiB, or to what may not be read.",
  ),
});

/** What was edited. */
export const FileEditResult = z.object({
  absolutePath: z.string(),
  sha256Before: z.string(),
  sha256: z.string().describe("Hash of the file as edited."),
  replacements: bytes.describe("How many places were replaced."),
  bytesWritten: bytes.describe("Size of the file as edited; 0: a dry run."),
  atomic: z.boolean().describe("As of files/write."),
  diff: z.string().describe("Unified, with three lines around each change."),
  diffTruncated: z.boolean().describe("Whether the diff was cut, at 64 KB."),
});

/** What a failed file operation still knows; an edit has no encoding. */
export const FileFailure = z.object({
  absolutePath: z.string(),
  encoding: encoding.optional(),
});

/** Why an operation failed. */
export const HostOpError = z.object({
  code: z.enum(Object.keys(HOST_OP_ERRORS) as HostOpErrorCode[]),
  message: z.string(),
  retryable: z.boolean().describe(
    "Whether the same request may succeed later without being changed.",
  ),
  details: z.record(z.string(), z.unknown()).optional(),
});

function outcome<
  Operation extends string,
  Input extends z.ZodType,
  Result extends z.ZodType,
  Partial extends z.ZodType,
  More extends z.ZodRawShape = Record<never, z.ZodType>,
>(
  operation: Operation,
  parts: {
    readonly input: Input;
    readonly result: Result;
    readonly partial: Partial;
    readonly more?: More;
  },
) {
  const asked = {
    operation: z.literal(operation),
    input: parts.input,
    ...parts.more as More,
    hint: z.string().optional().describe("The call to make next."),
  };
  return z.discriminatedUnion("ok", [
    z.object({ ok: z.literal(true), ...asked, result: parts.result }),
    z.object({
      ok: z.literal(false),
      ...asked,
      error: HostOpError,
      result: parts.partial.optional(),
    }),
  ]);
}

/** What `executeCommand` returns; a failure keeps the partial result. */
export const ExecOutcome = outcome("exec", {
  input: ExecInput,
  result: ExecResult,
  partial: ExecResult,
  more: {
    taskId: z.string().optional().describe("Of a detached command."),
    runId: z.string().optional(),
  },
});
/** What `readTextFile` returns. */
export const FileReadOutcome = outcome("files/read", {
  input: FileReadInput,
  result: FileReadResult,
  partial: FileFailure,
});
/** What `writeTextFile` returns. */
export const FileWriteOutcome = outcome("files/write", {
  input: FileWriteInput,
  result: FileWriteResult,
  partial: FileFailure,
});

/** What `editTextFile` returns. */
export const FileEditOutcome = outcome("files/edit", {
  input: FileEditInput,
  result: FileEditResult,
  partial: FileFailure,
});

/** The data of each event of a streamed `exec`, by event name; `exit` is the last one. */
export const EXEC_STREAM_EVENTS = {
  stdout: z.object({ text: z.string() }),
  stderr: z.object({ text: z.string() }),
  exit: outcome("exec", {
    input: ExecInput,
    result: ExecFacts,
    partial: ExecFacts,
  }),
};

export type ExecInput = z.infer<typeof ExecInput>;
export type FileReadInput = z.infer<typeof FileReadInput>;
export type FileWriteInput = z.infer<typeof FileWriteInput>;
export type ExecFacts = z.infer<typeof ExecFacts>;
export type FileEditInput = z.infer<typeof FileEditInput>;
export type FileEditResult = z.infer<typeof FileEditResult>;
export type FileEditOutcome = z.infer<typeof FileEditOutcome>;
export type FileReadResult = z.infer<typeof FileReadResult>;
export type FileWriteResult = z.infer<typeof FileWriteResult>;
export type FileFailure = z.infer<typeof FileFailure>;
export type HostOpError = z.infer<typeof HostOpError>;
export type ExecOutcome = z.infer<typeof ExecOutcome>;
export type FileReadOutcome = z.infer<typeof FileReadOutcome>;
export type FileWriteOutcome = z.infer<typeof FileWriteOutcome>;
export type HostOpResult =
  | ExecOutcome
  | FileReadOutcome
  | FileWriteOutcome
  | FileEditOutcome;
export type ExecExit = z.infer<typeof EXEC_STREAM_EVENTS.exit>;
