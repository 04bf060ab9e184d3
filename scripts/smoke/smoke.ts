import { messageOf } from "../../shared/errors.ts";
import { EXIT, type ExitCode, type Terminal } from "../runtime/node/mod.ts";

/** One thing that a smoke test shows. */
export interface SmokeStep<Context> {
  /** What holds when it passes. */
  readonly name: string;
  run(context: Context): Promise<void>;
}

/** Runs steps in order, a line each; the first that fails is the last. */
export async function runSmoke<Context>(
  steps: readonly SmokeStep<Context>[],
  options: { readonly context: Context; readonly terminal: Terminal },
): Promise<ExitCode> {
  const { context, terminal } = options;
  for (const { name, run } of steps) {
    try {
      await run(context);
      terminal.say(`ok    ${name}`);
    } catch (error) {
      terminal.say(`FAIL  ${name}`);
      terminal.warn(messageOf(error));
      return EXIT.failed;
    }
  }
  terminal.say(`${steps.length} passed, 0 failed`);
  return EXIT.ok;
}
