import { MARKS } from "../../shared/shell_variables.ts";

/**
 * The variable that marks every process which descends from an app-server of
 * this codexd. Codex runs commands in sessions of their own, so when Codex is
 * killed this is what is left to know them by.
 */
export const MARK_VARIABLE = MARKS.codexd;

const FOLDERS = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/**
 * A shell function that kills every process with a mark in its environment.
 * One that has changed its environment, or hides it, is not found.
 */
const SWEEP = `
PATH=${FOLDERS}
swept=0
strike() { kill -s KILL "$1" 2>/dev/null && swept=$((swept + 1)); }
sweep() {
  if [ -r /proc/self/environ ]; then
    for found in $(grep -ls "${MARK_VARIABLE}=$1" /proc/[0-9]*/environ 2>/dev/null); do
      found=\${found#/proc/}
      strike "\${found%/environ}"
    done
  else
    while read -r pid rest; do
      case $rest in *"${MARK_VARIABLE}=$1"*) strike "$pid" ;; esac
    done <<END
$(ps -axEww -o pid= -o command= 2>/dev/null)
END
  fi
}`;

const MARK = /^[0-9a-f-]{36}$/;

/**
 * What the reaper does when codexd is gone: the app-server sees the end of its
 * input and ends its commands itself, if it is given the time; what is then
 * left of either is killed.
 */
export function cleanupScript(mark: string): string {
  checkMark(mark);
  return `${SWEEP}
tries=0
for group in $groups; do
  while [ $tries -lt 20 ] && kill -s 0 -- "-$group" 2>/dev/null; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -s KILL -- "-$group" 2>/dev/null
done
sweep ${mark}`;
}

/** Kills every process that has `mark` in its environment; returns how many. */
export async function sweepOrphans(
  shell: string,
  mark: string,
): Promise<number> {
  checkMark(mark);
  const { stdout } = await new Deno.Command(shell, {
    args: ["-c", `${SWEEP}\nsweep ${mark}\necho $swept`],
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return Number(new TextDecoder().decode(stdout).trim()) || 0;
}

/** A mark becomes part of a script. */
function checkMark(mark: string): void {
  if (!MARK.test(mark)) throw new Error(`Cannot use "${mark}" as a mark`);
}
