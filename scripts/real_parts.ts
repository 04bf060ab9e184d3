// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Installs the npm packages that only tests use, outside the product's own
 * dependencies: real programs to test against, and what drives them.
 *
 * Usage: deno run -A scripts/real_parts.ts
 */
import { ensureDir, exists } from "@std/fs";
import { fromFileUrl } from "@std/path";

/** Where they are put; git and Deno pass it over. */
export const REAL_PARTS = fromFileUrl(
  new URL("../.real-parts/", import.meta.url),
);

const PACKAGES = {
  "@modelcontextprotocol/conformance": "0.2.0-alpha.12",
  "@openai/codex": "0.169.0",
  "playwright-core": "1.65.1",
} as const;

if (import.meta.main) {
  await ensureDir(REAL_PARTS);
  const wanted = Object.entries(PACKAGES).map(([name, version]) =>
    `${name}@${version}`
  );
  const code = await isInstalled() ? 0 : await install(wanted);
  if (code === 0) {
    console.log(`Real parts in ${REAL_PARTS}: ${wanted.join(", ")}`);
  }
  Deno.exit(code);
}

async function isInstalled(): Promise<boolean> {
  for (const [name, version] of Object.entries(PACKAGES)) {
    const file = `${REAL_PARTS}node_modules/${name}/package.json`;
    if (!await exists(file)) return false;
    if (JSON.parse(await Deno.readTextFile(file)).version !== version) {
      return false;
    }
  }
  return true;
}

async function install(packages: readonly string[]): Promise<number> {
  try {
    const { code } = await new Deno.Command("npm", {
      args: [
        ...["install", "--prefix", REAL_PARTS, "--no-audit", "--no-fund"],
        ...["--ignore-scripts", "--save-exact", ...packages],
      ],
      stdin: "null",
    }).spawn().status;
    return code;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(
      "Cannot install the real parts: there is no npm; install Node",
    );
    return 1;
  }
}
