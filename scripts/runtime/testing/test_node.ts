import { exists } from "@std/fs";
import { fromFileUrl, join } from "@std/path";
import { denoDir } from "../../../shared/testing/deno_dir.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { freePorts } from "../../../shared/testing/free_ports.ts";
import { until } from "../../../shared/testing/until.ts";
import { type Ran, runCommand } from "../node/command.ts";
import { emptyLaunchd, type FakeLaunchdState } from "./fake_launchd.ts";

const RUNTIME = fromFileUrl(new URL("../", import.meta.url));

/** A machine with a home, a stand-in for launchd and free ports of its own. */
export interface TestNode extends AsyncDisposable {
  readonly home: string;
  readonly prefix: string;
  readonly conductor: string;
  readonly codexd: string;
  readonly statusApi: string;
  /** Runs one of the executables, e.g. `install-mini`. */
  run(script: string, ...args: string[]): Promise<Ran>;
  /** Puts a program ahead of the machine's own: lines of a shell script. */
  standIn(name: string, ...lines: string[]): Promise<void>;
  /** Variables that later runs are given. */
  readonly env: Record<string, string>;
  launchd(): FakeLaunchdState;
  changeLaunchd(change: (state: FakeLaunchdState) => void): void;
}

/** Makes a machine whose services run on loopback. */
export async function testNode(): Promise<TestNode> {
  const dir = await tempDir();
  const home = dir.join("home");
  const fake = dir.join("launchd");
  const bin = dir.join("bin");
  for (const folder of [home, fake, bin]) await Deno.mkdir(folder);
  await writeExecutable(
    join(bin, "launchctl"),
    `#!/bin/sh\nexec '${Deno.execPath()}' run -A '${RUNTIME}testing/launchctl.ts' "$@"\n`,
  );
  const [conductor = "", codexd = "", statusApi = ""] = freePorts(3)
    .map((port) => `http://127.0.0.1:${port}`);
  const env: Record<string, string> = {
    PATH: `${bin}:${Deno.env.get("PATH")}`,
    HOME: home,
    USER: "george",
    SHELL: "/bin/sh",
    NO_COLOR: "1",
    DENO_BIN: Deno.execPath(),
    DENO_DIR: denoDir(),
    // Any ELF program can carry what the compiler writes.
    DENORT_BIN: "/bin/true",
    FAKE_LAUNCHD: fake,
    BAA_CONDUCTOR_PUBLIC_API_BASE: "",
    BAA_CODEXD_LOCAL_API: codexd,
    BAA_STATUS_API: statusApi,
  };
  const stateFile = join(fake, "state.json");
  const launchd = (): FakeLaunchdState => {
    try {
      return JSON.parse(Deno.readTextFileSync(stateFile));
    } catch {
      return emptyLaunchd();
    }
  };
  const node: TestNode = {
    home,
    // A folder that somebody might well have.
    prefix: dir.join("my nöde, 'really'"),
    conductor,
    codexd,
    statusApi,
    env,
    standIn: (name, ...lines) =>
      writeExecutable(join(bin, name), ["#!/bin/sh", ...lines, ""].join("\n")),
    launchd,
    run: (script, ...args) =>
      runCommand([join(RUNTIME, `${script}.sh`), ...args], {
        cwd: dir.path,
        clearEnv: true,
        env,
      }),
    changeLaunchd(change) {
      const state = launchd();
      change(state);
      Deno.writeTextFileSync(stateFile, JSON.stringify(state));
    },
    async [Symbol.asyncDispose]() {
      const pids = Object.values(launchd().jobs).flatMap(({ pid }) =>
        pid ?? []
      );
      const hasEnded = (pid: number) => exists(join(fake, `${pid}.ended`));
      await Promise.all(pids.map(async (pid) => {
        try {
          if (!await hasEnded(pid)) Deno.kill(pid, "SIGTERM");
        } catch { /* it has ended just now */ }
        await until(() => hasEnded(pid));
      }));
      await dir[Symbol.asyncDispose]();
    },
  };
  return node;
}

async function writeExecutable(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, 0o755);
}
