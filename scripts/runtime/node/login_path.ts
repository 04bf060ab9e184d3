import { isAbsolute } from "@std/path";
import type { Owner } from "./installation.ts";
import type { Machine } from "./machine.ts";
import { asOwner } from "./owner.ts";

const MARK = "BAA_LOGIN_PATH:";
const LIMIT_MS = 10_000;

/**
 * Asks the owner's login shell for its PATH: launchd's is too short for what
 * people install. The shell starts from nothing, so that the PATH of whoever
 * installs does not leak in. Undefined when the shell does not tell.
 */
export async function loginPath(
  owner: Owner,
  machine: Machine,
): Promise<string | undefined> {
  const shell = machine.environment["SHELL"] ?? "/bin/sh";
  if (!isAbsolute(shell)) return undefined;
  const { stdout } = await machine.run(
    asOwner(
      [shell, "-l", "-c", `printf '\\n${MARK}%s\\n' "$PATH"`],
      owner,
      machine,
    ),
    {
      clearEnv: true,
      env: {
        HOME: owner.home,
        USER: owner.name,
        LOGNAME: owner.name,
        SHELL: shell,
        TERM: "dumb",
      },
      timeoutMs: LIMIT_MS,
    },
  );
  // A profile may print, too: only the marked line counts.
  const line = stdout.split("\n").findLast((it) => it.startsWith(MARK));
  const folders = line?.slice(MARK.length).split(":").filter((it) =>
    isAbsolute(it)
  );
  return folders === undefined || folders.length === 0
    ? undefined
    : [...new Set(folders)].join(":");
}
