import type { Owner } from "./installation.ts";
import type { Machine } from "./machine.ts";
import type { Flags, Scope } from "./options.ts";

/** The owner cannot be told, or must not be this one. */
export class OwnerError extends Error {
  override readonly name = "OwnerError";
}

/**
 * Finds out whom the services run as: whoever types the command, for a daemon
 * whoever called sudo.
 * @throws {OwnerError}
 */
export async function findOwner(
  scope: Scope,
  flags: Pick<Flags, "user">,
  machine: Machine,
): Promise<Owner> {
  const { environment, uid } = machine;
  if (scope === "agent") {
    if (uid === 0 && environment["SUDO_USER"] !== undefined) {
      throw new OwnerError(
        "Cannot manage a LaunchAgent of root: run this without sudo",
      );
    }
    const name = environment["USER"] ?? environment["LOGNAME"] ??
      await idOf("-un", undefined, machine);
    const gid = Number(await idOf("-g", undefined, machine));
    const home = environment["HOME"];
    if (home === undefined) throw new OwnerError("HOME is not set");
    return { name, uid, gid, home };
  }
  const name = flags.user ?? environment["SUDO_USER"] ?? environment["USER"] ??
    await idOf("-un", undefined, machine);
  if (!/^[A-Za-z0-9._-]+$/.test(name) || name === "root") {
    throw new OwnerError(
      `A LaunchDaemon runs as its owner, never as ${name}: give --user <name>`,
    );
  }
  return {
    name,
    uid: Number(await idOf("-u", name, machine)),
    gid: Number(await idOf("-g", name, machine)),
    home: await homeOf(name, machine),
  };
}

/**
 * Returns `command` as the owner runs it: what root leaves behind in the
 * owner's folders the owner could not change.
 */
export function asOwner(
  command: readonly [string, ...string[]],
  owner: Owner,
  machine: Machine,
): readonly [string, ...string[]] {
  return machine.uid === 0 && owner.uid !== 0
    ? ["sudo", "-n", "-H", "-u", owner.name, "--", ...command]
    : command;
}

/** Gives what root has made to its owner. */
export async function giveToOwner(
  path: string,
  owner: Owner,
  machine: Machine,
): Promise<void> {
  if (machine.uid === 0 && owner.uid !== 0) {
    await Deno.chown(path, owner.uid, owner.gid);
  }
}

async function idOf(
  option: "-u" | "-g" | "-un",
  name: string | undefined,
  { run }: Machine,
): Promise<string> {
  const { code, stdout, stderr } = await run([
    "id",
    option,
    ...(name === undefined ? [] : [name]),
  ]);
  if (code === 0) return stdout.trim();
  throw new OwnerError(
    `Cannot find the user ${name ?? "who runs this"}: ${stderr.trim()}`,
  );
}

/** Every shell knows where a user lives; no other program does on all systems. */
async function homeOf(name: string, { run }: Machine): Promise<string> {
  const { stdout } = await run(["/bin/sh", "-c", `printf %s ~${name}`]);
  if (stdout.startsWith("/")) return stdout;
  throw new OwnerError(`Cannot find the home of ${name}`);
}
