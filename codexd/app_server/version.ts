/** The version that the end-to-end tests run. */
export const TESTED_VERSION = "0.169.0";
/** The oldest version that speaks the protocol used here. */
const OLDEST = [0, 160, 0] as const;
/** The first version that is refused: a new major may change anything. */
const FIRST_REFUSED = [1, 0, 0] as const;

/** What is supported, in words. */
export const SUPPORTED_VERSIONS = `>=${OLDEST.join(".")} <${
  FIRST_REFUSED.join(".")
}`;

/** Returns the version in a text such as `codex-cli 0.169.0`. */
export function findVersion(text: string): string | undefined {
  return /(?:^|[\s/])v?(\d+\.\d+\.\d+)\b/m.exec(text)?.[1];
}

/** Tells whether a version is in the supported range. */
export function isSupported(version: string): boolean {
  const parts = version.split(".").map(Number);
  return compare(parts, OLDEST) >= 0 && compare(parts, FIRST_REFUSED) < 0;
}

/** Tells whether a version is newer, beyond the patch number, than what is tested. */
export function isUntested(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  const [testedMajor, testedMinor] = TESTED_VERSION.split(".").map(Number);
  return major !== testedMajor || minor !== testedMinor;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, other] of b.entries()) {
    const difference = (a[index] ?? 0) - other;
    if (difference !== 0) return difference;
  }
  return 0;
}
