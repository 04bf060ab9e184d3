import { assertEquals } from "@std/assert";
import { sha256Hex } from "../../../shared/digest.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { installationIn } from "../testing/fixtures.ts";
import { stoodIn } from "../testing/stood_in.ts";
import { signatureCheck } from "./signature_check.ts";

/** As `codesign --display --verbose=2` prints on stderr. */
const shown = (signature: string) => ({
  code: 0,
  stdout: "",
  stderr: `Executable=/Users/george/baa/bin/conductor
Identifier=so.makefile.baa-conductor
Format=Mach-O thin (arm64)
CodeDirectory v=20400 size=778 flags=0x2(adhoc) hashes=19+2 location=embedded
${signature}
TeamIdentifier=not set
Sealed Resources=none
`,
});

const VALID = { "codesign --verify": "" };
const SIGNED = shown("Signature size=1234\nAuthority=Mini Signing");

Deno.test("signatureCheck() tells a program that is not the installed one, and a signature that lost its consent", async () => {
  await using dir = await tempDir();
  const installation = installationIn(dir.path);
  await Deno.mkdir(dir.join("bin"));
  await Deno.writeTextFile(dir.join("bin/conductor"), "program");
  const installed = sha256Hex("program");
  const check = async (
    answers: Parameters<typeof stoodIn>[0],
    { identity, digest = installed }: { identity?: string; digest?: string } =
      {},
  ) => {
    const record = {
      ...{ format: 1, version: "1", deno: "2.9.5", remembered: {} } as const,
      programs: { conductor: { compiled: "", installed: digest } },
      ...(identity !== undefined && { identity }),
    };
    const findings = await signatureCheck("conductor", {
      node: { installation, record },
      machine: stoodIn(answers),
    });
    return findings.map(({ level, seen, fix }) =>
      [level, seen.split(/[:,]/)[0], fix].join(" | ")
    );
  };
  assertEquals(await check({}), []);
  assertEquals(await check({}, { digest: "another" }), [
    `problem | ${dir.path}/bin/conductor is not the program that was installed` +
    " | ./scripts/runtime/install-mini.sh",
  ]);
  const codesign = { ...VALID, "codesign --display": SIGNED };
  assertEquals(await check(codesign, { identity: "Mini Signing" }), [
    "ok | signed as Mini Signing | ",
  ]);
  const adhoc = { ...VALID, "codesign --display": shown("Signature=adhoc") };
  assertEquals(await check(adhoc, { identity: "Mini Signing" }), [
    "warning | it is not signed as Mini Signing any more | " +
    "./scripts/runtime/install-mini.sh --identity 'Mini Signing'",
  ]);
  assertEquals(await check(adhoc), [
    "warning | its signature is ad hoc | security find-identity -v -p " +
    "codesigning, then ./scripts/runtime/install-mini.sh --identity <one of them>",
  ]);
  const broken = {
    code: 1,
    stdout: "",
    stderr:
      "bin/conductor: invalid signature (code or signature have been modified)\n",
  };
  assertEquals(await check({ "codesign --verify": broken }), [
    "problem | its signature does not hold | ./scripts/runtime/install-mini.sh",
  ]);
});
