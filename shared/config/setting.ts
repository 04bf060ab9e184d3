import { isAbsolute, resolve } from "@std/path";

/** One environment variable: its meaning, its default, and what it accepts. */
export interface Setting<T> {
  readonly variable: string;
  /** The default as it would be written in the environment; none: unset. */
  readonly fallback?: string;
  /** What the README and `--print-config` say of it. */
  readonly doc: string;
  /** What is allowed, as the end of "…: give <allowed>". */
  readonly allowed: string;
  /** Prints as `***`. */
  readonly secret?: boolean;
  /** Returns the value, or undefined when the text is not allowed. */
  parse(text: string): T | undefined;
}

/** Says what a setting is for. */
interface About {
  readonly fallback?: string;
  readonly doc: string;
  readonly secret?: boolean;
}

/** A setting that keeps, in its type, whether it has a default. */
type Made<T, A extends About> =
  & Setting<T>
  & (A extends { readonly fallback: string } ? { readonly fallback: string }
    : unknown);

function make<T, A extends About>(
  setting: Setting<T> & A,
): Made<T, A> {
  return setting as unknown as Made<T, A>;
}

/** Any text without control characters. */
export function text<A extends About>(
  variable: string,
  about: A,
): Made<string, A> {
  return make({
    variable,
    ...about,
    allowed: "text without control characters",
    parse: (it) => /^\P{Cc}+$/u.test(it) ? it : undefined,
  });
}

/** A name for ids and labels. */
export function label<A extends About>(
  variable: string,
  about: A,
): Made<string, A> {
  return make({
    variable,
    ...about,
    allowed: "1 to 64 letters, digits, dots, dashes or underscores",
    parse: (it) => /^[A-Za-z0-9._-]{1,64}$/.test(it) ? it : undefined,
  });
}

/** A whole number within limits. */
export function integer<
  A extends About & { readonly min: number; readonly max: number },
>(variable: string, about: A): Made<number, A> {
  const { min, max } = about;
  return make({
    variable,
    ...about,
    allowed: `a whole number from ${min} to ${max}`,
    parse(it) {
      const value = /^\d{1,16}$/.test(it) ? Number(it) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  });
}

/** `1` or `0`. */
export function flag<A extends About>(
  variable: string,
  about: A,
): Made<boolean, A> {
  return make({
    variable,
    ...about,
    allowed: "0 or 1",
    parse: (it) => it === "1" ? true : it === "0" ? false : undefined,
  });
}

/** One of some words. */
export function oneOf<
  const T extends string,
  A extends About & { readonly values: readonly T[] },
>(variable: string, about: A & { readonly values: readonly T[] }): Made<T, A> {
  const { values } = about;
  return make({
    variable,
    ...about,
    allowed: `one of ${values.join(", ")}`,
    parse: (it) => values.find((value) => value === it),
  });
}

/** An http address to listen on: scheme, host and port, nothing else. */
export function listenAddress<A extends About>(
  variable: string,
  about: A,
): Made<URL, A> {
  return make({
    variable,
    ...about,
    allowed: "http://<address or name>[:port], nothing after it",
    parse(it) {
      const url = URL.canParse(it) ? new URL(it) : undefined;
      return url?.protocol === "http:" && isBare(url) ? url : undefined;
    },
  });
}

/** A base address of somebody's HTTP API: no path, query or credentials. */
export function baseUrl<A extends About>(
  variable: string,
  about: A,
): Made<URL, A> {
  return make({
    variable,
    ...about,
    allowed: "http(s)://<host>[:port], nothing after it",
    parse(it) {
      const url = URL.canParse(it) ? new URL(it) : undefined;
      return url !== undefined && /^https?:$/.test(url.protocol) && isBare(url)
        ? url
        : undefined;
    },
  });
}

function isBare(url: URL): boolean {
  return url.pathname === "/" && url.search === "" && url.hash === "" &&
    url.username === "" && url.password === "";
}

/** A path, made absolute against the working folder. */
export function path<A extends About>(
  variable: string,
  about: A,
): Made<string, A> {
  return make({
    variable,
    ...about,
    allowed: "a path without control characters",
    parse: (it) => /^\P{Cc}+$/u.test(it) ? resolve(it) : undefined,
  });
}

/** An absolute path, kept as it is written. */
export function absolutePath<A extends About>(
  variable: string,
  about: A,
): Made<string, A> {
  return make({
    variable,
    ...about,
    allowed: "an absolute path",
    parse: (it) => isAbsolute(it) && !/\p{Cc}/u.test(it) ? it : undefined,
  });
}

/** Absolute folders, separated by colons. The root folder ends the meaning of a list. */
export function folders<A extends About>(
  variable: string,
  about: A,
): Made<readonly string[], A> {
  return make({
    variable,
    ...about,
    allowed: "absolute folders separated by colons",
    parse(it) {
      const parts = it.split(":").filter((part) => part !== "");
      return parts.length > 0 &&
          parts.every((part) => isAbsolute(part) && !/\p{Cc}/u.test(part))
        ? parts.map((part) => resolve(part))
        : undefined;
    },
  });
}

/** Words of one form, separated by commas. */
export function list<
  A extends About & {
    readonly each: (word: string) => boolean;
    readonly allowed: string;
  },
>(variable: string, about: A): Made<readonly string[], A> {
  const { each, allowed } = about;
  return make({
    variable,
    ...about,
    allowed: `${allowed}, separated by commas`,
    parse(it) {
      const parts = it.split(",").map((part) => part.trim());
      return parts.every(each) ? parts : undefined;
    },
  });
}

/** A secret that can stand in an HTTP header. */
export function secret<A extends About>(
  variable: string,
  about: A,
): Made<string, A> {
  return make({
    variable,
    ...about,
    secret: true,
    allowed: "visible ASCII characters without spaces",
    parse: (it) => /^[\x21-\x7e]+$/.test(it) ? it : undefined,
  });
}
