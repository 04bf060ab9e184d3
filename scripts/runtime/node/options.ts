import { parseArgs } from "node:util";
import { resolve } from "@std/path";
import { messageOf } from "../../../shared/errors.ts";
import { LOG_LEVELS, type LogLevel } from "../../../shared/log.ts";
import { definedValues } from "./node_settings.ts";
import {
  DEFAULT_SERVICES,
  SERVICE_NAMES,
  type ServiceName,
} from "./services.ts";

/** `agent` starts at login, `daemon` at boot. */
export type Scope = "agent" | "daemon";

/** One option of the command line. */
interface Option {
  /** What follows it; none: it stands alone. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly doc: string;
}

/** Lines of a log that are shown, unless it is said how many; and at most. */
const LINES = 50;
const MOST_LINES = 100_000;

/** Every option, once; a command names those that it takes. */
const OPTIONS = {
  service: {
    value: "<name>",
    repeatable: true,
    doc: `${SERVICE_NAMES.join(", ")}; repeatable; default: ${
      DEFAULT_SERVICES.join(" and ")
    }`,
  },
  "with-status-api": { doc: "install the read-only wrapper on 4318 as well" },
  prefix: {
    value: "<folder>",
    doc: "working folder of the services; default: where they are installed, " +
      "else the repository",
  },
  scope: {
    value: "agent|daemon",
    doc: "agent: starts at login (default); daemon: starts at boot, needs sudo",
  },
  user: {
    value: "<name>",
    doc: "whom a daemon runs as; default: who called sudo",
  },
  listen: {
    value: "<address>",
    doc: "conductor's address, http://<host>:<port>",
  },
  "public-base": {
    value: "<url>",
    doc: "the public base in front of conductor",
  },
  "token-file": {
    value: "<file>",
    doc: "file with the shared token, mode 0600",
  },
  "trust-network": {
    doc: "the network behind the listen address is trusted: no token needed",
  },
  identity: {
    value: "<name>",
    doc: "code-signing identity, so that granted access survives upgrades",
  },
  "skip-static-check": { doc: "do not run check-launchd first" },
  follow: { doc: "show what comes, too, until Ctrl-C" },
  level: {
    value: "<level>",
    doc: `${LOG_LEVELS.join(", ")}: at least so important; default: every line`,
  },
  tail: {
    value: "<lines>",
    doc: `the last so many, 1 to ${MOST_LINES}; default: ${LINES}`,
  },
  "keep-state": { doc: "keep state and logs, and do not ask" },
  purge: { doc: "remove state and logs too, and do not ask" },
  "dry-run": { doc: "print what would be done, change nothing" },
  help: { doc: "this text" },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

/** What the command line said. */
export interface Flags {
  readonly services: readonly ServiceName[];
  /** Whether the services were named. */
  readonly servicesGiven: boolean;
  /** The settings that flags give, by variable. */
  readonly settings: Readonly<Record<string, string>>;
  readonly prefix: string | undefined;
  readonly scope: Scope | undefined;
  readonly user: string | undefined;
  /** What stands alone, for a command that takes it. */
  readonly operand: string | undefined;
  readonly identity: string | undefined;
  readonly withStatusApi: boolean;
  readonly skipStaticCheck: boolean;
  readonly follow: boolean;
  readonly level: LogLevel | undefined;
  /** Lines of a log. */
  readonly tail: number;
  readonly keepState: boolean;
  readonly purge: boolean;
  readonly dryRun: boolean;
  readonly help: boolean;
}

/** The command line is wrong; the message says what is allowed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads the options that a command takes, and the one `operand` that it needs.
 * @throws {UsageError}
 */
export function readFlags(
  args: readonly string[],
  allowed: readonly OptionName[],
  { operand }: { readonly operand?: string | undefined } = {},
): Flags {
  const { values, positionals } = parse(args, [...allowed, "help"], {
    operand,
  });
  if (operand !== undefined && positionals.length !== 1 && !values["help"]) {
    throw new UsageError(`Give one ${operand}`);
  }
  if (values["keep-state"] && values["purge"]) {
    throw new UsageError("--keep-state and --purge exclude one another");
  }
  const text = (name: OptionName) => {
    const value = values[name];
    if (value === "") throw new UsageError(`--${name} is empty`);
    return typeof value === "string" ? value : undefined;
  };
  const services = listOf(values["service"]);
  const tokenFile = text("token-file");
  return {
    services: services.length > 0
      ? [...new Set(services.map(serviceName))]
      : DEFAULT_SERVICES,
    servicesGiven: services.length > 0,
    settings: definedValues({
      BAA_CONDUCTOR_LOCAL_API: withScheme(text("listen")),
      BAA_CONDUCTOR_PUBLIC_API_BASE: text("public-base"),
      BAA_SHARED_TOKEN_FILE: tokenFile && resolve(tokenFile),
      BAA_ALLOW_UNAUTHENTICATED_LAN: values["trust-network"] ? "1" : undefined,
    }),
    prefix: text("prefix"),
    scope: scopeOf(text("scope")),
    user: text("user"),
    operand: positionals[0],
    identity: text("identity"),
    withStatusApi: values["with-status-api"] === true,
    skipStaticCheck: values["skip-static-check"] === true,
    follow: values["follow"] === true,
    level: levelOf(text("level")),
    tail: linesOf(text("tail")),
    keepState: values["keep-state"] === true,
    purge: values["purge"] === true,
    dryRun: values["dry-run"] === true,
    help: values["help"] === true,
  };
}

/** Returns the lines that explain `names`. */
export function describeOptions(names: readonly OptionName[]): string {
  const rows = [...names, "help" as const].map((name) => {
    const option: Option = OPTIONS[name];
    return [`--${name} ${option.value ?? ""}`.trimEnd(), option.doc] as const;
  });
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, doc]) => `  ${head.padEnd(width)}  ${doc}`)
    .join("\n");
}

function parse(
  args: readonly string[],
  allowed: readonly OptionName[],
  { operand }: { readonly operand: string | undefined },
) {
  const options = Object.fromEntries(allowed.map((name) => {
    const option: Option = OPTIONS[name];
    return [name, {
      type: option.value === undefined ? "boolean" : "string",
      multiple: option.repeatable ?? false,
    }] as const;
  }));
  try {
    const allowPositionals = operand !== undefined;
    return parseArgs({ args: [...args], options, allowPositionals });
  } catch (error) {
    throw new UsageError(messageOf(error).replace(/\. To specify.*$/s, ""));
  }
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function serviceName(text: string): ServiceName {
  const name = SERVICE_NAMES.find((it) => it === text);
  if (name !== undefined) return name;
  throw new UsageError(
    `--service is "${text}": give one of ${SERVICE_NAMES.join(", ")}`,
  );
}

function scopeOf(text: string | undefined): Scope | undefined {
  if (text === undefined || text === "agent" || text === "daemon") return text;
  throw new UsageError(`--scope is "${text}": give agent or daemon`);
}

function levelOf(text: string | undefined): LogLevel | undefined {
  const level = LOG_LEVELS.find((it) => it === text);
  if (text === undefined || level !== undefined) return level;
  throw new UsageError(
    `--level is "${text}": give one of ${LOG_LEVELS.join(", ")}`,
  );
}

function linesOf(text: string | undefined): number {
  if (text === undefined) return LINES;
  const lines = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (lines >= 1 && lines <= MOST_LINES) return lines;
  throw new UsageError(`--tail is "${text}": give 1 to ${MOST_LINES}`);
}

/** People type an address as `100.71.210.78:4317`. */
function withScheme(text: string | undefined): string | undefined {
  if (text === undefined || /^[a-z]+:\/\//i.test(text)) return text;
  return `http://${text}`;
}
