/** What daemons mark the processes with that they start; nobody else sets these. */
export const MARKS = {
  /** All of either daemon's: what would stop or replace the daemon must know. */
  inside: "BAA_INSIDE",
  /** A run that survives: its id. */
  run: "BAA_RUN_ID",
  /** What descends from an app-server: the life of its codexd. */
  codexd: "BAA_CODEXD_LIFE",
} as const;

/**
 * By such a variable the loader, or a shell that is not spoken to, is told what
 * to run, or whether and how, before it comes to its own command.
 */
const RUNS_FIRST = "BASH_ENV|BASHOPTS|DYLD_\\w*|LD_\\w*|SHELLOPTS|ZDOTDIR";

/** Variables that no caller of a command may set. */
export const NEVER_SET = new RegExp(
  `^(${[RUNS_FIRST, ...Object.values(MARKS)].join("|")})$`,
);

/**
 * Variables that commands never get from the daemon's own: these, and those by
 * which a shell or perl runs other things than it is told to.
 */
export const NEVER_PASSED_ON = new RegExp(
  `^(${RUNS_FIRST}|(BAA_|BASH|PERL5)\\w*|PS\\d|CDPATH|ENV|EXECIGNORE|FPATH|GCONV_PATH|GLOBIGNORE|IFS|PATH|TMOUT)$`,
  "i",
);
