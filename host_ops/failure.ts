import type { ByteBudget } from "../shared/byte_budget.ts";
import { type InputIssue, messageOf } from "../shared/errors.ts";
import { systemCodeOf, systemWords } from "../shared/system_reason.ts";
import type { HostOpError } from "./results.ts";
import {
  HOST_OP_ERRORS,
  type HostOperation,
  type HostOpErrorCode,
} from "./schemas.ts";

/** Why an operation could not be done; becomes the `error` of its result. */
export class HostOpFailure extends Error {
  override readonly name = "HostOpFailure";
  /** The failure as results carry it. */
  readonly error: HostOpError;
  /** The same, and the call to make next. */
  readonly told: { readonly error: HostOpError; readonly hint: string };

  constructor(
    code: HostOpErrorCode,
    message: string,
    options:
      & ErrorOptions
      & Partial<Pick<HostOpError, "retryable" | "details">>
      & { readonly hint?: string } = {},
  ) {
    super(message, options);
    const { retryable = false, details } = options;
    const { hint = HOST_OP_ERRORS[code].remedy } = options;
    this.error = { code, message, retryable, ...(details && { details }) };
    this.told = { error: this.error, hint };
  }
}

/** What is done to a file. */
export type Access = "read" | "write";

/** What a file operation fails with when nothing more is known. */
export const FILE_FAILED = {
  read: "FILE_READ_FAILED",
  write: "FILE_WRITE_FAILED",
  edit: "FILE_WRITE_FAILED",
} as const;

/** Codes of the system that may not come back at the next try. */
const PASSING = new Set([
  "EAGAIN",
  "EBUSY",
  "EDQUOT",
  "EINTR",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOSPC",
  "ETXTBSY",
]);

/**
 * Returns what was thrown by the runtime or the system as a failure: a refused
 * permission as `PERMISSION_DENIED`, anything else under `code`.
 */
export function failureOf(
  thrown: unknown,
  options: { readonly code: HostOpErrorCode; readonly doing: string },
): HostOpFailure {
  if (thrown instanceof HostOpFailure) return thrown;
  const systemCode = systemCodeOf(thrown);
  const reason = options.code === "EXEC_FAILED"
    ? messageOf(thrown)
    : wordsFor(thrown, systemCode);
  const system = systemFileIn(thrown);
  if (system !== undefined && DEVICE.test(system)) {
    return new HostOpFailure(
      "NOT_A_FILE",
      `Cannot ${options.doing}: it is a device or a pipe, not a file`,
      {
        cause: thrown,
        details: { reason: "device" },
        hint: "POST /v1/exec reads and writes devices and pipes.",
      },
    );
  }
  const denial = thrown instanceof Deno.errors.NotCapable
    ? { reason: system === undefined ? "sandbox" : "system_files" }
    : systemCode === "EACCES" || systemCode === "EPERM"
    ? { reason: "system", systemCode }
    : undefined;
  return new HostOpFailure(
    denial === undefined ? options.code : "PERMISSION_DENIED",
    `Cannot ${options.doing}: ${reason}`,
    {
      cause: thrown,
      retryable: PASSING.has(systemCode ?? ""),
      details: denial ??
        (systemCode === undefined ? { reason } : { systemCode }),
      ...(denial?.reason === "system_files" && {
        hint: "POST /v1/exec with cat reads it.",
      }),
    },
  );
}

/** What stands in `/dev`, but for the files in memory. */
const DEVICE = /^\/dev(?!\/shm\/)/;

/** Returns the file that no permission but all of them opens, where it was that. */
function systemFileIn(thrown: unknown): string | undefined {
  const isSystem = thrown instanceof Error &&
    thrown.message.startsWith("Requires all access");
  return isSystem ? refusedPathIn(thrown) : undefined;
}

/** Returns what this process was not permitted to touch, where it was that. */
export function refusedPathIn(thrown: unknown): string | undefined {
  return thrown instanceof Deno.errors.NotCapable
    ? /^Requires \w+ access to "(\/.*?)"/s.exec(thrown.message)?.[1]
    : undefined;
}

/** The runtime's words give advice that is none for who called the API. */
function wordsFor(thrown: unknown, systemCode: string | undefined): string {
  if (systemFileIn(thrown) !== undefined) {
    return "the files of /dev, /proc and /sys are given to no program that is bound by permissions; commands of POST /v1/exec can read them";
  }
  if (thrown instanceof Deno.errors.NotCapable) {
    return "the daemon was not given the permission for it";
  }
  if (systemCode !== undefined) return systemWords(systemCode);
  return thrown instanceof Error && thrown.constructor === Error
    ? thrown.message
    : "the runtime refuses it";
}

/** How to say what is too long for a program's arguments. */
const LONG_TEXT =
  'Send it again as {"args": ["/bin/sh", "-s"], "stdin": "..."} with the command as stdin; it reads longer data from files.';

/** Returns the failure of a request that is wrong; `issues` is not empty. */
export function inputFailure(
  issues: readonly InputIssue[],
  operation: HostOperation,
): HostOpFailure {
  const [first, ...more] = issues;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  const isLong = issues.some((it) => it.message.includes("stdin to args"));
  // of which fields are known details.issues tells
  const said = first?.message.replace(/[:;]? known are .*/s, "");
  const id = `host.${operation.replace("/", ".")}`;
  return new HostOpFailure("INVALID_INPUT", `${said}${others}`, {
    details: { issues },
    hint: isLong
      ? LONG_TEXT
      : `Mend what details.issues names; GET /describe/${id} has the fields.`,
  });
}

/** Returns the failure of a file operation that finds no memory free. */
export function outOfMemory(
  verb: keyof typeof FILE_FAILED,
  { limit }: ByteBudget,
): HostOpFailure {
  return new HostOpFailure(
    FILE_FAILED[verb],
    `Cannot ${verb} now: running operations hold all the memory they may`,
    {
      retryable: true,
      details: { maxBufferedBytes: limit },
      hint: "Send it again when fewer operations run, or in smaller parts.",
    },
  );
}

/**
 * Returns why a command could not be started. The runtime names the program
 * even when it is the working folder that is missing, so that is looked at.
 */
export async function startFailure(
  thrown: unknown,
  cwd: string,
): Promise<HostOpFailure> {
  if (thrown instanceof HostOpFailure) return thrown;
  const failure = failureOf(thrown, {
    code: "EXEC_FAILED",
    doing: "start the command",
  });
  const { code, details } = failure.error;
  if (details?.reason === "sandbox") return failure;
  if (details?.systemCode === "E2BIG") {
    return new HostOpFailure(
      "EXEC_FAILED",
      "Cannot start the command: args and env together are too long for the system",
      { cause: thrown, details, hint: LONG_TEXT },
    );
  }
  // a folder can be looked at and yet not be entered
  const wrong: Wrong | undefined = await whatIsWrongWith(cwd) ??
    (code === "PERMISSION_DENIED"
      ? { why: "it may not be entered, or the shell may not be run" }
      : undefined);
  if (wrong === undefined) return failure;
  return new HostOpFailure(
    code,
    `Cannot start the command in cwd ${cwd}: ${wrong.why}`,
    {
      cause: thrown,
      details: { ...details, ...wrong.told, cwd },
      hint:
        "Name a cwd that is a folder and may be entered; without one it is host_operations.environment.default_cwd of GET /v1/capabilities.",
    },
  );
}

async function whatIsWrongWith(cwd: string): Promise<Wrong | undefined> {
  const as = (why: string, systemCode: string) => ({
    why,
    told: { systemCode },
  });
  try {
    const info = await Deno.stat(cwd);
    return info.isDirectory
      ? undefined
      : as("it is not a directory", "ENOTDIR");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return as("it does not exist", "ENOENT");
    }
    if (error instanceof Deno.errors.NotADirectory) {
      return as("a part of it is not a directory", "ENOTDIR");
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return as("it may not be entered", "EACCES");
    }
    // outside of what this process may look at
    return { why: "it does not exist or may not be looked at" };
  }
}

interface Wrong {
  readonly why: string;
  /** What the system says of it, where that is known. */
  readonly told?: { readonly systemCode: string };
}
