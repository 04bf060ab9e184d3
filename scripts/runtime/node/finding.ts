import { formatCommand } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** What a check saw. */
export interface Finding {
  readonly level: "ok" | "warning" | "problem";
  /** What it is about, e.g. `conductor` or `disk`. */
  readonly subject: string;
  /** What was seen, and why it matters when it is not ok. */
  readonly seen: string;
  /** The command to type or the line to change. */
  readonly fix?: string;
}

/** Returns one of the executables as a person types it. */
export function script(name: string, ...options: string[]): string {
  return formatCommand([`./scripts/runtime/${name}.sh`, ...options]);
}

/** Returns the command that leaves a file or folder to its owner. */
export function chmod(mode: string, path: string): string {
  return formatCommand(["chmod", mode, path]);
}

/** Something is as it should be. */
export function ok(subject: string, seen: string): Finding {
  return { level: "ok", subject, seen };
}

/** Something works, and the owner should know. */
export function warning(subject: string, seen: string, fix: string): Finding {
  return { level: "warning", subject, seen, fix };
}

/** Something does not work. */
export function problem(subject: string, seen: string, fix: string): Finding {
  return { level: "problem", subject, seen, fix };
}

const MARKS = {
  ok: "ok     ",
  warning: "WARNING",
  problem: "PROBLEM",
} as const;

/** Prints findings; returns whether there was no problem among them. */
export function report(
  findings: readonly Finding[],
  terminal: Terminal,
): boolean {
  for (const { level, subject, seen, fix } of findings) {
    terminal.say(`${MARKS[level]}  ${subject}: ${seen}`);
    if (fix !== undefined) terminal.say(`         fix: ${fix}`);
  }
  return findings.every((it) => it.level !== "problem");
}
