import { join } from "@std/path";
import type { Account, Fault } from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import type { CodexClient } from "./codex_client.ts";

const LOGGED_OUT: Fault = {
  reason: "Codex is not logged in",
  fix:
    "Run `codex login` as the user that codexd runs as; codexd notices by itself",
};

const UNKNOWN: Account = {
  logged_in: null,
  auth_mode: null,
  plan_type: null,
  requires_openai_auth: null,
};

/**
 * Who Codex is logged in as. A running app-server does not notice a login made
 * by another process, so the file that a login writes is watched here.
 */
export class Login {
  #account = UNKNOWN;
  #authFile: string | undefined;
  #seen: number | undefined;

  get account(): Account {
    return this.#account;
  }

  /** Why nothing can be asked of a model; undefined when it can. */
  get fault(): Fault | undefined {
    return this.#account.logged_in === false ? LOGGED_OUT : undefined;
  }

  /** Asks the app-server; to be called when it is ready and when it tells of a change. */
  async refresh(
    client: Pick<CodexClient, "account">,
    codexHome?: string,
  ): Promise<void> {
    if (codexHome !== undefined) this.#authFile = join(codexHome, "auth.json");
    this.#seen = await this.#modified();
    const { account, requiresOpenaiAuth } = await client.account();
    this.#account = {
      logged_in: !requiresOpenaiAuth || Boolean(account),
      auth_mode: account?.type ?? null,
      plan_type: account?.planType ?? null,
      requires_openai_auth: requiresOpenaiAuth,
    };
  }

  /** Nothing is known of the login while there is no app-server. */
  forget(): void {
    this.#account = UNKNOWN;
  }

  /** Whether somebody may have logged in since the app-server was asked. */
  async mayHaveChanged(): Promise<boolean> {
    return this.fault !== undefined && await this.#modified() !== this.#seen;
  }

  /** @throws {AppError} CODEXD_UNAVAILABLE when nobody is logged in */
  assertLoggedIn(): void {
    const details = this.fault;
    if (details === undefined) return;
    const message = `Cannot use Codex: ${details.reason}`;
    throw new AppError("CODEXD_UNAVAILABLE", message, { details });
  }

  /** When the login file last changed; undefined when there is none to be seen. */
  async #modified(): Promise<number | undefined> {
    if (this.#authFile === undefined) return undefined;
    try {
      return (await Deno.stat(this.#authFile)).mtime?.getTime();
    } catch {
      return undefined;
    }
  }
}
