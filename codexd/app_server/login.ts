import { join } from "@std/path";
import type { Clock } from "../../shared/clock.ts";
import type { Account, Fault } from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { readAuthFile, type StoredLogin } from "./auth_file.ts";
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
  fingerprint: null,
};

/**
 * Who Codex is logged in as. A running app-server goes on with the login that it
 * began with, so the file that a login writes is watched here.
 */
export class Login {
  readonly #options: LoginOptions;
  #account = UNKNOWN;
  /** As it was told last; not when it is learned for the first time. */
  #told: string | undefined;
  #authFile: string | undefined;
  #read: StoredLogin | undefined;
  /** What the app-server began with, and what it tells of that. */
  #begun: StoredLogin | undefined;
  #begunAccount = UNKNOWN;
  #hasChanged = false;
  #refused: string | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  get account(): Account {
    return this.#account;
  }

  /** Why nothing can be asked of a model; undefined when it can. */
  get fault(): Fault | undefined {
    return this.#account.logged_in === false ? LOGGED_OUT : undefined;
  }

  /** Why the last turn was refused, where that was for the login. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /**
   * Asks the app-server: with `codexHome` one that has just begun, else one that
   * tells of a change, or may have one to tell.
   */
  async refresh(
    client: Pick<CodexClient, "account">,
    codexHome?: string,
  ): Promise<void> {
    if (codexHome !== undefined) {
      this.#authFile = join(codexHome, "auth.json");
      this.#begun = await this.#readFile();
      this.#hasChanged = false;
      this.#refused = undefined;
    }
    // It would tell of the login that it began with.
    if (this.#hasChanged) return;
    const { account, requiresOpenaiAuth } = await client.account();
    this.#begunAccount = {
      logged_in: !requiresOpenaiAuth || Boolean(account),
      auth_mode: account?.type ?? null,
      plan_type: account?.planType ?? null,
      requires_openai_auth: requiresOpenaiAuth,
      fingerprint: account ? this.#begun?.fingerprint ?? null : null,
    };
    this.#set(this.#begunAccount);
  }

  /** Nothing is known of the login while there is no app-server. */
  forget(): void {
    this.#account = UNKNOWN;
  }

  /** A turn has ended; `failure`: what it was told of its login, where it failed for it. */
  turnEnded(failure: string | undefined): void {
    this.#refused = failure;
  }

  /** Looks whether the login is another one than the app-server began with. */
  async look(): Promise<boolean> {
    const { requires_openai_auth } = this.#account;
    const begun = this.#begun;
    if (requires_openai_auth === null || begun === undefined) return false;
    const now = await this.#readFile() ?? begun;
    const isOther = now.fingerprint !== begun.fingerprint;
    // The same person again: whoever was refused may be welcome now.
    const isAnew = now.stamp !== begun.stamp &&
      (this.fault ?? this.#refused) !== undefined;
    const wasOther = this.#hasChanged;
    this.#hasChanged = isOther || isAnew;
    if (isOther) {
      this.#set({
        logged_in: !requires_openai_auth || now.fingerprint !== null,
        auth_mode: now.mode,
        plan_type: null,
        requires_openai_auth,
        fingerprint: now.fingerprint,
      });
    } else if (wasOther) this.#set(this.#begunAccount);
    return this.#hasChanged;
  }

  /** @throws {AppError} CODEXD_UNAVAILABLE when nobody is logged in */
  assertLoggedIn(): void {
    const details = this.fault;
    if (details === undefined) return;
    const message = `Cannot use Codex: ${details.reason}`;
    throw new AppError("CODEXD_UNAVAILABLE", message, {
      details,
      hint: `${details.fix}.`,
      retryable: false,
    });
  }

  #set(account: Account): void {
    this.#account = account;
    const text = JSON.stringify(account);
    const isNews = this.#told !== undefined && this.#told !== text;
    this.#told = text;
    if (isNews) this.#options.tell(account);
  }

  async #readFile(): Promise<StoredLogin | undefined> {
    if (this.#authFile === undefined) return undefined;
    const { key, clock } = this.#options;
    this.#read = await readAuthFile(this.#authFile, {
      key,
      now: clock.now(),
      before: this.#read,
    });
    return this.#read;
  }
}

interface LoginOptions {
  readonly clock: Pick<Clock, "now">;
  /** codexd's own secret, for fingerprints. */
  readonly key: string;
  tell(account: Account): void;
}
