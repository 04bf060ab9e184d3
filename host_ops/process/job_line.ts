import { shellQuote } from "../../shared/shell_quote.ts";
import type { Job } from "./child_process.ts";

/** Longer lines, in characters, take a shell too long to read: byte by byte. */
const MOST_LINE_LENGTH = 16_384;

/** TellableEnv that a shell knows, or does not take as they are. */
const SHELLS_OWN =
  /^(?![A-Za-z])|\W|^(IFS|PWD|OLDPWD|PPID|UID|EUID|GID|EGID|GROUPS|ENV|PS\d|OPT\w+|SHLVL|SHELLOPTS|LINENO|RANDOM|SRANDOM|SECONDS|TMOUT|FUNCNAME|PIPESTATUS|DIRSTACK|HIST\w+|COMP_\w+|EPOCH\w+|BASH\w*|baa_\w+)$/;

/**
 * Returns what makes a waiting shell become the job; undefined for a job that
 * needs a shell of its own. A shell that gets only a part of the line runs none
 * of it; nor does one that cannot enter the folder or print the mark.
 */
export function waitingJobLine(job: Job): JobLine | undefined {
  const { told, given } = tellable(job.env);
  if (Object.keys(given).length > 0) return undefined;
  const line = jobLine(job, {
    enter: `cd -P -- ${lineWord(job.cwd)} 2>/dev/null && unset OLDPWD`,
    told,
    words: job.argv.map(lineWord).join(" "),
  });
  return line.text.length > MOST_LINE_LENGTH ? undefined : line;
}

/**
 * Returns the same for a shell that is started in the folder, with the words of
 * the job as its arguments and the variables that are `given`.
 */
export function freshJobLine(
  job: Pick<Job, "env" | "stdin">,
): JobLine & Pick<TellableEnv, "given"> {
  const { told, given } = tellable(job.env);
  return { ...jobLine(job, { enter: ":", told, words: '"$@"' }), given };
}

/** A line for a shell at its gate. */
export interface JobLine {
  /** Ends with a newline. */
  readonly text: string;
  /** What the shell prints to standard error as the last thing before the job. */
  readonly mark: string;
}

function jobLine(
  { stdin }: Pick<Job, "stdin">,
  { enter, told, words }: {
    readonly enter: string;
    readonly told: TellableEnv["told"];
    readonly words: string;
  },
): JobLine {
  const mark = crypto.randomUUID();
  const input = stdin === undefined ? " </dev/null" : "";
  const text = `if ${enter}${exportsOf(told)} && printf %s ${mark} >&2; ` +
    `then exec ${words}${input}; else exit 125; fi\n`;
  return { text, mark };
}

/** Returns what hands on variables, behind a command that succeeds. */
export function exportsOf(told: TellableEnv["told"]): string {
  return Object.entries(told)
    .map(([name, value]) => ` && export ${name}=${lineWord(value)}`)
    .join("");
}

/** A caller's variables: those that a line can tell, and those that it cannot. */
export interface TellableEnv {
  readonly told: Readonly<Record<string, string>>;
  readonly given: Readonly<Record<string, string>>;
}

export function tellable(env: Job["env"] = {}): TellableEnv {
  const entries = Object.entries(env);
  const isLong = JSON.stringify(env).length > MOST_LINE_LENGTH / 2;
  const [told, given] = [false, true].map((isGiven) =>
    Object.fromEntries(
      entries.filter(([name]) => (isLong || SHELLS_OWN.test(name)) === isGiven),
    )
  );
  return { told: told ?? {}, given: given ?? {} };
}

/** Quotes a word so that it stays on one line. */
export function lineWord(word: string): string {
  return shellQuote(word).replaceAll("\n", `'"$baa_nl"'`);
}
