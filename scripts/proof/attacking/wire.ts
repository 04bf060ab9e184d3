import {
  exchange,
  type RawAnswer,
  RawConnection,
  type RawRequest,
  rawRequest,
} from "../../../shared/testing/raw_http.ts";
import type { Target } from "./vector.ts";

/** A request as a vector writes it; `{port}` and `{token}` stand for the target's. */
export interface Said extends RawRequest {
  readonly line: string;
  /** Default: the daemon's own address; null: none. */
  readonly host?: string | null;
  /** Default: the owner, where the token is known. */
  readonly as?: "nobody";
}

/** Says it to a target; returns its answer. */
export async function say(target: Target, said: Said): Promise<RawAnswer> {
  return await exchange(target.port, filled(target, said));
}

/** Says it and returns `status CODE`, or that the connection ended without an answer. */
export async function outcomeOf(target: Target, said: Said): Promise<string> {
  using connection = await RawConnection.open(target.port);
  try {
    await connection.send(rawRequest(filled(target, said)));
  } catch { /* it has answered already */ }
  try {
    return summaryOf(await connection.answer());
  } catch {
    return "ended";
  }
}

/** `status CODE` of an answer; a page for people shows it as a word of its own. */
export function summaryOf({ status, body }: RawAnswer): string {
  const [, code] = /(?:"code":\s*"|>)([A-Z]+(?:_[A-Z]+)+)["<]/.exec(body) ?? [];
  return code === undefined ? String(status) : `${status} ${code}`;
}

function filled(
  { port, token }: Target,
  { line, host = "127.0.0.1:{port}", as, headers = [], body }: Said,
): RawRequest {
  const fill = (text: string) =>
    text.replaceAll("{port}", String(port)).replaceAll("{token}", token ?? "");
  const own = [
    ...host === null ? [] : [`Host: ${host}`],
    ...token === undefined || as === "nobody"
      ? []
      : ["Authorization: Bearer {token}"],
  ];
  return {
    line: fill(line),
    headers: [...own, ...headers].map(fill),
    ...(body !== undefined && { body: fill(body) }),
  };
}
