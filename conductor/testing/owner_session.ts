import { assertEquals } from "@std/assert";
import { OWNERS_TOKEN } from "./owner_browser.ts";
import { type TestConductor, testConductor } from "./test_conductor.ts";

/** Where a person signs in, and out. */
export const SESSION = "/v1/status/session";
export const UI = "/v1/status/ui";
/** As a browser asks for a page. */
export const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

export type Fields = Readonly<Record<string, string>>;

/** A conductor with the shared token. */
export function guarded(
  env: Fields = {},
  options: Parameters<typeof testConductor>[1] = {},
): Promise<TestConductor> {
  return testConductor({ BAA_SHARED_TOKEN: OWNERS_TOKEN, ...env }, options);
}

/** Sends the form of a session. */
export const sendSession = (
  { server }: TestConductor,
  form: Fields,
  headers: Fields = {},
): Promise<Response> => server.send("POST", SESSION, { form, headers });

/** The session's cookie as a browser sends it back. */
export async function signIn(
  it: TestConductor,
  token = OWNERS_TOKEN,
): Promise<string> {
  const answer = await sendSession(it, { token });
  await answer.body?.cancel();
  assertEquals(answer.status, 303);
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** The status of an answer that nobody reads. */
export async function statusOf(answer: Response | Promise<Response>) {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

/** Whether a cookie shows all of the status. */
export async function isIn(
  { server }: TestConductor,
  cookie: string,
  headers: Fields = {},
): Promise<boolean> {
  const page = await server.get(UI, { headers: { cookie, ...headers } });
  assertEquals(page.status, 200);
  return (await page.text()).includes("Sign out");
}
