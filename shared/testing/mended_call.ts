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
export function mendedCall(call: TriedCall, told: Json): TriedCall {
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
