import { ProcessGroups } from "../../host_ops/process/mod.ts";
import { type Clock, isoTime } from "../../shared/clock.ts";
import type { Account } from "../../shared/contracts/mod.ts";
import type { Logger } from "../../shared/log.ts";
import type { Redactor } from "../../shared/redact.ts";
import { RotatingFile } from "../../shared/rotating_file.ts";
import type { CodexClient } from "./codex_client.ts";
import {
  codexEnvironment,
  type CodexEnvironmentSource,
} from "./environment.ts";
import { Login } from "./login.ts";
import { cleanupScript, sweepOrphans } from "./orphans.ts";
import { Supervisor } from "./supervisor.ts";
import { TrafficLog } from "./traffic_log.ts";

/** The app-server with everything around it: the process, its login, its logs. */
export class AppServerHost {
  readonly supervisor: Supervisor;
  readonly login: Login;
  readonly #options: HostOptions;
  readonly #processes: ProcessGroups;
  readonly #files: readonly RotatingFile[];
  readonly #traffic: TrafficLog;
  #previousMark: string | undefined;

  #looking: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    const { clock, log, shell, redactor, mark, key } = options;
    this.login = new Login({ key, clock, tell: options.tellAccount });
    this.#processes = new ProcessGroups({
      shell,
      clock,
      log,
      environment: {},
      cleanup: cleanupScript(mark),
      warmShells: 0,
    });
    const file = (kind: string) =>
      new RotatingFile({
        folder: options.logsDir,
        family: kind,
        maxAgeMs: options.maxLogAgeMs,
        clock,
      });
    const traffic = file("traffic");
    const stderr = file("stderr");
    this.#files = [traffic, stderr];
    this.#previousMark = options.previousMark;
    this.#traffic = new TrafficLog(traffic, { redactor, clock });
    const environment = codexEnvironment(options);
    this.supervisor = new Supervisor({
      clock,
      log,
      environment,
      binary: { wanted: options.codexBin, path: environment.PATH ?? "" },
      start: options.start ?? ((job) => this.#processes.startPiped(job)),
      cwd: options.cwd,
      traffic: this.#traffic,
      onStderr: (line) => {
        const text = redactor.text(line.slice(0, 4000));
        const time = isoTime(clock.now());
        stderr.write(JSON.stringify({ time, stderr: text }), false);
        return text;
      },
      sweep: () => this.#sweep(),
    });
  }

  /** The app-server, when it is ready now. */
  get client(): CodexClient | undefined {
    return this.supervisor.client;
  }

  /** Waits a little for one that is starting. @throws {AppError} CODEXD_UNAVAILABLE */
  ready(): Promise<CodexClient> {
    return this.supervisor.ready();
  }

  /**
   * The app-server when it can be given work: it is ready, somebody is logged in.
   * `starting`: how many turns wait for just this.
   * @throws {AppError} CODEXD_UNAVAILABLE
   */
  async usable(starting = 0): Promise<CodexClient> {
    if (await this.login.look()) await this.#renew(LOGIN_CHANGED, starting);
    const client = await this.supervisor.ready();
    this.login.assertLoggedIn();
    return client;
  }

  /**
   * Looks whether the login or the binary has changed under the app-server, which
   * would not notice: it is started anew, at once or when its last turn has ended.
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    return this.#looking;
  }

  async #look(): Promise<void> {
    const isOther = await this.login.look();
    const why = await this.supervisor.isReplaced()
      ? "The Codex binary was replaced"
      : isOther
      ? LOGIN_CHANGED
      : undefined;
    await this.#renew(why, 0);
  }

  async #renew(why: string | undefined, starting: number): Promise<void> {
    this.supervisor.noteOutdated(why);
    if (why === undefined || this.#options.isBusy(starting)) return;
    if (this.client !== undefined) await this.supervisor.recycle();
  }

  /** Ends the app-server, and the commands that it leaves behind. */
  async stop(graceMs: number): Promise<void> {
    await this.supervisor.stop(graceMs);
    // What the last turn's end has begun to look at.
    await this.#looking?.catch(() => {});
    await this.#processes.close();
    this.#traffic.flush();
    for (const file of this.#files) file[Symbol.dispose]();
  }

  async #sweep(): Promise<number> {
    const { shell, mark } = this.#options;
    const previous = this.#previousMark;
    this.#previousMark = undefined;
    let swept = await sweepOrphans(shell, mark);
    if (previous !== undefined) swept += await sweepOrphans(shell, previous);
    return swept;
  }
}

const LOGIN_CHANGED = "The login of Codex has changed";

interface HostOptions extends CodexEnvironmentSource {
  readonly clock: Clock;
  /** For fingerprints of logins. */
  readonly key: string;
  tellAccount(account: Account): void;
  /** Whether turns run, or more than `starting` are about to. */
  isBusy(starting: number): boolean;
  readonly log: Logger;
  readonly redactor: Redactor;
  /** `BAA_CODEX_BIN`. */
  readonly codexBin: string;
  readonly shell: string;
  /** `logs/codexd/app-server`. */
  readonly logsDir: string;
  readonly maxLogAgeMs: number;
  /** Where the app-server itself works; sessions have folders of their own. */
  readonly cwd: string;
  /** The mark of the codexd before this one. */
  readonly previousMark: string | undefined;
  /** Default: through the shell, in a group that dies with codexd. */
  readonly start?: ProcessGroups["startPiped"];
}
