import { parseAuthority } from "../authority.ts";
import { isIpAddress } from "../ip_address.ts";
import { NEVER_PASSED_ON } from "../shell_variables.ts";
import {
  absolutePath,
  baseUrl,
  flag,
  folders,
  integer,
  label,
  list,
  listenAddress,
  oneOf,
  path,
  type ProgramName,
  receiverUrl,
  secret,
  type Setting,
  socketPath,
  text,
  umask,
} from "./setting.ts";

const DAEMONS = ["conductor", "codexd"] as const;
const WITH_STATUS_API = ["conductor", "status-api"] as const;
const ALL = [...DAEMONS, "status-api"] as const;

/** Tells whether a `Host` header may say this. */
function isAuthority(word: string): boolean {
  return parseAuthority(word) !== undefined;
}

/** Tells whether a browser may send this as its `Origin`; others never match. */
function isOrigin(word: string): boolean {
  if (/^https?:/.test(word)) {
    return URL.canParse(word) && new URL(word).origin === word;
  }
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/,?#@]+$/.test(word);
}

/** What an owner can be told of. */
export const NOTIFY_EVENTS = [
  "approval.requested",
  "task.failed",
  "schedule.missed",
  "daemon.crashed",
] as const;

/**
 * Every environment variable of the product, defined once, with who reads it;
 * the README's tables are made from this list.
 */
export const SETTINGS = {
  nodeId: label("BAA_NODE_ID", {
    fallback: "mini-main",
    doc: "controller id",
  }),
  conductorHost: label("BAA_CONDUCTOR_HOST", {
    fallback: "mini",
    doc: "host label",
  }),
  conductorLocalApi: listenAddress("BAA_CONDUCTOR_LOCAL_API", {
    readBy: WITH_STATUS_API,
    fallback: "http://127.0.0.1:4317",
    doc:
      "conductor's listen address and local base; 127.0.0.1 and [::1] it holds " +
      "with the same port as well",
  }),
  publicApiBase: baseUrl("BAA_CONDUCTOR_PUBLIC_API_BASE", {
    readBy: WITH_STATUS_API,
    doc: "canonical public base, in front of the same process",
  }),
  controlApiBase: baseUrl("BAA_CONTROL_API_BASE", {
    readBy: ["status-api"],
    doc: "legacy name of the public base: launchd writes both, conductor " +
      "ignores it, and the status wrapper falls back to it when " +
      "BAA_CONDUCTOR_LOCAL_API is not set",
  }),
  codexdLocalApi: listenAddress("BAA_CODEXD_LOCAL_API", {
    readBy: DAEMONS,
    fallback: "http://127.0.0.1:4319",
    doc: "codexd's listen address, for curl; conductor uses its name only, " +
      "and comes over BAA_CODEXD_SOCKET",
  }),
  statusApi: listenAddress("BAA_STATUS_API", {
    readBy: ["status-api"],
    fallback: "http://127.0.0.1:4318",
    doc: "the status wrapper's listen address",
  }),
  stateDir: path("BAA_STATE_DIR", {
    readBy: DAEMONS,
    fallback: "state",
    doc: "databases and indexes; mode 0700, files in it 0600",
  }),
  logsDir: path("BAA_LOGS_DIR", {
    readBy: DAEMONS,
    fallback: "logs",
    doc: "rotating logs; mode 0700, files in it 0600",
  }),
  tmpDir: path("BAA_TMP_DIR", {
    readBy: DAEMONS,
    fallback: "tmp",
    doc: "temporary files; mode 0700, files in it 0600",
  }),
  codexdSocket: socketPath("BAA_CODEXD_SOCKET", {
    readBy: DAEMONS,
    fallback: "$BAA_STATE_DIR/codexd/codexd.sock",
    doc: "the Unix socket where codexd answers conductor, by the key in " +
      "BAA_STATE_DIR/codexd/key; both daemons need the same two folders",
  }),
  codexBin: text("BAA_CODEX_BIN", {
    readBy: ["codexd"],
    fallback: "codex",
    doc: "the Codex CLI: a name on PATH or a path",
  }),
  sharedToken: secret("BAA_SHARED_TOKEN", {
    readBy: ALL,
    doc: "bearer token; or give BAA_SHARED_TOKEN_FILE",
  }),
  sharedTokenFile: path("BAA_SHARED_TOKEN_FILE", {
    readBy: ALL,
    doc: "file with the bearer token, mode 0600",
  }),
  publicProxyAddresses: list("BAA_PUBLIC_PROXY_ADDRESSES", {
    readBy: WITH_STATUS_API,
    each: isIpAddress,
    allowed: "IP addresses",
    doc: "remote addresses whose requests are always in the public zone",
  }),
  shell: absolutePath("BAA_SHELL", {
    readBy: DAEMONS,
    fallback: "/bin/sh",
    doc: "the shell that runs commands: the only program conductor may start",
  }),
  execPath: text("BAA_EXEC_PATH", {
    readBy: DAEMONS,
    doc: "PATH of commands; default: the daemon's own, completed with the " +
      "usual folders",
  }),
  execEnv: list("BAA_EXEC_ENV", {
    fallback: "SSH_AUTH_SOCK,TZ,LC_ALL,LC_CTYPE,HTTP_PROXY,HTTPS_PROXY," +
      "ALL_PROXY,NO_PROXY,http_proxy,https_proxy,all_proxy,no_proxy",
    each: (word) => /^[A-Za-z_]\w*$/.test(word) && !NEVER_PASSED_ON.test(word),
    allowed: "names of variables that cannot change what a shell runs (never " +
      "BAA_*, BASH*, DYLD_*, ENV, IFS, LD_*, PATH, PERL5*, PS4, SHELLOPTS, " +
      "ZDOTDIR and their like)",
    doc: "variables of the daemon's own that commands get beside PATH, HOME, " +
      "USER, SHELL, LANG, TMPDIR and TERM, each in full",
  }),
  umask: umask("BAA_UMASK", {
    readBy: DAEMONS,
    fallback: "022",
    doc: "umask of commands, Codex and new files, in octal, whatever the " +
      "daemons' own was; their own files are 0600",
  }),
  maxBufferedBytes: integer("BAA_MAX_BUFFERED_BYTES", {
    fallback: "268435456",
    min: 1_048_576,
    max: 17_179_869_184,
    doc: "bytes that all running operations together may hold in memory",
  }),
  codexMaxSandbox: oneOf("BAA_CODEX_MAX_SANDBOX", {
    readBy: ["codexd"],
    fallback: "workspace-write",
    values: ["read-only", "workspace-write", "danger-full-access"],
    doc: "the widest sandbox that a Codex session may ask for; only a person " +
      "lets Codex go beyond it",
  }),
  browserHosts: list("BAA_BROWSER_HOSTS", {
    each: isAuthority,
    allowed: "host:port",
    doc: "loopback and private targets that browser requests may reach",
  }),
  browserPlatforms: list("BAA_BROWSER_PLATFORMS", {
    each: (word) => /^[a-z0-9_-]+=[A-Za-z0-9.:|-]+$/.test(word),
    allowed: "name=host|host",
    doc: "further platforms beside claude, chatgpt and gemini",
  }),
  browserMaxInFlight: integer("BAA_BROWSER_MAX_IN_FLIGHT", {
    fallback: "4",
    min: 1,
    max: 64,
    doc: "browser requests in flight per platform",
  }),
  browserSpacingMs: integer("BAA_BROWSER_SPACING_MS", {
    fallback: "250",
    min: 0,
    max: 600_000,
    doc: "least time between two browser requests to one platform",
  }),
  browserBreakerFailures: integer("BAA_BROWSER_BREAKER_FAILURES", {
    fallback: "5",
    min: 1,
    max: 1000,
    doc: "failures in a row that open a platform's circuit breaker",
  }),
  readRoots: folders("BAA_HOST_OPS_READ_ROOTS", {
    doc: "folders that files/read may reach; not set: everything",
  }),
  writeRoots: folders("BAA_HOST_OPS_WRITE_ROOTS", {
    doc: "folders that files/write may reach; not set: everything",
  }),
  leftOut: folders("BAA_HOST_OPS_LEFT_OUT", {
    doc:
      "files and folders that files/read and files/write never reach, though a " +
      "root holds them; the daemons' state, logs and token never are",
  }),
  maxConcurrentRuns: integer("BAA_MAX_CONCURRENT_RUNS", {
    fallback: "2",
    min: 1,
    max: 64,
    doc: "tasks that run at once",
  }),
  allowedHosts: list("BAA_ALLOWED_HOSTS", {
    readBy: ALL,
    each: isAuthority,
    allowed: "host or host:port",
    doc: "further Host values; one without a port goes with the listen port",
  }),
  allowedOrigins: list("BAA_ALLOWED_ORIGINS", {
    readBy: ALL,
    each: isOrigin,
    allowed: "scheme://host[:port], in lower case, without a default port",
    doc: "further Origin values, exactly as browsers send them",
  }),
  allowUnauthenticatedLan: flag("BAA_ALLOW_UNAUTHENTICATED_LAN", {
    readBy: ALL,
    fallback: "0",
    doc: "1: the network behind a non-loopback address is trusted, no token " +
      "needed",
  }),
  maxBodyBytes: integer("BAA_MAX_BODY_BYTES", {
    readBy: DAEMONS,
    fallback: "16777216",
    min: 1024,
    max: 268_435_456,
    doc: "request body cap",
  }),
  maxConcurrentExecs: integer("BAA_MAX_CONCURRENT_EXECS", {
    fallback: "32",
    min: 1,
    max: 1024,
    doc: "host commands at once; beyond: queued briefly, then 429",
  }),
  leaseMs: integer("BAA_LEASE_MS", {
    fallback: "15000",
    min: 1000,
    max: 600_000,
    doc: "lease period, renewed at a third of it",
  }),
  codexApprovals: oneOf("BAA_CODEX_APPROVALS", {
    readBy: ["codexd"],
    fallback: "deny",
    values: ["deny", "ask", "accept"],
    doc: "how codexd answers Codex's approval requests; accept counts under " +
      "BAA_CODEX_MAX_SANDBOX=danger-full-access alone, else they are declined",
  }),
  codexApprovalTimeoutMs: integer("BAA_CODEX_APPROVAL_TIMEOUT_MS", {
    readBy: ["codexd"],
    fallback: "120000",
    min: 100,
    max: 86_400_000,
    doc: "after this an unanswered approval request is declined",
  }),
  browserFreshMs: integer("BAA_BROWSER_FRESH_MS", {
    fallback: "300000",
    min: 100,
    max: 2_592_000_000,
    doc: "a browser record seen within this time is fresh",
  }),
  browserLostMs: integer("BAA_BROWSER_LOST_MS", {
    fallback: "3600000",
    min: 100,
    max: 2_592_000_000,
    doc: "a browser record older than this is lost",
  }),
  browserHeartbeatMs: integer("BAA_BROWSER_HEARTBEAT_MS", {
    fallback: "10000",
    min: 100,
    max: 600_000,
    doc: "the bridge pings this often; two missed and the browser is gone",
  }),
  retentionDays: integer("BAA_RETENTION_DAYS", {
    readBy: DAEMONS,
    fallback: "30",
    min: 1,
    max: 3650,
    doc: "age limit of logs, events, audit and finished tasks",
  }),
  retentionRows: integer("BAA_RETENTION_ROWS", {
    readBy: DAEMONS,
    fallback: "1000000",
    min: 100,
    max: 1_000_000_000,
    doc: "count limit of each of them",
  }),
  outputMaxBytes: integer("BAA_OUTPUT_MAX_BYTES", {
    fallback: "4294967296",
    min: 1,
    max: 1_125_899_906_842_624,
    doc: "outputs of runs kept, all together; the oldest ended go first",
  }),
  notifyUrl: receiverUrl("BAA_NOTIFY_URL", {
    doc: "where notifications are sent; for ntfy the topic's address",
  }),
  notifyFormat: oneOf("BAA_NOTIFY_FORMAT", {
    fallback: "json",
    values: ["json", "ntfy"],
    doc: "json: a signed document; ntfy: a message for an ntfy server",
  }),
  notifyOn: list("BAA_NOTIFY_ON", {
    fallback: NOTIFY_EVENTS.join(),
    each: (word) => NOTIFY_EVENTS.some((it) => it === word),
    allowed: `any of ${NOTIFY_EVENTS.join(", ")}`,
    doc: "what is notified",
  }),
  notifyDetails: flag("BAA_NOTIFY_DETAILS", {
    fallback: "0",
    doc:
      "1: notifications say more than ids: titles, commands, messages, names",
  }),
  notifySecretFile: path("BAA_NOTIFY_SECRET_FILE", {
    doc: "file with the secret that signs JSON notifications, mode 0600",
  }),
  audit: oneOf("BAA_AUDIT", {
    fallback: "on",
    values: ["on", "enforced"],
    doc: "enforced: what cannot be recorded is refused",
  }),
  logLevel: oneOf("BAA_LOG_LEVEL", {
    readBy: DAEMONS,
    fallback: "info",
    values: ["debug", "info", "warn", "error"],
    doc: "least level that is logged",
  }),
} as const;

type ReaderOf<S> = S extends { readonly readBy: readonly (infer P)[] } ? P
  : "conductor";

type SettingsOf<P> = {
  readonly [
    K in keyof typeof SETTINGS as P extends ReaderOf<(typeof SETTINGS)[K]> ? K
      : never
  ]: (typeof SETTINGS)[K];
};

export function settingsOf<P extends ProgramName>(program: P): SettingsOf<P> {
  const all = Object.entries<Setting<unknown>>(SETTINGS);
  return Object.fromEntries(
    all.filter(([, { readBy = ["conductor"] }]) => readBy.includes(program)),
  ) as SettingsOf<P>;
}
