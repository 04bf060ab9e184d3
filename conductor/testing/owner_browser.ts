import type { TestConductor } from "./test_conductor.ts";

export const OWNERS_TOKEN = "the-owner-4711-x9k2";
export const CODEX_PAGE = "/v1/status/ui/codex";

/** A person's browser, as far as a test without one needs it: it keeps a session and sends forms. */
export class OwnerBrowser {
  readonly conductor: TestConductor;
  cookie = "";

  constructor(conductor: TestConductor) {
    this.conductor = conductor;
  }

  async signIn(): Promise<this> {
    const form = { token: OWNERS_TOKEN };
    const answer = await this.send("/v1/status/session", form);
    await answer.body?.cancel();
    this.cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    return this;
  }

  /** Sends a form as a page of the daemon's does. */
  send(
    path: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { cookie } = this;
    return this.conductor.server.send("POST", path, {
      form,
      headers: { ...(cookie !== "" && { cookie }), ...headers },
    });
  }

  /** Answers an approval. */
  answer(
    approvalId: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.send(`/v1/status/approvals/${approvalId}`, form, headers);
  }

  async page(path = CODEX_PAGE): Promise<string> {
    const { cookie, conductor: { server } } = this;
    const headers: Record<string, string> = cookie === "" ? {} : { cookie };
    return await (await server.get(path, { headers })).text();
  }

  /** The keys of the forms that answer an approval, in order. */
  async keys(approvalId: string): Promise<string[]> {
    const forms = (await this.page()).matchAll(
      /action="\/v1\/status\/approvals\/([^"]+)"><input type="hidden" name="key" value="([^"]+)"/g,
    );
    return [...forms].filter(([, id]) => id === approvalId)
      .map(([, , key = ""]) => key);
  }
}
