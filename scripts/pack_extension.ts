// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Packs the Firefox extension into `dist/`, the same bytes for the same files.
 *
 * Usage: deno run -A scripts/pack_extension.ts
 */
import { ensureDir } from "@std/fs";
import { fromFileUrl, join } from "@std/path";
import { zipSync } from "fflate";
import { VERSION } from "../shared/version.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const SOURCE = join(ROOT, "conductor", "browser", "extension");

/** What of the folder is the extension: tests and notes stay here. */
const PARTS = /\.(js|html|css|svg)$|^(manifest|secret_words)\.json$/;

/** Writes the package into `folder`; returns its path. */
export async function packExtension(folder: string): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  const names = [...Deno.readDirSync(SOURCE)].map((it) => it.name).sort();
  for (const name of names.filter((it) => PARTS.test(it))) {
    files[name] = await Deno.readFile(join(SOURCE, name));
  }
  const manifest = new TextDecoder().decode(files["manifest.json"]);
  const { version } = JSON.parse(manifest);
  if (version !== VERSION) {
    throw new Error(
      `Cannot pack the extension: manifest.json has version ${version}, deno.json ${VERSION}`,
    );
  }
  await ensureDir(folder);
  const path = join(folder, `baa-conductor-bridge-${VERSION}.xpi`);
  // A zip dates its files; none of them has a date that matters.
  await Deno.writeFile(path, zipSync(files, { mtime: "1980-01-01" }));
  return path;
}

if (import.meta.main) console.log(await packExtension(join(ROOT, "dist")));
