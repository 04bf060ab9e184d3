import { readCodexdConfig } from "../../../codexd/config.ts";
import { readConductorConfig } from "../../../conductor/config.ts";
import { ConfigError } from "../../../shared/config/mod.ts";
import { systemReason } from "../../../shared/system_reason.ts";
import {
  chmod,
  type Finding,
  type Installation,
  ok,
  problem,
  readerOf,
  warning,
} from "../node/mod.ts";

/** The daemons judge their own configuration: what they refuse is refused here. */
export function configurationChecks(
  installation: Pick<Installation, "settings">,
): readonly Finding[] {
  const problems = new Set<string>();
  const warnings = new Set<string>();
  for (const read of [readConductorConfig, readCodexdConfig]) {
    try {
      for (const it of read(readerOf(installation)).warnings) warnings.add(it);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const it of error.problems) problems.add(it);
    }
  }
  return [
    ...[...problems].map((it) =>
      problem("configuration", it, fixForConfiguration(it))
    ),
    ...[...warnings].map((it) =>
      warning("configuration", it, fixForWarning(it))
    ),
  ];
}

function fixForWarning(it: string): string {
  if (it.includes("BAA_PUBLIC_PROXY_ADDRESSES")) {
    return "--token-file <file of mode 0600>, or the proxy's addresses in " +
      "BAA_PUBLIC_PROXY_ADDRESSES";
  }
  return it.includes("without a token")
    ? "--token-file <file of mode 0600>, if not everybody there may"
    : "correct it in scripts/runtime/mini.env";
}

function fixForConfiguration(it: string): string {
  if (it.includes("can be guessed")) {
    return "(umask 077; openssl rand -hex 32 > <file>), and --token-file <file>";
  }
  return it.includes("no token is set")
    ? "--token-file <file of mode 0600>, or --trust-network if everybody in " +
      "that network may run commands here"
    : "change the line in scripts/runtime/mini.env, the variable or the flag";
}

/** A token lies in a file that is the owner's alone, and nowhere else. */
export async function tokenChecks(
  { settings }: Pick<Installation, "settings">,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (settings.has("BAA_SHARED_TOKEN")) {
    findings.push(problem(
      "token",
      "BAA_SHARED_TOKEN would stand in a property list, which is no place for it",
      "write it to a file of mode 0600, unset the variable and give " +
        "--token-file <file>",
    ));
  }
  const file = settings.get("BAA_SHARED_TOKEN_FILE")?.value;
  if (file === undefined) return findings;
  try {
    const mode = (await Deno.stat(file)).mode ?? 0;
    findings.push(
      (mode & 0o077) === 0
        ? ok("token", `in ${file}`)
        : problem("token", `others can read ${file}`, chmod("600", file)),
    );
  } catch (error) {
    findings.push(problem(
      "token",
      `Cannot read the token: ${systemReason(error)}`,
      `write the token to it and run ${chmod("600", file)}`,
    ));
  }
  return findings;
}
