import { join } from "@std/path";
import { memoryFolder } from "../simulation/database_pool.ts";
import type { Subject } from "./subjects.ts";

/** A mutant gets so many times what the tests take without one, and a start. */
const PATIENCE = 5;
const START_MS = 5_000;

/** Folders of a checkout that no unit test reads. */
const LEFT_OUT = new Set([
  "bin",
  "dist",
  "logs",
  "node_modules",
  "state",
  "tmp",
]);

/**
 * A copy of a checkout, in memory where the system can, in which one module at a time is
 * another: the checkout itself is never touched. What tests leave in the
 * temporary folder goes with it.
 */
export class CopiedTree implements AsyncDisposable {
  readonly #folder: string;
  #timeoutMs = Infinity;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async of(root: string): Promise<CopiedTree> {
    const dir = memoryFolder();
    const folder = await Deno.makeTempDir({
      prefix: "proof-mutate-",
      ...(dir && { dir }),
    });
    await Deno.mkdir(join(folder, "tree"));
    for await (const { name } of Deno.readDir(root)) {
      if (name.startsWith(".") || LEFT_OUT.has(name)) continue;
      await copy(join(root, name), join(folder, "tree", name));
    }
    return new CopiedTree(folder);
  }

  /** Runs the tests of a subject as it is; throws when they fail. */
  async prove({ file, tests }: Subject): Promise<void> {
    const started = performance.now();
    this.#timeoutMs = Infinity;
    const { passed, output } = await this.#test(tests);
    const took = performance.now() - started;
    this.#timeoutMs = took * PATIENCE + START_MS;
    if (passed) return;
    throw new Error(
      `Cannot judge the tests of ${file}: they fail without a mutant\n${output}`,
    );
  }

  /** Runs the tests of a subject with another text of its file. */
  async run({ file, tests }: Subject, text: string): Promise<Verdict> {
    const path = join(this.#folder, "tree", file);
    const own = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text);
    try {
      return await this.#test(tests);
    } finally {
      await Deno.writeTextFile(path, own);
    }
  }

  /** One file after the other: what fails in the first needs no second. */
  async #test(tests: readonly string[]): Promise<Verdict> {
    let verdict: Verdict = { passed: true, output: "" };
    for (const test of tests) {
      verdict = await this.#testFile(test);
      if (!verdict.passed) break;
    }
    return verdict;
  }

  async #testFile(test: string): Promise<Verdict> {
    const temp = join(this.#folder, "temp");
    await Deno.mkdir(temp, { recursive: true });
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--fail-fast", "--quiet", test],
      cwd: join(this.#folder, "tree"),
      env: { TMPDIR: temp, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const timer = this.#timeoutMs === Infinity
      ? undefined
      : setTimeout(() => child.kill("SIGKILL"), this.#timeoutMs);
    const { success, stdout, stderr } = await child.output();
    clearTimeout(timer);
    // A killed test's children may still write: that goes with the whole.
    await Deno.remove(temp, { recursive: true }).catch(() => {});
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { passed: success, output: decode(stdout) + decode(stderr) };
  }

  /** Leaves nothing behind, whatever still runs in it. */
  remove(): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What tests said of a module; not to end in time is to fail. */
export interface Verdict {
  readonly passed: boolean;
  readonly output: string;
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) {
    await Deno.copyFile(from, to);
    return;
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isSymlink } of Deno.readDir(from)) {
    if (!isSymlink) await copy(join(from, name), join(to, name));
  }
}
