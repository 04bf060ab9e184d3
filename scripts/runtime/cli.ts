/**
 * The commands of this folder; the executables beside it name one each.
 *
 * Usage: deno run -A scripts/runtime/cli.ts <command> [options]
 */
import { ConfigError } from "../../shared/config/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import { systemCodeOf, systemReason } from "../../shared/system_reason.ts";
import { checkLaunchd, checkNode, doctor, verifyMini } from "./checks/mod.ts";
import { handOver, isInside, oneAtATime } from "./hand_over.ts";
import { installMini, restoreMini, uninstallMini } from "./install/mod.ts";
import {
  describeOptions,
  EXIT,
  type ExitCode,
  type Flags,
  type OptionName,
  OwnerError,
  readFlags,
  systemMachine,
  systemTerminal,
  UsageError,
} from "./node/mod.ts";
import {
  logsMini,
  restartLaunchd,
  startLaunchd,
  statusLaunchd,
  stopLaunchd,
} from "./manage/mod.ts";
import { NoLaunchd, type Ports } from "./launchd/mod.ts";

/** One command: what it is for, which options it takes, and what it does. */
interface Command {
  readonly summary: string;
  /** Whether it loads or unloads services: one such command at a time. */
  readonly movesServices?: true;
  /** Whether it may end a daemon, and with it whoever asked that one to run it. */
  readonly endsServices?: true;
  readonly options: readonly OptionName[];
  /** What stands behind the options. */
  readonly operand?: string;
  run(flags: Flags, ports: Ports): Promise<ExitCode>;
}

const NODE = ["listen", "public-base", "token-file", "trust-network"] as const;
const PLACE = ["scope", "user", "prefix"] as const;

const COMMANDS: Readonly<Record<string, Command>> = {
  "install-mini": {
    summary: "Install conductor and codexd under launchd, or upgrade them",
    movesServices: true,
    endsServices: true,
    options: ["with-status-api", ...PLACE, ...NODE, "identity", "dry-run"],
    run: installMini,
  },
  "restore-mini": {
    summary: "Put a backup of the database in the place of the present one",
    operand: "BACKUP",
    movesServices: true,
    endsServices: true,
    options: [...PLACE, "dry-run"],
    run: restoreMini,
  },
  "uninstall-mini": {
    summary: "Take the services away; state and logs only when told to",
    movesServices: true,
    endsServices: true,
    options: [...PLACE, "keep-state", "purge", "dry-run"],
    run: uninstallMini,
  },
  "start-launchd": {
    summary: "Load the services into launchd",
    movesServices: true,
    options: ["service", "scope", "user", "dry-run"],
    run: startLaunchd,
  },
  "stop-launchd": {
    summary: "Unload the services; they come back at the next login or boot",
    movesServices: true,
    endsServices: true,
    options: ["service", "scope", "user", "dry-run"],
    run: stopLaunchd,
  },
  "restart-launchd": {
    summary: "Unload the services and load them again",
    movesServices: true,
    endsServices: true,
    options: ["service", "scope", "user", "dry-run"],
    run: restartLaunchd,
  },
  "status-launchd": {
    summary: "Show launchd's state and HTTP health side by side",
    options: ["service", "scope", "user"],
    run: statusLaunchd,
  },
  "logs-mini": {
    summary: "Show what the services log, whether they run or not",
    options: ["service", "follow", "level", "tail", "scope"],
    run: logsMini,
  },
  "check-launchd": {
    summary: "Check what is installed, without asking a running service",
    options: ["service", ...PLACE],
    run: checkLaunchd,
  },
  "check-node": {
    summary: "Check the running node",
    options: ["service", ...PLACE, "skip-static-check"],
    run: checkNode,
  },
  "verify-mini": {
    summary: "Check what is installed, then the running node",
    options: ["service", ...PLACE],
    run: verifyMini,
  },
  doctor: {
    summary: "Find out what is wrong, why, and what to do about it",
    options: ["service", ...PLACE],
    run: doctor,
  },
};

/** Runs the command that `args` begin with. */
async function main(
  args: readonly string[],
  ports: Ports,
): Promise<ExitCode> {
  const { terminal } = ports;
  const [name = "", ...rest] = args;
  const command = COMMANDS[name];
  if (command === undefined) {
    terminal.warn(
      `Cannot run "${name}": commands are ${Object.keys(COMMANDS).join(", ")}`,
    );
    return EXIT.usage;
  }
  const { operand, options } = command;
  const usage = `${command.summary}.\nUsage: ${name}.sh [options]` +
    `${operand === undefined ? "" : ` ${operand}`}\n${
      describeOptions(options)
    }`;
  try {
    const flags = readFlags(rest, options, { operand });
    if (flags.help) {
      terminal.say(usage);
      return EXIT.ok;
    }
    if (!command.movesServices || flags.dryRun) {
      return await command.run(flags, ports);
    }
    if (command.endsServices && await isInside(ports.machine)) {
      return await handOver(args, flags, ports);
    }
    using _alone = await oneAtATime(ports);
    return await command.run(flags, ports);
  } catch (error) {
    terminal.warn(
      systemCodeOf(error) === undefined
        ? messageOf(error)
        : `Cannot run ${name}: ${systemReason(error)}`,
    );
    if (error instanceof UsageError) terminal.warn(usage);
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof NoLaunchd) return EXIT.noLaunchd;
  const isAsked = error instanceof UsageError || error instanceof OwnerError ||
    error instanceof ConfigError;
  return isAsked ? EXIT.usage : EXIT.failed;
}

if (import.meta.main) {
  Deno.exit(
    await main(Deno.args, {
      machine: systemMachine(),
      terminal: systemTerminal,
    }),
  );
}
