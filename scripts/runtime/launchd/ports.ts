import {
  findLaunchctl,
  type Machine,
  type Owner,
  type Scope,
  type Terminal,
} from "../node/mod.ts";
import { Jobs } from "./jobs.ts";

/** What a command works with. */
export interface Ports {
  readonly machine: Machine;
  readonly terminal: Terminal;
}

/** This machine has no launchd. */
export class NoLaunchd extends Error {
  override readonly name = "NoLaunchd";

  constructor() {
    super(
      "This machine has no launchd (there is no launchctl). Run `deno task " +
        "start` instead: it keeps conductor and codexd in the foreground. " +
        "install-mini.sh --dry-run shows what launchd would be given.",
    );
  }
}

/**
 * Returns the jobs of an owner.
 * @throws {NoLaunchd}
 */
export async function jobsOf(
  { scope, owner }: { readonly scope: Scope; readonly owner: Owner },
  { machine }: Ports,
): Promise<Jobs> {
  const launchctl = await findLaunchctl(machine);
  if (launchctl === undefined) throw new NoLaunchd();
  return new Jobs({
    launchctl: (...args) => machine.run([launchctl, ...args]),
    clock: machine.clock,
    owner,
    scope,
  });
}
