import { sha256Hex } from "../../../shared/digest.ts";
import { systemReason } from "../../../shared/system_reason.ts";
import { printable } from "../../../shared/printable.ts";
import type { Program } from "../../permissions.ts";
import {
  type Finding,
  type Machine,
  NOT_FOUND,
  ok,
  problem,
  programPath,
  type RuntimeNode,
  script,
  warning,
} from "../node/mod.ts";

/**
 * Tells whether a program is the one that was installed, and whether its
 * signature still opens what somebody has allowed it: macOS gives consent to a
 * signature, not to a path.
 */
export async function signatureCheck(
  program: Program,
  { node: { installation, record }, machine: { run } }: {
    readonly node: Pick<RuntimeNode, "installation" | "record">;
    readonly machine: Pick<Machine, "run">;
  },
): Promise<readonly Finding[]> {
  const path = programPath(program, installation);
  const again = script("install-mini");
  const installed = record?.programs[program]?.installed;
  try {
    if (
      installed !== undefined &&
      sha256Hex(await Deno.readFile(path)) !== installed
    ) {
      return [problem(
        program,
        `${path} is not the program that was installed: somebody has written it since`,
        again,
      )];
    }
  } catch (error) {
    return [problem(program, systemReason(error), again)];
  }
  const verified = await run(["codesign", "--verify", "--strict", path]);
  if (verified.code === NOT_FOUND) return [];
  if (verified.code !== 0) {
    const [why = ""] = verified.stderr.trim().split("\n");
    return [problem(
      program,
      `its signature does not hold, and macOS kills it at its next start: ${
        printable(why.slice(0, 200))
      }`,
      again,
    )];
  }
  // It describes on stderr: `Authority=Mini Signing`, or `Signature=adhoc`.
  const { stderr } = await run(["codesign", "--display", "--verbose=2", path]);
  const signers = [...stderr.matchAll(/^Authority=(.*)$/gm)].map(([, it]) =>
    it
  );
  const { identity } = record ?? {};
  if (identity !== undefined && !signers.includes(identity)) {
    return [warning(
      program,
      `it is not signed as ${identity} any more: what somebody allowed that ` +
        "signature, this one has lost",
      script("install-mini", "--identity", identity),
    )];
  }
  return [
    signers.length > 0
      ? ok(program, `signed as ${printable(signers[0] ?? "")}`)
      : warning(
        program,
        "its signature is ad hoc: each upgrade makes another one, which loses " +
          "the access to Desktop and Documents that somebody granted",
        `security find-identity -v -p codesigning, then ${
          script("install-mini", "--identity")
        } <one of them>`,
      ),
  ];
}
