import { assert } from "@std/assert";
import type { ExitCode, Flags } from "../runtime/node/mod.ts";
import type { Ports } from "../runtime/launchd/mod.ts";
import { BrowserSmoke, SECRETS } from "./browser_context.ts";
import { RECORD_STEPS } from "./browser_records.ts";
import { WORK_STEPS } from "./browser_work.ts";
import { runSmoke, type SmokeStep } from "./smoke.ts";

const LEAK_STEP: SmokeStep<BrowserSmoke> = {
  name:
    "no planted secret is in the database, the logs, the audit, the events or an answer",
  async run(smoke) {
    await smoke.call("/v1/browser");
    await smoke.call("/v1/audit?limit=200");
    await smoke.call("/describe");
    const secrets = Object.values(SECRETS);
    for (const text of smoke.answers) {
      for (const secret of secrets) assert(!text.includes(secret), text);
    }
    for await (const path of filesIn(smoke.folder)) {
      // Latin-1 keeps every byte of a database as one character.
      const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
      for (const secret of secrets) assert(!text.includes(secret), path);
    }
  },
};

/** Proves the browser side with a temporary conductor and a scripted browser. */
export async function browserSmoke(
  _flags: Flags,
  { terminal }: Ports,
): Promise<ExitCode> {
  await using context = await BrowserSmoke.start();
  return await runSmoke([...RECORD_STEPS, ...WORK_STEPS, LEAK_STEP], {
    context,
    terminal,
  });
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
