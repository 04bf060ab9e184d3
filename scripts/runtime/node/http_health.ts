import { messageOf } from "../../../shared/errors.ts";
import { printable } from "../../../shared/printable.ts";

const TIMEOUT_MS = 3000;
const MAX_BYTES = 1_048_576;

/**
 * Asks a service of this node. Never rejects. Anybody may answer: what comes
 * back is bounded, and steers no terminal. A token may be given only to who
 * has proven to know it.
 */
export async function ask(
  base: string,
  path: string,
  { token, body }: {
    readonly token?: string | undefined;
    /** Makes it a POST of JSON. */
    readonly body?: unknown;
  } = {},
): Promise<ProbeAnswer> {
  try {
    const response = await fetch(new URL(path, reachable(base)), {
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && {
        method: "POST",
        body: JSON.stringify(body),
      }),
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    const text = (await readText(response)).trim();
    const [line = ""] = text.split("\n");
    return {
      status: response.status,
      line: printable(line.slice(0, 200)),
      data: dataIn(text),
    };
  } catch (error) {
    return { status: undefined, error: reasonOf(error), data: undefined };
  }
}

/** What a service answered, or why it did not; the `data` of an envelope, if it is one. */
export type ProbeAnswer =
  & { readonly data: Readonly<Record<string, unknown>> | undefined }
  & (
    | { readonly status: number; /** The first. */ readonly line: string }
    | { readonly status: undefined; readonly error: string }
  );

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BYTES) throw new Error("the answer is too long");
  }
  return text + decoder.decode();
}

function dataIn(text: string): ProbeAnswer["data"] {
  try {
    const { data } = JSON.parse(
      text,
      (_, value) => typeof value === "string" ? printable(value) : value,
    );
    return typeof data === "object" && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Says in a few words what came back. */
export function inWords(answer: ProbeAnswer): string {
  if (answer.status === undefined) return answer.error;
  return `${answer.status} ${answer.line}`.trimEnd();
}

/** Nobody can be asked at "all addresses". */
export function reachable(base: string): URL {
  const url = new URL(base);
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  return url;
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return "no answer in time";
  }
  const text = error instanceof Error && error.cause instanceof Error
    ? error.cause.message
    : messageOf(error);
  return /refused/i.test(text) ? "nothing listens there" : printable(text);
}
