import { dirname } from "@std/path";
import { codexdKeyPath } from "../../shared/contracts/mod.ts";
import { AppError, messageOf } from "../../shared/errors.ts";

/**
 * The way in to codexd: a Unix socket, and a key that is good for nothing else.
 * Nothing goes to whoever holds codexd's port, nor to a socket or by a key that
 * another user has put there.
 */
export class CodexdDoor implements Disposable {
  readonly #options: DoorOptions;
  #client: Deno.HttpClient | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /**
   * Says how codexd is reached now. Everything is looked at each time: codexd
   * may have been installed anew meanwhile.
   * @throws {AppError} CODEXD_UNAVAILABLE with the reason
   */
  enter(): Entrance {
    const { socket: path } = this.#options;
    if (!this.#own(path).isSocket) throw away(`${path} is no socket`);
    const folder = dirname(path);
    // Others could put a socket there whenever codexd's own is away.
    if (((this.#own(folder, Deno.statSync).mode ?? WRITERS) & WRITERS) !== 0) {
      throw away(`others may write to ${folder}, where its socket is`);
    }
    const key = this.#key();
    this.#client ??= Deno.createHttpClient({
      proxy: { transport: "unix", path },
      // None is kept: after a restart it would lead nowhere, or to another.
      poolMaxIdlePerHost: 0,
    });
    const headers = { authorization: `Bearer ${key}` };
    return { client: this.#client, headers };
  }

  /** As the global `fetch`, through the door. */
  readonly fetch = async (
    input: URL | RequestInfo,
    init: RequestInit = {},
  ): Promise<Response> => {
    const { client, headers: own } = this.enter();
    const headers = {
      ...Object.fromEntries(new Headers(init.headers)),
      ...own,
    };
    try {
      return await fetch(input, { ...init, headers, client });
    } catch (error) {
      const reason = error instanceof Error && error.cause !== undefined
        ? messageOf(error.cause)
        : messageOf(error);
      throw away(`${this.#options.socket}: ${reason}`, error);
    }
  };

  [Symbol.dispose](): void {
    this.#client?.close();
    this.#client = undefined;
  }

  #key(): string {
    const path = codexdKeyPath(this.#options.stateDir);
    const { isFile, size, mode } = this.#own(path);
    if (!isFile || size > MAX_KEY_BYTES || ((mode ?? OTHERS) & OTHERS) !== 0) {
      throw away(`${path} is no file that its owner alone can read`);
    }
    const key = Deno.readTextFileSync(path).trim();
    if (/^[\x21-\x7e]+$/.test(key)) return key;
    throw away(`${path} holds no key`);
  }

  /** Looks at a file that must be there, and be nobody else's. */
  #own(path: string, look = Deno.lstatSync): Deno.FileInfo {
    let file: Deno.FileInfo;
    try {
      file = look(path);
    } catch (error) {
      throw away(
        error instanceof Deno.errors.NotFound
          ? `there is no ${path}; does codexd run, with the same BAA_STATE_DIR ` +
            "and BAA_CODEXD_SOCKET?"
          : messageOf(error),
        error,
      );
    }
    // Whose the state is, his are its keys; and root needs none of them.
    const { uid } = Deno.statSync(this.#options.stateDir);
    if (file.uid === uid || file.uid === 0) return file;
    throw away(`${path} belongs to another user`);
  }
}

/** A key is short: a larger file is none. */
const MAX_KEY_BYTES = 4096;
/** Who may not read a key, by its mode: the group, and everybody else. */
const OTHERS = 0o077;

/** Who else may write to a folder: the group, and everybody. */
const WRITERS = 0o022;

export interface DoorOptions {
  /** `BAA_CODEXD_SOCKET`. */
  readonly socket: string;
  /** `BAA_STATE_DIR`: conductor's and codexd's own folders are in it. */
  readonly stateDir: string;
}

/** What a connection to codexd is made with. */
interface Entrance {
  readonly client: Deno.HttpClient;
  readonly headers: Readonly<Record<string, string>>;
}

function away(reason: string, cause?: unknown): AppError {
  const message = `Cannot reach codexd: ${reason}`;
  return new AppError("CODEXD_UNAVAILABLE", message, { cause });
}
