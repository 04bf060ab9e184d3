import { systemReason } from "../system_reason.ts";

/** A secret is short: a larger file is a mistake, a device would never end. */
const MAX_BYTES = 4096;

/** Reads the secret in a file that `variable` names, and judges the file. */
export function readSecretFile(variable: string, file: string): SecretFile {
  const bad = (problem: string) => `${variable} is "${file}": ${problem}`;
  try {
    const { isFile, size, mode } = Deno.statSync(file);
    if (!isFile || size > MAX_BYTES) {
      return {
        problems: [bad("give a file that holds the secret")],
        warnings: [],
      };
    }
    const secret = Deno.readTextFileSync(file).trim();
    const isOpen = ((mode ?? 0) & 0o077) !== 0;
    const warnings = isOpen
      ? [`${variable} ${file} can be read by others: run chmod 600 on it`]
      : [];
    if (/^[\x21-\x7e]+$/.test(secret)) {
      return { secret, problems: [], warnings };
    }
    const problem =
      "the file must hold one line of visible ASCII characters without spaces";
    return { problems: [bad(problem)], warnings };
  } catch (error) {
    const problem = `give a readable file (${systemReason(error)})`;
    return { problems: [bad(problem)], warnings: [] };
  }
}

/** What is in it, what stops the start, and what warns on each start. */
interface SecretFile {
  readonly secret?: string;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}
