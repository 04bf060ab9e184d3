import type { Ran, RunCommand } from "../node/command.ts";
import type { Machine } from "../node/machine.ts";
import { systemMachine } from "../node/machine.ts";

/**
 * This machine with other programs: what they print, by the first words of
 * their command. One that is not named is not there.
 */
export function stoodIn(
  answers: Readonly<Record<string, string | Ran>>,
  os: Machine["os"] = "linux",
): Machine {
  const run: RunCommand = (command) => {
    const line = command.join(" ");
    const [, answer] =
      Object.entries(answers).find(([it]) => line.startsWith(it)) ?? [];
    return Promise.resolve(
      answer === undefined
        ? { code: 127, stdout: "", stderr: `${command[0]}: not found` }
        : typeof answer === "string"
        ? { code: 0, stdout: answer, stderr: "" }
        : answer,
    );
  };
  return { ...systemMachine(), os, run };
}
