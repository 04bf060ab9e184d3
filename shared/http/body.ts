import type { ByteBudget } from "../byte_budget.ts";
import { AppError, invalidInput, messageOf } from "../errors.ts";
import { isTooDeep, MAX_NESTING } from "../nesting.ts";
import { PROTO_KEY_RULE, protoKeyIn } from "../proto_key.ts";
import { parseForm } from "./form.ts";
import type { Deadlines } from "./deadlines.ts";
import type { ReadSlots } from "./read_slots.ts";

/**
 * Reads a body as JSON, or as a form, within its limits; undefined when there is none.
 * @throws {AppError} BODY_TOO_LARGE, REQUEST_TIMEOUT, TOO_MANY_REQUESTS,
 * UNSUPPORTED_MEDIA_TYPE, INVALID_JSON, INVALID_INPUT
 */
export async function readBody(
  request: Request,
  headers: ReadonlyMap<string, string>,
  limits: BodyLimits,
): Promise<unknown> {
  const stated = Number(headers.get("content-length") ?? NaN);
  if (stated > limits.maxBytes) throw tooLarge(limits.maxBytes);
  if (stated === 0) return undefined;
  const room = limits.slots.take();
  if (room !== undefined) await room;
  try {
    if (stated > SMALL_BYTES || Number.isNaN(stated)) {
      using intake = new Intake(limits);
      await complete(takeChunks(intake, request.body), limits);
      return parseBody(intake.bytes, headers, limits);
    }
    // No more than the slots together may hold: the budget is for larger ones.
    const whole = await complete(request.bytes(), limits);
    return parseBody(whole, headers, limits);
  } finally {
    limits.slots.give();
  }
}

function parseBody(
  bytes: Uint8Array<ArrayBuffer>,
  headers: ReadonlyMap<string, string>,
  limits: BodyLimits,
): unknown {
  if (bytes.byteLength === 0) return undefined;
  // HTTP/2 states no length, so the guard may not have seen this body.
  takesType(headers.get("content-type"), limits.form !== undefined);
  const text = decoded(bytes);
  if (limits.form !== undefined) {
    const fields = parseForm(text, limits.form);
    refuseProtoKey(fields, limits);
    return fields;
  }
  if (isTooDeep(text)) throw tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(cause, text);
  }
  if (MAY_HOLD_PROTO.test(text)) refuseProtoKey(value, limits);
  return value;
}

function decoded(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError(
      "INVALID_JSON",
      "Cannot read the body: it is not UTF-8",
      {
        cause,
      },
    );
  }
}

/** Characters that are shown of what stands where JSON ends to be JSON. */
const SHOWN = 20;

/** Bodies that are longer are not searched for the place. */
const MAX_SEARCHED = 65_536;

/** Says where a body ceases to be JSON, and what stands there. */
function unreadable(cause: unknown, text: string): AppError {
  const hint =
    `Send one JSON object; in a shell between single quotes: -d '{"key":"value"}'.`;
  if (text.length > MAX_SEARCHED) {
    return new AppError("INVALID_JSON", undefined, { cause, hint });
  }
  const at = firstWrong(text);
  const before = text.slice(0, at).split("\n");
  const line = before.length;
  const column = (before.at(-1) ?? "").length + 1;
  const near = text.slice(at, at + SHOWN);
  const what = near === ""
    ? "it ends there"
    : `there stands ${JSON.stringify(near)}`;
  return new AppError(
    "INVALID_JSON",
    `Cannot read the body: it is not valid JSON at line ${line}, column ${column}: ${what}`,
    { cause, details: { line, column, near }, hint },
  );
}

/** The first character that no JSON has after what stands before it: the engine does not always say. */
function firstWrong(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (beginsJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether something could be put behind `text` that makes it JSON. */
function beginsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const said = messageOf(error);
    const at = / at position (\d+)/.exec(said)?.[1];
    return at === undefined
      ? said.startsWith("Unexpected end")
      : Number(at) >= text.length || said.startsWith("Unterminated");
  }
}

/** The key, also where JSON escapes letters of it. */
const MAY_HOLD_PROTO = /__proto__|\\u00[5-7]/i;

function refuseProtoKey(value: unknown, { leavesKeys }: BodyLimits): void {
  const path = leavesKeys === true ? undefined : protoKeyIn(value);
  if (path === undefined) return;
  throw invalidInput(path, PROTO_KEY_RULE, {
    message: "Cannot accept the body",
  });
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** When a body must be complete. */
  readonly deadlines: Deadlines;
  /** Whether a key called `__proto__` is left for the operation to refuse. */
  readonly leavesKeys?: boolean;
  /** The names that a form may have; without them it is JSON. */
  readonly form?: readonly string[] | undefined;
  readonly slots: ReadSlots;
  /** Called when the body was read to its end, or is still being read at its deadline. */
  readonly onRead?: () => void;
  /** Shared by all bodies that are being read. */
  readonly budget: ByteBudget;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A body that states at most this length is taken in one piece: half the time of a stream. */
const SMALL_BYTES = 65_536;

/** Waits for a body, no longer than its deadline. */
async function complete<T>(
  taken: Promise<T>,
  { deadlines, onRead }: BodyLimits,
): Promise<T> {
  try {
    // Most bodies have come with their head, and need no deadline.
    let isOver = false;
    const over = () => void (isOver = true);
    taken.then(over, over);
    for (let turn = 0; turn < TURNS && !isOver; turn++) await undefined;
    const whole = await (isOver ? taken : deadlines.within(taken, () => {
      onRead?.();
      return new AppError("REQUEST_TIMEOUT", undefined, CLOSING);
    }));
    onRead?.();
    return whole;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "INVALID_INPUT",
      "Cannot read the body: it ended before its end",
      { cause, ...CLOSING },
    );
  }
}

/** Deno hands out a body that it holds within two. */
const TURNS = 4;

async function takeChunks(
  intake: Intake,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  // Ends a read that still waits when nobody waits for it any more.
  intake.onRelease = () => reader.releaseLock();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    intake.add(value);
  }
}

/** Tells whether a body comes behind a head. */
export function declaresBody(headers: ReadonlyMap<string, string>): boolean {
  return headers.has("transfer-encoding") ||
    (headers.get("content-length") ?? "0") !== "0";
}

const JSON_TYPE = /^application\/json\s*(;\s*charset=(?:utf-8|"utf-8")\s*)?$/i;
const FORM_TYPE =
  /^application\/x-www-form-urlencoded\s*(;\s*charset=(?:utf-8|"utf-8")\s*)?$/i;

/**
 * Checks that a `Content-Type` is JSON in UTF-8, or that of a form.
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE
 */
export function takesType(type: string | undefined, form: boolean): void {
  if (!form && type === "application/json") return;
  if ((form ? FORM_TYPE : JSON_TYPE).test(type?.trim() ?? "")) return;
  throw new AppError(
    "UNSUPPORTED_MEDIA_TYPE",
    form
      ? "Cannot read the body: content-type must be application/x-www-form-urlencoded"
      : undefined,
    {
      details: { content_type: type?.slice(0, MAX_SHOWN_TYPE) ?? null },
      ...(form && { hint: "Send it from the page that has the form." }),
    },
  );
}

/** A header may be 64 KiB long. */
const MAX_SHOWN_TYPE = 200;

/** The client would otherwise go on sending what nobody reads. */
const CLOSING = { headers: { connection: "close" } };

const EMPTY = new Uint8Array();
const LEAST_GROWTH = 65_536;

/** One buffer that grows: a list of chunks could be a million one-byte objects. */
class Intake {
  readonly #limits: BodyLimits;
  #buffer: Uint8Array<ArrayBuffer> = EMPTY;
  #size = 0;
  #taken = 0;
  #isReleased = false;
  onRelease = () => {};
  /** Whether the buffer is ours: then it is moved and freed, not left to the collector. */
  #isOwn = false;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#size);
  }

  add(chunk: Uint8Array<ArrayBuffer>): void {
    // It came too late: the request has been answered.
    if (this.#isReleased) return;
    const size = this.#size + chunk.byteLength;
    const { maxBytes } = this.#limits;
    if (size > maxBytes) throw tooLarge(maxBytes);
    if (this.#size === 0) {
      // Most bodies are one chunk: it is taken as it is.
      this.#take(size);
      this.#buffer = chunk;
    } else {
      if (size > this.#buffer.byteLength) this.#grow(size);
      this.#buffer.set(chunk, this.#size);
    }
    this.#size = size;
  }

  [Symbol.dispose](): void {
    this.#isReleased = true;
    this.onRelease();
    this.#limits.budget.give(this.#taken);
    this.#taken = 0;
    if (this.#isOwn) this.#buffer.buffer.transfer(0);
    this.#isOwn = false;
    this.#buffer = EMPTY;
    this.#size = 0;
  }

  #grow(size: number): void {
    const capacity = Math.min(
      Math.max(size, this.#buffer.byteLength * 2, LEAST_GROWTH),
      this.#limits.maxBytes,
    );
    this.#take(capacity);
    if (this.#isOwn) {
      this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(capacity));
      return;
    }
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes);
    this.#buffer = grown;
    this.#isOwn = true;
  }

  #take(capacity: number): void {
    if (!this.#limits.budget.take(capacity - this.#taken)) {
      throw new AppError(
        "TOO_MANY_REQUESTS",
        "Cannot read the body: other requests hold too many bytes",
        CLOSING,
      );
    }
    this.#taken = capacity;
  }
}

function tooDeep(): AppError {
  const message = `Must not be nested more than ${MAX_NESTING} levels deep`;
  return invalidInput("", message, { message: "Cannot accept the body" });
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("BODY_TOO_LARGE", undefined, {
    details: { max_bytes: maxBytes },
    ...CLOSING,
  });
}
