import { assert, assertEquals } from "@std/assert";
import type { FakeServer } from "./fake_server.ts";
import type { Json } from "./json.ts";

/** A request as an agent makes it. */
export interface TriedCall {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
  /** Default `application/json`; empty: none. */
  readonly type?: string | undefined;
}

/**
 * Returns the second call that a failure's words lead to, knowing nothing but
 * them: `told` is the `error` of the answer, with its `hint`.
 */
function mendedCall(call: TriedCall, told: Json): TriedCall {
  const { hint = "", details } = told;
  const [issue] = details?.issues ?? [];
  const path = /Did you mean (\/[^\s?]+)/.exec(hint)?.[1] ??
    /^GET (\/v1\/\S+?)[,.;]( |$)/.exec(hint)?.[1];
  if (path !== undefined) {
    return call.body?.path === undefined
      ? { ...call, path }
      : { ...call, body: { ...call.body, path } };
  }
  const method = /^Use (\w+)\./.exec(hint)?.[1];
  if (method !== undefined) return { ...call, method };
  const type = /Send Content-Type: (\S+)\./.exec(hint)?.[1];
  if (type !== undefined) return { ...call, type };
  return { ...call, body: mendedBody(call.body, issue) };
}

function mendedBody(sent: Json, issue: Json): Json {
  const body = structuredClone(sent);
  const names: string[] = issue.path.split(".");
  const key = names.pop() ?? "";
  const place = names.reduce((it, name) => it[name], body);
  const said: string = issue.message;
  const value = place[key];
  const meant = /did you mean (\w+)\?/.exec(said)?.[1];
  const form = /: (\S+), not /.exec(said)?.[1];
  const example = /for example (\S+)/.exec(said)?.[1];
  const needed = /give (\w+)/.exec(said)?.[1];
  if (form !== undefined) place[key] = JSON.parse(form);
  else if (example !== undefined) place[key] = example;
  else if (/must be one of/i.test(said)) place[key] = meant;
  else if (needed !== undefined && /the same as/.test(said)) delete place[key];
  else if (said.includes("as args")) move(place, key, place, "args");
  else if (meant !== undefined) move(place, key, place, meant);
  else if (said.includes("put it into payload")) {
    place.payload = { ...place.payload, [key]: value };
    delete place[key];
  } else if (said.includes("put it into edits")) {
    const { old, new: text, ...rest } = place;
    return { ...rest, edits: [{ old, new: text }] };
  } else throw new Error(`It leads nowhere: ${said}`);
  return body;
}

function move(from: Json, key: string, to: Json, name: string): void {
  to[name] = from[key];
  delete from[key];
}

/** A mistaken request: `POST /v1/x`, its body and its content type. */
export type Mistake = readonly [line: string, body?: Json, type?: string];

/** Some mistakes come in pairs, each told in its turn. */
const MOST_TRIES = 3;

/** Asserts that the words of each failure lead, alone, to a call that works. */
export async function assertMended(
  server: Pick<FakeServer, "send">,
  mistakes: readonly Mistake[],
): Promise<void> {
  for (const [line, body, type] of mistakes) {
    const [method = "", path = ""] = line.split(" ");
    let call: TriedCall = { method, path, body, type };
    let answer = await toldOf(server, call);
    assert(!answer.ok, line);
    for (let tries = MOST_TRIES; tries > 0 && !answer.ok; tries--) {
      call = mendedCall(call, answer.error);
      answer = await toldOf(server, call);
    }
    const what = `${line} ${JSON.stringify(body)}: ${JSON.stringify(call)}`;
    assertEquals(answer.ok, true, `${what}: ${JSON.stringify(answer)}`);
  }
}

/** Sends it; tells whether all of it succeeded, and if not, what is said. */
export async function toldOf(
  server: Pick<FakeServer, "send">,
  { method, path, body, type }: TriedCall,
): Promise<{ readonly ok: boolean; readonly error?: Json }> {
  const response = await server.send(method, path, {
    ...(method !== "GET" && { body }),
    ...(type !== undefined && { headers: { "content-type": type } }),
  });
  const text = await response.text();
  if (text.startsWith("<!doctype")) return { ok: response.ok };
  const { ok, data, error } = JSON.parse(text);
  if (ok && data.ok !== false) return { ok: true };
  return { ok: false, error: error ?? { ...data.error, hint: data.hint } };
}
