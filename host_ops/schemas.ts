import { z } from "zod";
import { isForward, LINE_RANGE } from "./file_part.ts";
import { NEVER_SET } from "../shared/shell_variables.ts";
import { namesAUser, TILDE_RULE } from "../shared/user_path.ts";

/** Milliseconds that a command may run when the caller does not say. */
export const DEFAULT_EXEC_TIMEOUT_MS = 30_000;

/** Bytes kept of one stream, or read, when the caller does not say. */
export const DEFAULT_MAX_BYTES = 10_485_760;

/** The longest timeout: above it timers overflow and fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** The most bytes that a caller may ask to have kept of one stream, or read. */
const MAX_BYTES = 67_108_864;

/** The longest wait for the end of a detached command. */
const MAX_WAIT_MS = 55_000;

/** The longest path: systems take no longer one. */
export const MAX_PATH_BYTES = 4096;

/**
 * Why an operation failed: what each code means and what the caller can do,
 * which is the hint where nothing more is known.
 * CANCELED and the last three are additions to the original list.
 */
export const HOST_OP_ERRORS = {
  INVALID_INPUT: {
    meaning: "the request is not one that the operation takes",
    remedy:
      "Mend what details.issues names; GET /describe lists what has the fields.",
  },
  EXEC_TIMEOUT: {
    meaning: "the command was ended at its timeoutMs",
    remedy: "Allow more by timeoutMs (0: no limit), or detach it.",
  },
  EXEC_EXIT_NON_ZERO: {
    meaning: "the command ended with another exit code than 0",
    remedy:
      "Read exitCode, stdout and stderr in result, then mend the command.",
  },
  EXEC_OUTPUT_LIMIT: {
    meaning: "the command was ended at maxBufferBytes of output",
    remedy:
      'Keep head and tail by onLimit: "discard", or write to a file and read that in parts.',
  },
  EXEC_FAILED: {
    meaning: "the command could not be started or was lost",
    remedy:
      "Read the message; GET /v1/capabilities has default_cwd and shell in host_operations.environment.",
  },
  CANCELED: {
    meaning: "it was ended since its caller canceled it or left",
    remedy:
      "Stay connected, or send the command with detach: true, which goes on by itself.",
  },
  FILE_ALREADY_EXISTS: {
    meaning: "overwrite is false and the file exists",
    remedy:
      "Choose another path, or allow overwrite; POST /v1/files/edit changes a part.",
  },
  FILE_NOT_FOUND: {
    meaning: "there is no such file or folder",
    remedy: "Check path and cwd; POST /v1/exec with ls shows what is there.",
  },
  NOT_A_FILE: {
    meaning: "the path names a folder, device or pipe",
    remedy: "Name a regular file; POST /v1/exec with ls lists a folder.",
  },
  FILE_READ_FAILED: {
    meaning: "the system refused to read",
    remedy:
      "Read the message; POST /v1/exec with ls -l and file shows what it is.",
  },
  FILE_WRITE_FAILED: {
    meaning: "the system refused to write; the old file is whole",
    remedy:
      "Read the message; POST /v1/exec with df and ls -ld shows the disk and the folder.",
  },
  FILE_TOO_LARGE: {
    meaning: "the file is longer than maxBytes, or too long for the edits",
    remedy:
      "Read a part by offset and maxBytes, or by lines; send fewer edits.",
  },
  PERMISSION_DENIED: {
    meaning: "outside the roots, the daemon's own, or refused by the system",
    remedy:
      "Choose a path within the roots that GET /v1/capabilities names; POST /v1/exec with ls -ld shows owner and mode.",
  },
  FILE_CHANGED: {
    meaning: "the file is not the one whose sha256 ifMatch names",
    remedy: "POST /v1/files/read again, then write on that with its sha256.",
  },
  EDIT_MISMATCH: {
    meaning: "a text to replace is not there, or more than once",
    remedy: "Read details: the count, the lines, a near miss.",
  },
} as const;
export type HostOpErrorCode = keyof typeof HOST_OP_ERRORS;

/** Text that becomes bytes: NUL is fine, half a surrogate pair is not. */
function bytesText(message: string) {
  return z.string(message)
    .refine((it) => it.isWellFormed(), "must be well-formed Unicode");
}

/** What is said of a value that is no string at all. */
type TypeMessage =
  | string
  | { readonly error: (issue: { readonly input?: unknown }) => string };

const COMMAND_MESSAGE: TypeMessage = {
  error: ({ input }) =>
    Array.isArray(input)
      ? "must be a string: send a program and its arguments as args"
      : "must be a non-empty string",
};

/** Text that the operating system takes as a C string. */
function osText(message: TypeMessage) {
  return z.string(message)
    .refine((it) => !it.includes("\0"), "must not contain a NUL byte")
    .refine((it) => it.isWellFormed(), "must be well-formed Unicode");
}

function nonEmptyText(message: string, typeMessage: TypeMessage = message) {
  return osText(typeMessage).refine((it) => it.trim() !== "", message);
}

function pathText(message: string) {
  return nonEmptyText(message).refine(
    (it) => it.length <= MAX_PATH_BYTES && bytesOf(it) <= MAX_PATH_BYTES,
    `must be at most ${MAX_PATH_BYTES} bytes`,
  ).refine((it) => !namesAUser(it), TILDE_RULE);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * The longest word that Linux hands to a program: one page of 32 holds the NUL
 * at its end.
 */
const MAX_WORD_BYTES = 131_071;

function isWord(text: string): boolean {
  return text.length <= MAX_WORD_BYTES && bytesOf(text) <= MAX_WORD_BYTES;
}

function integer(from: number, to: number) {
  const message = `must be an integer from ${from} to ${to}`;
  return z.int(message).min(from, message).max(to, message);
}

const cwd = pathText("must be a non-empty string when provided").optional()
  .describe(
    "Folder to work in, at most 4096 bytes; ~ is the owner's home. Default: the working folder of the daemon. A relative one is taken from there.",
  );

const path = pathText("must be a non-empty string")
  .describe(
    "Absolute, from the owner's home (~/…), or relative to `cwd`; at most 4096 bytes.",
  );

const encoding = z.enum(["utf8", "base64"], "must be utf8 or base64")
  .default("utf8")
  .describe("How `content` stands for the bytes of the file.");

/** Shells pass on no variable with another name. */
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const env = z.record(
  z.string()
    .regex(ENV_NAME, "must be a name of letters, digits and _")
    .refine(
      (it) => !NEVER_SET.test(it),
      "must not set what the loader or the shell obeys before the command (LD_*, DYLD_*, BASH_ENV, BASHOPTS, SHELLOPTS, ZDOTDIR), nor BAA_INSIDE, BAA_RUN_ID, BAA_CODEXD_LIFE",
    ),
  osText("must be a string"),
  "must be an object of strings",
).refine(
  (it) => Object.entries(it).every((entry) => isWord(entry.join("="))),
  `must hold no variable above ${MAX_WORD_BYTES} bytes: hand longer text over as stdin or in a file`,
);

const LINES_MESSAGE = "must be lines such as 10-40, 10- or 7, counted from 1";

const MAX_EDITS = 1_000;
const EDITS_MESSAGE = `must be an array of 1 to ${MAX_EDITS} edits`;

const HASH_MESSAGE = "must be the sha256 of a file, 64 hexadecimal digits";

const ifMatch = z.string(HASH_MESSAGE).regex(/^[0-9a-fA-F]{64}$/, HASH_MESSAGE)
  .optional()
  .describe(
    "The sha256 that the file must still have; otherwise FILE_CHANGED and nothing is written.",
  );

/** One replacement of an edit. */
export const Edit = z.strictObject({
  old: bytesText("must be a non-empty string")
    .min(1, "must be a non-empty string")
    .describe("What stands there, to the character."),
  new: bytesText("must be a string").describe("What takes its place."),
  all: z.boolean("must be a boolean when provided").default(false)
    .describe(
      "Whether every place is meant, of those that overlap the first; otherwise there must be one, overlapping ones counted.",
    ),
}, "must be an object of old, new and all");

/** The fields of each operation, by the names that results and audit rows carry. */
export const FIELDS = {
  exec: {
    command: nonEmptyText("must be a non-empty string", COMMAND_MESSAGE)
      .refine(
        isWord,
        `must be at most ${MAX_WORD_BYTES} bytes: send a longer one as stdin to args ["/bin/sh","-s"]`,
      )
      .optional()
      .describe(
        "What the shell runs, at most 131071 bytes. Either this or `args`.",
      ),
    args: z.array(
      osText("must be a string").refine(
        isWord,
        `must be at most ${MAX_WORD_BYTES} bytes: hand longer text over as stdin or in a file`,
      ),
      "must be an array of strings",
    )
      .refine(
        (it) => (it[0] ?? "").trim() !== "" && !it[0]?.startsWith("-"),
        "must begin with the name of a program",
      )
      .optional()
      .describe("A program and its arguments, run with no shell between."),
    cwd,
    timeoutMs: integer(0, MAX_TIMEOUT_MS).default(DEFAULT_EXEC_TIMEOUT_MS)
      .describe("Milliseconds until the process tree is killed; 0: never."),
    maxBufferBytes: integer(1, MAX_BYTES)
      .default(DEFAULT_MAX_BYTES)
      .describe(
        "Bytes kept of stdout and of stderr, each; `onLimit` says what more than that does. With `detach`: how many of each the answer holds; all are kept.",
      ),
    onLimit: z.enum(["kill", "discard"], "must be kill or discard")
      .default("kill")
      .describe(
        "What output beyond `maxBufferBytes` does. kill: the process tree is killed. discard: the command runs on, and of each output the first `headBytes` and the last `tailBytes` are kept; in a stream the head comes as it is printed, the rest before `exit`. Not together with `detach`.",
      ),
    headBytes: integer(0, MAX_BYTES).optional()
      .describe(
        "With `onLimit` discard. Default: half of `maxBufferBytes`, or what `tailBytes` leaves of it.",
      ),
    tailBytes: integer(0, MAX_BYTES).optional()
      .describe(
        "As `headBytes`; both together at most `maxBufferBytes`.",
      ),
    stdin: bytesText("must be a string").optional()
      .describe("Text for the standard input. Default: none, it is closed."),
    env: env.optional()
      .describe(
        "Variables on top of the minimal environment; no LD_*, DYLD_*, BASH_ENV, BASHOPTS, SHELLOPTS, ZDOTDIR.",
      ),
    detach: z.boolean("must be a boolean when provided").optional().describe(
      "Makes the command a task of its own, which outlives the call; timeoutMs is then 0 unless it is given.",
    ),
    waitMs: integer(0, MAX_WAIT_MS).optional().describe(
      `With detach: milliseconds to wait for the end, at most ${MAX_WAIT_MS}; default 0. Later the answer is 202 with the calls that read on.`,
    ),
  },
  "files/read": {
    path,
    cwd,
    encoding,
    maxBytes: integer(1, MAX_BYTES).default(DEFAULT_MAX_BYTES)
      .describe(
        "A larger file is refused, unless a part is asked for: of it at most this much is returned.",
      ),
    offset: integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
      .optional()
      .describe("Byte to start at; a negative one counts from the end."),
    lines: z.string(LINES_MESSAGE).regex(LINE_RANGE, LINES_MESSAGE)
      .refine(isForward, LINES_MESSAGE).optional()
      .describe(
        "Lines in place of `offset`, counted from 1, both ends included: 10-40; 10- to the end; 7 alone. Past the end: nothing.",
      ),
  },
  "files/write": {
    path,
    content: bytesText("must be a string")
      .describe("The whole new content, or what to append, in `encoding`."),
    cwd,
    encoding,
    createParents: z.boolean("must be a boolean when provided").default(true)
      .describe("Whether missing parent folders are made."),
    overwrite: z.boolean("must be a boolean when provided").default(true)
      .describe("When false, an existing file is never touched."),
    append: z.boolean("must be a boolean when provided").optional()
      .describe(
        "Whether it is added to what is there: one write in place, cut back when it fails; a kill may leave a part. Not together with overwrite=false.",
      ),
    ifMatch,
  },
  "files/edit": {
    path,
    cwd,
    edits: z.array(Edit, EDITS_MESSAGE).min(1, EDITS_MESSAGE)
      .max(MAX_EDITS, EDITS_MESSAGE)
      .describe(
        "Made in order, each in the result of those before; all of them, or none.",
      ),
    ifMatch,
    dryRun: z.boolean("must be a boolean when provided").default(false)
      .describe("Whether to answer what would come of it, and write nothing."),
  },
};
export type HostOperation = keyof typeof FIELDS;

export type Edit = z.infer<typeof Edit>;

/** Other names under which fields are accepted: alias → field. */
export const ALIASES = {
  exec: {
    timeout_ms: "timeoutMs",
    max_buffer_bytes: "maxBufferBytes",
    on_limit: "onLimit",
    head_bytes: "headBytes",
    tail_bytes: "tailBytes",
    wait_ms: "waitMs",
  },
  "files/read": { max_bytes: "maxBytes" },
  "files/write": { create_parents: "createParents", if_match: "ifMatch" },
  "files/edit": { if_match: "ifMatch", dry_run: "dryRun" },
} as const;

/** What an operation is asked for. */
function requestOf<Operation extends HostOperation>(operation: Operation) {
  const aliases = Object.entries(ALIASES[operation]).map(([alias, name]) => [
    alias,
    z.unknown().optional()
      .meta({ description: `Alias of ${name}.`, deprecated: true }),
  ]);
  return z.strictObject({
    ...FIELDS[operation],
    ...Object.fromEntries(aliases),
  });
}

export const ExecRequest = requestOf("exec");
export const FileReadRequest = requestOf("files/read");
export const FileWriteRequest = requestOf("files/write");
export const FileEditRequest = requestOf("files/edit");
