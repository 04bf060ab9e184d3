import { basename, dirname, join, resolve } from "@std/path";
import { messageOf } from "../../shared/errors.ts";
import type { Fault } from "../../shared/contracts/mod.ts";

const INSTALL =
  "Install Codex (npm install -g @openai/codex) or set BAA_CODEX_BIN to its path";

/** Names of npm's platform packages and of the folders in them. */
const TRIPLES: Readonly<
  Record<string, readonly [name: string, triple: string]>
> = {
  "linux-x86_64": ["linux-x64", "x86_64-unknown-linux-musl"],
  "linux-aarch64": ["linux-arm64", "aarch64-unknown-linux-musl"],
  "darwin-x86_64": ["darwin-x64", "x86_64-apple-darwin"],
  "darwin-aarch64": ["darwin-arm64", "aarch64-apple-darwin"],
};

/**
 * Finds the program to run as Codex. npm's launcher script is passed over for
 * the native binary that it would start: one process less, and signals arrive.
 */
export async function findBinary(query: BinaryQuery): Promise<BinaryFinding> {
  const { wanted, path } = query;
  const candidates = wanted.includes("/")
    ? [resolve(wanted)]
    : path.split(":").filter(Boolean).map((folder) => join(folder, wanted));
  let refused: Fault | undefined;
  for (const candidate of candidates) {
    const fault = await faultOf(candidate);
    if (fault === undefined) return { program: await native(candidate, query) };
    refused ??= fault === "absent" ? undefined : fault;
  }
  const where = wanted.includes("/") ? "there is no such file" : "not on PATH";
  return {
    fault: refused ??
      { reason: `Cannot find Codex "${wanted}": ${where}`, fix: INSTALL },
  };
}

/** Where to look for the Codex CLI. */
export interface BinaryQuery {
  /** `BAA_CODEX_BIN`: a name or a path. */
  readonly wanted: string;
  /** The PATH that a name is looked up in. */
  readonly path: string;
  /** Default: the running ones. */
  readonly os?: string;
  readonly arch?: string;
}

/** What was found: a program to run, or what is wrong and how to mend it. */
type BinaryFinding =
  | { readonly program: string }
  | { readonly fault: Fault };

async function faultOf(path: string): Promise<Fault | "absent" | undefined> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    const cannot = `Cannot run Codex "${path}": it is`;
    if (!isFile) return { reason: `${cannot} no file`, fix: INSTALL };
    return (mode ?? 0o111) & 0o111
      ? undefined
      : { reason: `${cannot} not executable`, fix: `Run chmod +x ${path}` };
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return "absent";
    const reason = `Cannot look at Codex "${path}": ${messageOf(error)}`;
    return { reason, fix: INSTALL };
  }
}

/** Returns the native binary behind npm's launcher, or the program itself. */
async function native(path: string, query: BinaryQuery): Promise<string> {
  const real = await Deno.realPath(path);
  const { os = Deno.build.os, arch = Deno.build.arch } = query;
  const names = TRIPLES[`${os}-${arch}`];
  if (names === undefined || !basename(real).endsWith(".js")) return path;
  const [name, triple] = names;
  // …/@openai/codex/bin/codex.js
  const own = dirname(dirname(real));
  const packages = [
    join(own, "node_modules", "@openai", `codex-${name}`),
    join(dirname(own), `codex-${name}`),
    own,
  ];
  for (const folder of packages) {
    for (const inner of ["bin", "codex"]) {
      const binary = join(folder, "vendor", triple, inner, "codex");
      if (await faultOf(binary) === undefined) return binary;
    }
  }
  return path;
}
