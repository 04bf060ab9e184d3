import { type AppError, invalidInput, messageOf } from "../../shared/errors.ts";
import {
  absoluteFrom,
  followParents,
  namesAUser,
  type PathBase,
  TILDE_RULE,
} from "../../shared/user_path.ts";

/** How the files begin that Codex takes as images. */
const IMAGES = ["\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF87a", "GIF89a"];
const HEAD_BYTES = 16;
const NO_IMAGE = "it is no PNG, JPEG, GIF or WebP image";

/**
 * Returns the absolute path of an image that a caller names from where the
 * session works.
 * @throws {AppError} INVALID_INPUT with the reason
 */
export async function findImage(
  path: string,
  { place, field }: { readonly place: PathBase; readonly field: string },
): Promise<string> {
  const refuse = (why: string) =>
    refusal(field, `Cannot use "${path}": ${why}`);
  if (namesAUser(path)) throw refuse(TILDE_RULE);
  let head: Uint8Array;
  let found: string;
  try {
    found = await followParents(absoluteFrom(path, place), Deno.realPath);
    // Before it is opened: a pipe would keep whoever opens it waiting.
    if (!(await Deno.stat(found)).isFile) throw new Error("it is no file");
    head = await headOf(found);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw refuse(messageOf(error));
    }
    throw refuse(`there is no such file; it is looked for from ${place.cwd}`);
  }
  if (!isImage(head)) throw refuse(NO_IMAGE);
  return found;
}

/** @throws {AppError} INVALID_INPUT when the bytes of a `data:` URL are no image */
export function checkImageData(url: string, field: string): void {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(url.slice(url.indexOf(",") + 1));
  } catch {
    throw refusal(field, "Cannot read the image: it is no base64");
  }
  if (!isImage(bytes)) throw refusal(field, `Cannot use the data: ${NO_IMAGE}`);
}

async function headOf(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(HEAD_BYTES);
  return bytes.subarray(0, await file.read(bytes) ?? 0);
}

function isImage(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
  const isWebp = head.startsWith("RIFF") && head.startsWith("WEBP", 8);
  return isWebp || IMAGES.some((it) => head.startsWith(it));
}

function refusal(field: string, why: string): AppError {
  return invalidInput(field, why, { message: "Cannot accept the body" });
}
