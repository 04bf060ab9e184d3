import { isAbsolute } from "@std/path";
import { isSecretName } from "../../../shared/secret_names.ts";
import type { Owner } from "./installation.ts";
import type { Machine } from "./machine.ts";
import type { Variables } from "./node_settings.ts";
import { asOwner } from "./owner.ts";

const MARK = "BAA_LOGIN_ENVIRONMENT";
const LIMIT_MS = 10_000;

/** What each session has of its own; frozen, it would be another one's. */
const PER_SESSION: ReadonlySet<string> = new Set([
  "HOME",
  "LOGNAME",
  "SHELL",
  "SSH_AUTH_SOCK",
  "TERM",
  "TMPDIR",
  "USER",
]);

/** Prints variables; a value may have several lines. */
const PRINT = `printf "\\n${MARK}"; for name; do eval "value=\\\${$name-}"; ` +
  `printf "\\0%s=%s" "$name" "$value"; done`;

/**
 * Asks the owner's login shell for some variables: launchd's own environment
 * has next to nothing of it. The shell starts from nothing, so that the
 * variables of whoever installs do not leak in. Empty when it does not tell.
 */
export async function loginEnvironment(
  names: readonly string[],
  { owner, machine }: { readonly owner: Owner; readonly machine: Machine },
): Promise<Variables> {
  const shell = machine.environment["SHELL"] ?? "/bin/sh";
  if (!isAbsolute(shell)) return {};
  // Whatever shell it is: what it exports, another one prints.
  const print = `exec /bin/sh -c '${PRINT}' sh ${names.join(" ")}`;
  const { stdout } = await machine.run(
    asOwner([shell, "-l", "-c", print], owner, machine),
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
  // A profile may print, too: only what stands behind the mark counts.
  const [, ...told] = stdout.slice(stdout.lastIndexOf(`\n${MARK}\0`))
    .split("\0");
  return Object.fromEntries(told.map((it) => {
    const at = it.indexOf("=");
    return [it.slice(0, at), it.slice(at + 1)];
  }));
}

/** Returns the PATH at login, each folder once; undefined when there is none. */
export function loginPath({ PATH = "" }: Variables): string | undefined {
  const folders = PATH.split(":").filter((it) => isAbsolute(it));
  return folders.length === 0 ? undefined : [...new Set(folders)].join(":");
}

/**
 * Returns those of `names` that go into property lists, and the names of those
 * that do not, for they are secrets: a property list is no place for them.
 */
export function passedOn(
  names: readonly string[],
  login: Variables,
): { readonly values: Variables; readonly secret: readonly string[] } {
  const set = names.filter((it) =>
    /^\P{Cc}+$/u.test(login[it] ?? "") && !PER_SESSION.has(it)
  );
  const isSecret = (name: string) =>
    isSecretName(name) || /\/\/[^/]*@/.test(login[name] ?? "");
  return {
    values: Object.fromEntries(
      set.filter((it) => !isSecret(it)).map((it) => [it, login[it] ?? ""]),
    ),
    secret: set.filter(isSecret),
  };
}
