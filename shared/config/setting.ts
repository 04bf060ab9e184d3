import { isAbsolute, resolve } from "@std/path";

/** One environment variable: its meaning, its default, and what it accepts. */
export interface Setting<T> extends About, Rule<T> {
  readonly variable: string;
}

/** A process of the product that reads settings. */
export type ProgramName = "conductor" | "codexd" | "status-api";

interface About {
  /**
   * The default as it would be written in the environment; none: unset. It may
   * begin with the value of a setting that stands before, e.g. `$BAA_STATE_DIR`.
   */
  readonly fallback?: string;
  /** What the README and `--print-config` say of it. */
  readonly doc: string;
  /** Default: conductor alone. */
  readonly readBy?: readonly ProgramName[];
}

/** How a text of the environment becomes a value. */
interface Rule<T> {
  /** What is allowed, as the end of "…: give <allowed>". */
  readonly allowed: string;
  /** Prints as `***`; `origin`: of a URL that is accepted, its origin shows. */
  readonly secret?: boolean | "origin";
  /** Returns the value, or undefined when the text is not allowed. */
  parse(text: string): T | undefined;
}

/** Returns the maker of the settings that follow one rule. Each keeps, in its type, its default and its readers. */
function settingBy<T>(rule: Rule<T>) {
  return <const A extends About>(variable: string, about: A) => ({
    variable,
    ...about,
    ...rule,
  });
}

const isText = (it: string) => /^\P{Cc}+$/u.test(it);

/** Any text without control characters. */
export const text = settingBy<string>({
  allowed: "text without control characters",
  parse: (it) => isText(it) ? it : undefined,
});

/** A name for ids and labels. */
export const label = settingBy<string>({
  allowed: "1 to 64 letters, digits, dots, dashes or underscores",
  parse: (it) => /^[A-Za-z0-9._-]{1,64}$/.test(it) ? it : undefined,
});

/** A whole number within limits. */
export function integer<
  const A extends About & { readonly min: number; readonly max: number },
>(variable: string, about: A) {
  const { min, max } = about;
  return settingBy<number>({
    allowed: `a whole number from ${min} to ${max}`,
    parse(it) {
      const value = /^\d{1,16}$/.test(it) ? Number(it) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  })(variable, about);
}

/** What new files are not given to group and others, in three octal digits. */
export const umask = settingBy<string>({
  // without bits of its owner's a daemon could not use its own files
  allowed: "an octal number from 000 to 077",
  parse: (it) => /^0*[0-7]{1,2}$/.test(it) ? octal(parseInt(it, 8)) : undefined,
});

const octal = (it: number) => it.toString(8).padStart(3, "0");

/** `1` or `0`. */
export const flag = settingBy<boolean>({
  allowed: "0 or 1",
  parse: (it) => it === "1" ? true : it === "0" ? false : undefined,
});

/** One of some words. */
export function oneOf<
  const T extends string,
  const A extends About & { readonly values: readonly T[] },
>(variable: string, about: A & { readonly values: readonly T[] }) {
  const { values } = about;
  return settingBy<T>({
    allowed: `one of ${values.join(", ")}`,
    parse: (it) => values.find((value) => value === it),
  })(variable, about);
}

/** An http address to listen on: scheme, host and port, nothing else. */
export const listenAddress = settingBy<URL>({
  allowed: "http://<address or name>[:port], nothing after it",
  parse: (it) => bareUrl(it, /^http:$/),
});

/** A base address of somebody's HTTP API: no path, query or credentials. */
export const baseUrl = settingBy<URL>({
  allowed: "http(s)://<host>[:port], nothing after it",
  parse: (it) => bareUrl(it, /^https?:$/),
});

/** Where something is sent. What stands behind its origin may be a secret. */
export const receiverUrl = settingBy<URL>({
  secret: "origin",
  allowed: "http(s)://[user:password@]<host>[:port][/path][?query]",
  parse(it) {
    const url = URL.canParse(it) ? new URL(it) : undefined;
    return url !== undefined && /^https?:$/.test(url.protocol) &&
        url.port !== "0" && url.hash === "" && isText(it)
      ? url
      : undefined;
  },
});

/** A path, made absolute against the working folder. */
export const path = settingBy<string>({
  allowed: "a path without control characters",
  parse: (it) => isText(it) ? resolve(it) : undefined,
});

/** The kernel keeps the path of a socket in a field of about this size. */
const MAX_SOCKET_PATH_BYTES = 100;

/** A path for a Unix socket, made absolute against the working folder. */
export const socketPath = settingBy<string>({
  allowed: `a path of at most ${MAX_SOCKET_PATH_BYTES} bytes without control ` +
    "characters",
  parse(it) {
    const full = resolve(it);
    const { length } = new TextEncoder().encode(full);
    return isText(it) && length <= MAX_SOCKET_PATH_BYTES ? full : undefined;
  },
});

/** An absolute path, kept as it is written. */
export const absolutePath = settingBy<string>({
  allowed: "an absolute path",
  parse: (it) => isAbsolute(it) && isText(it) ? it : undefined,
});

/** Absolute folders, separated by colons. The root folder ends the meaning of a list. */
export const folders = settingBy<readonly string[]>({
  allowed: "absolute folders separated by colons",
  parse(it) {
    const parts = it.split(":").filter((part) => part !== "");
    return parts.length > 0 &&
        parts.every((part) => isAbsolute(part) && isText(part))
      ? parts.map((part) => resolve(part))
      : undefined;
  },
});

/** Words of one form, separated by commas. */
export function list<
  const A extends About & {
    readonly each: (word: string) => boolean;
    readonly allowed: string;
  },
>(variable: string, about: A) {
  const { each, allowed } = about;
  return settingBy<readonly string[]>({
    allowed: `${allowed}, separated by commas`,
    parse(it) {
      const parts = it.split(",").map((part) => part.trim());
      return parts.every(each) ? parts : undefined;
    },
  })(variable, about);
}

/** A secret that can stand in an HTTP header. */
export const secret = settingBy<string>({
  secret: true,
  allowed: "visible ASCII characters without spaces",
  parse: (it) => /^[\x21-\x7e]+$/.test(it) ? it : undefined,
});

function bareUrl(text: string, protocol: RegExp): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && protocol.test(url.protocol) &&
      url.pathname === "/" && url.search === "" && url.hash === "" &&
      url.username === "" && url.password === ""
    ? url
    : undefined;
}
