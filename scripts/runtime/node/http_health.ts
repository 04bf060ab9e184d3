import { messageOf } from "../../../shared/errors.ts";

const TIMEOUT_MS = 3000;

/** Asks a service of this node. Never rejects. */
export async function ask(
  base: string,
  path: string,
  { token }: { readonly token?: string | undefined } = {},
): Promise<ProbeAnswer> {
  try {
    const response = await fetch(new URL(path, reachable(base)), {
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(token !== undefined && {
        headers: { authorization: `Bearer ${token}` },
      }),
    });
    const body = (await response.text()).trim();
    return { status: response.status, body, data: dataIn(body) };
  } catch (error) {
    return { status: undefined, error: reasonOf(error), data: undefined };
  }
}

/** What a service answered, or why it did not; the `data` of an envelope, if it is one. */
export type ProbeAnswer =
  & { readonly data: Readonly<Record<string, unknown>> | undefined }
  & (
    | { readonly status: number; readonly body: string }
    | { readonly status: undefined; readonly error: string }
  );

function dataIn(body: string): ProbeAnswer["data"] {
  try {
    const { data } = JSON.parse(body);
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
