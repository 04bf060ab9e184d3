/** What `launchctl print` says of a loaded job. */
export interface JobState {
  /** Domain and label. */
  readonly target: string;
  /** `running`, `not running`, `SIGTERMed`, …; empty when it does not say. */
  readonly state: string;
  readonly pid: number | undefined;
  /** How often it was started. */
  readonly runs: number | undefined;
  /** How it ended last, e.g. `0`, `2` or `Killed: 9`; undefined: never. */
  readonly lastExit: string | undefined;
}

/**
 * Reads the facts that are used. Apple promises no format, so a line that is
 * missing is a fact unknown. Only the first level counts: nested blocks
 * describe other things under the same names.
 */
export function parseJobState(target: string, output: string): JobState {
  const facts = new Map<string, string>();
  for (const line of output.split("\n")) {
    const found = /^(?:\t|[ ]{0,8})([a-z][a-z ]*?) = (.*)$/.exec(line);
    const [, key, value] = found ?? [];
    if (key !== undefined && value !== undefined && !facts.has(key)) {
      facts.set(key, value.trim());
    }
  }
  const exit = facts.get("last exit code");
  return {
    target,
    state: facts.get("state") ?? "",
    pid: wholeNumber(facts.get("pid")),
    runs: wholeNumber(facts.get("runs")),
    lastExit: facts.get("last terminating signal") ??
      (exit === undefined || exit.startsWith("(") ? undefined : exit),
  };
}

/** Tells whether the job's process is alive, as far as launchd said. */
export function isRunning(job: JobState): boolean {
  return job.state === "" || job.state === "running";
}

/** Tells whether the job was unloaded and its process has not ended yet. */
export function isLeaving(job: JobState): boolean {
  return /^SIG[A-Z]+ed$/.test(job.state);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
