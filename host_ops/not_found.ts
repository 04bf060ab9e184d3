import { basename, dirname, join } from "@std/path";
import { nearest } from "../shared/nearest.ts";
import { HostOpFailure } from "./failure.ts";
import type { PathPolicy } from "./policy.ts";
import { splitAtMissing } from "./real_path.ts";

/** Names that are looked through: a folder may hold millions. */
const MOST_NAMES = 256;

/**
 * What to say of a file that is not there: how far its path leads, and what is
 * called alike. `path` is the real one. No more is told than may be read.
 */
export async function notFound(
  absolutePath: string,
  { path, policy }: {
    readonly path: string;
    readonly policy: Pick<PathPolicy, "admit">;
  },
): Promise<HostOpFailure> {
  const hint = await whereToLook(path, policy).catch(() => undefined);
  return new HostOpFailure(
    "FILE_NOT_FOUND",
    `File not found at ${absolutePath}.`,
    hint === undefined ? {} : { hint },
  );
}

async function whereToLook(
  path: string,
  policy: Pick<PathPolicy, "admit">,
): Promise<string> {
  const { there, missing: [first = basename(path)] } = splitAtMissing(path);
  await policy.admit(there, "read");
  const near = nearest(first, await namesIn(there));
  if (near !== undefined) {
    const meant = join(there, near);
    const isTold = await policy.admit(meant, "read")
      .then(() => true, () => false);
    const rest = path.slice(join(there, first).length);
    if (isTold) return `Did you mean ${meant}${rest}?`;
  }
  const what = there === dirname(path)
    ? `${there} is there, without it`
    : `${there} is as far as the path leads`;
  return `${what}; POST /v1/exec with ls lists it.`;
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (names.push(name) >= MOST_NAMES) break;
  }
  return names;
}
