import { messageOf } from "../../../shared/errors.ts";

/** Asks a service of this node. Never rejects. */
export async function ask(
  base: string,
  path: string,
  options: AskOptions = {},
): Promise<ProbeAnswer> {
  const { token, timeoutMs = 3000 } = options;
  try {
    const response = await fetch(new URL(path, reachable(base)), {
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(token !== undefined && {
        headers: { authorization: `Bearer ${token}` },
      }),
    });
    return { status: response.status, body: (await response.text()).trim() };
  } catch (error) {
    return { status: undefined, error: reasonOf(error) };
  }
}

/** What a service answered, or why it did not. */
export type ProbeAnswer =
  | { readonly status: number; readonly body: string }
  | { readonly status: undefined; readonly error: string };

interface AskOptions {
  readonly token?: string | undefined;
  /** Default 3 000. */
  readonly timeoutMs?: number;
}

/** Asks for the `data` of an envelope; undefined when there is none. */
export async function askData(
  base: string,
  path: string,
  options: AskOptions = {},
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const answer = await ask(base, path, options);
  if (answer.status === undefined) return undefined;
  try {
    const { data } = JSON.parse(answer.body);
    return typeof data === "object" && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Says in a few words what came back. */
export function inWords(answer: ProbeAnswer): string {
  if (answer.status === undefined) return answer.error;
  const [line = ""] = answer.body.split("\n");
  return `${answer.status} ${line.slice(0, 200)}`.trimEnd();
}

/** Nobody can be asked at "all addresses". */
function reachable(base: string): URL {
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
  return /refused/i.test(text) ? "nothing listens there" : text;
}
