import { messageOf } from "./errors.ts";

/**
 * Returns why something failed: of what the system refuses its path, where it
 * is known, and own words; the runtime's are for who writes programs.
 */
export function systemReason(thrown: unknown): string {
  const code = systemCodeOf(thrown);
  const text = messageOf(thrown);
  if (code === undefined) return text;
  const path = /\(os error \d+\).*?: \w+ '(.*?)'/s.exec(text)?.[1];
  if (path === undefined) return systemWords(code);
  return code === "ENOENT"
    ? `there is no ${path}`
    : `${path}: ${systemWords(code)}`;
}

/** Says in own words what a code of the system means. */
export function systemWords(systemCode: string): string {
  const words = WORDS[systemCode] ?? "the system refuses it";
  return `${words} (${systemCode})`;
}

/** Returns the system's own code of what was thrown, e.g. `ENOENT`. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Deno.errors.FilesystemLoop) return "ELOOP";
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "the system does not permit it",
  EAGAIN: "the system has none to give now",
  EBUSY: "it is in use",
  EDQUOT: "the owner's share of the disk is used up",
  EFBIG: "the file would be too large",
  EIO: "the device failed",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "a name in the path is too long",
  ENFILE: "too many files are open",
  ENODEV: "its device is not there",
  ENOENT: "a part of the path does not exist",
  ENOMEM: "the machine has no memory free",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  ENXIO: "its device is not there",
  EPERM: "the system does not permit it",
  EROFS: "the filesystem is read-only",
  ETXTBSY: "it is a program that runs",
};
