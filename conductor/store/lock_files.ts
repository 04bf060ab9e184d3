import { join } from "@std/path";

const SUFFIX = ".lock";

/**
 * Tells whether processes on this machine live, by files that they hold locked:
 * the kernel gives a lock back however its process ends, and only then. So the
 * lease of a leader that was killed need not run out first.
 */
export class LockFiles {
  readonly #folder: string;
  /** Who was found dead: nobody comes back. */
  readonly #dead = new Set<string>();
  #own: { readonly path: string; readonly file: Deno.FsFile } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Holds the lock of this process until {@linkcode release} or its end. */
  hold(instanceId: string): void {
    Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#removeDead();
    const path = this.#pathOf(instanceId);
    const file = Deno.openSync(path, {
      write: true,
      create: true,
      mode: 0o600,
    });
    file.lockSync(true);
    this.#own = { path, file };
  }

  release(): void {
    if (this.#own === undefined) return;
    removeIfThere(this.#own.path);
    this.#own.file.close();
    this.#own = undefined;
  }

  /** True when the process has surely ended; without its file nobody knows. */
  isDead(instanceId: string): boolean {
    if (this.#dead.has(instanceId)) return true;
    if (instanceId.includes("/")) return false;
    return isUnlocked(this.#pathOf(instanceId));
  }

  #removeDead(): void {
    for (const { name } of Deno.readDirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (!name.endsWith(SUFFIX) || !isUnlocked(path)) continue;
      this.#dead.add(name.slice(0, -SUFFIX.length));
      removeIfThere(path);
    }
  }

  #pathOf(instanceId: string): string {
    return join(this.#folder, instanceId + SUFFIX);
  }
}

function isUnlocked(path: string): boolean {
  try {
    using file = Deno.openSync(path, { write: true });
    return file.tryLockSync(true);
  } catch {
    return false;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
