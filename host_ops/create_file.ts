import { basename, dirname } from "@std/path";
import { systemCodeOf } from "../shared/system_reason.ts";
import { HostOpFailure } from "./failure.ts";
import type { FileWrite, WriteFileDeps, Written } from "./file_write.ts";
import type { Judged } from "./policy.ts";
import { lstatNow } from "./real_path.ts";
import type { StagedFile } from "./staging.ts";

/** What a filesystem without hard links says, and one that is another. */
const NO_LINK = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EINVAL",
  "EXDEV",
]);

/**
 * Puts a whole file where nothing is. Undefined: there is something already.
 *
 * @throws {HostOpFailure}
 * @throws the system's errors.
 */
export async function createFile(
  write: FileWrite,
  { path, root }: Judged,
  { guard, staging }: WriteFileDeps,
): Promise<Written | undefined> {
  const folder = dirname(path);
  const name = basename(path);
  const isPlain = root === undefined;
  await expectFolder(folder, { write, isPlain });
  using file = staging.place(name, { isNamed: !isPlain });
  const written = await file.write(write.bytes);
  const hasGroup = giveGroupOf(folder, file);
  const isNew = (isPlain && hasGroup ? await linked(file, path) : undefined) ??
    await guard.within(
      folder,
      (entered) =>
        entered.add({ name, path: file.path, isCopied: isPlain || !hasGroup }),
      { makeMissing: write.createParents },
    );
  return isNew ? { created: true, atomic: true, ...written } : undefined;
}

async function expectFolder(
  folder: string,
  { write, isPlain }: { readonly write: FileWrite; readonly isPlain: boolean },
): Promise<void> {
  const info = lstatNow(folder);
  if (info?.isDirectory) return;
  if (info === undefined && write.createParents) {
    if (isPlain) await Deno.mkdir(folder, { recursive: true });
    return;
  }
  const [reason, what] = info === undefined
    ? ["parent_not_found", "does not exist and createParents=false"]
    : ["parent_not_a_directory", "is not a directory"];
  throw new HostOpFailure(
    "FILE_WRITE_FAILED",
    `Cannot write ${write.absolutePath}: its folder ${folder} ${what}`,
    {
      details: { reason },
      hint: info === undefined
        ? "Send it again with createParents: true, or check path and cwd."
        : "Choose a path whose parents are folders.",
    },
  );
}

/**
 * A file made in a folder whose group is handed down would have had it. False:
 * it cannot be given from here.
 */
function giveGroupOf(folder: string, file: StagedFile): boolean {
  const info = lstatNow(folder);
  const isHandedDown = Deno.build.os === "darwin" ||
    ((info?.mode ?? 0) & 0o2000) !== 0;
  if (info === undefined || !isHandedDown) return true;
  if (file.info().gid === info.gid) return true;
  try {
    Deno.chownSync(file.path, null, info.gid);
    return true;
  } catch {
    return false;
  }
}

/**
 * A link is the one way to put a whole file in place that replaces nothing.
 * False: there is something. Undefined: it takes another way to get there.
 */
async function linked(
  file: StagedFile,
  path: string,
): Promise<boolean | undefined> {
  try {
    await Deno.link(file.path, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    const isUnsupported = error instanceof Deno.errors.NotSupported ||
      NO_LINK.has(systemCodeOf(error) ?? "");
    if (isUnsupported) return undefined;
    throw error;
  }
}
