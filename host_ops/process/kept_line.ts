import { basename } from "@std/path";
import { MARKS } from "../../shared/shell_variables.ts";
import type { Job } from "./child_process.ts";
import { exportsOf, lineWord, tellable, type TellableEnv } from "./job_line.ts";

/**
 * Sets `baa_who` to what tells a process from a later one with the same id: on
 * Linux when it started, in ticks since the boot, and which boot that was. Fails
 * for one that is gone, or dead and not yet collected.
 */
const WHO = `baa_who() {
baa_stat=
if [ -r /proc/self/stat ]; then
while IFS= read -r baa_part || [ -n "$baa_part" ]; do baa_stat="$baa_stat $baa_part"; done 2>/dev/null <"/proc/$1/stat" || return 1
set -- \${baa_stat##*) }
baa_who=\${20} baa_stat=$1
IFS= read -r baa_part </proc/sys/kernel/random/boot_id && baa_who="$baa_who@$baa_part"
else
set -- $(LC_ALL=C command -p ps -o stat= -o lstart= -p "$1")
baa_stat=$1
shift || return 1
baa_who="$*"
fi
case $baa_stat in ""|[ZX]*) return 1 ;; esac
}`;

/**
 * What of the processes listed is alive, and of the command's group or not; and
 * what has left that for one of its own, within the session, which Linux tells.
 */
const LEFT = `baa_alive() {
while read -r baa_pid baa_stat baa_part; do
case $baa_stat in [ZX]*) ;; *) ! [ "$baa_part" "$1" "$baa_group" ] || echo "$baa_pid" ;; esac
done
}
baa_strays() { [ ! -r /proc/self/stat ] || command -p ps -o pid= -o stat= -o pgid= -s "$baa_group" | baa_alive !=; }`;

/**
 * Runs one command and writes how it ended. That it begins is one step, which
 * only one shell can take, and none once its gate was removed: whoever finds
 * neither beginning nor gate knows that nothing has run or will. The command
 * leads a group of its own, which leaves this shell out, so that it is there
 * at the end, whatever is killed. When files were written tells how long it ran.
 */
const KEEP = `${WHO}
${LEFT}
baa_umask=$(umask)
umask 077
baa_who $$ || exit 125
echo "$$ $baa_who" >"$baa_dir/who-$baa_id" || exit 125
command -p ln "$baa_dir/gate-$baa_id" "$baa_dir/begun" || exit 125
if [ -e "$baa_dir/stdin" ]; then exec 3<"$baa_dir/stdin"; command -p rm -f "$baa_dir/stdin"; else exec 3</dev/null; fi
exec </dev/null >/dev/null 2>"$baa_dir/said"
trap : HUP INT QUIT TERM USR1 USR2 ALRM PIPE
[ -z "$BASH_VERSION" ] || set +o posix
baa_run "$@"
baa_code=$? baa_signal=0 baa_left=0
if [ -s "$baa_dir/said" ] && [ $baa_code -gt 128 ]; then baa_signal=$(kill -l $baa_code); fi
IFS=' ' read -r baa_group baa_part <"$baa_dir/group"
if [ -n "$baa_group" ]; then
baa_tries=0 baa_strays=$(baa_strays)
while { kill -s 0 -- "-$baa_group" || [ -n "$baa_strays" ]; } && [ $baa_tries -lt 20 ]; do
command -p sleep 0.05
baa_tries=$((baa_tries + 1))
[ -z "$baa_strays" ] || baa_strays=$(baa_strays) baa_tries=$((baa_tries + 1))
done
if kill -s 0 -- "-$baa_group"; then
baa_left=$(command -p ps -A -o pid= -o stat= -o pgid= | baa_alive = | command -p wc -l)
kill -s KILL -- "-$baa_group"
fi
for baa_part in $baa_strays; do kill -s KILL "$baa_part" && baa_left=$((baa_left + 1)); done
fi
echo >"$baa_dir/said"
command -p mv -f "$baa_dir/said" "$baa_dir/ended-$baa_code-$baa_signal-$((baa_left))"`;

/** What the command's own process does first: it says who it is. */
const BECOME = `baa_dir=$1 baa_umask=$2
shift 2
${WHO}
umask 077
baa_who $$ && echo "$$ $baa_who" >"$baa_dir/group" || exit 126
umask "$baa_umask"
exec "$@"`;

/**
 * Sends a signal to the group of a process, unless its id is somebody else's by
 * now; `0` only tells whether it is there.
 */
const REACH = `${WHO}
baa_who "$1" && [ "$baa_who" = "$2" ] || exit 1
[ "$3" = 0 ] || kill -s "$3" -- "-$1"`;

/** Sends a signal to the groups that the children of a process lead. */
const REACH_CHILDREN = `baa_sent=1
for baa_pid in $(command -p ps -A -o pid= -o ppid= | while read -r baa_pid baa_part; do
[ "$baa_part" != "$1" ] || echo "$baa_pid"
done); do kill -s "$2" -- "-$baa_pid" && baa_sent=0; done
exit $baa_sent`;

/** Returns the line that makes a shell at its gate keep a command. */
export function keptLine(
  { prefix, shell, place: { folder, id }, env }: KeptLineOptions,
): { readonly text: string } & Pick<TellableEnv, "given"> {
  // What is to stop or replace the daemon knows by it where it runs.
  const mark = { [MARKS.run]: basename(folder) };
  const { told, given } = tellable({ ...env, ...mark });
  const words = [...prefix, shell, "-c", BECOME, shell, folder];
  // Only the command's own process has its outputs: what the shell says stays out.
  const become = `exec ${words.map(lineWord).join(" ")} "$baa_umask" "$@" ` +
    '<&3 3<&- >>"$baa_dir/stdout" 2>>"$baa_dir/stderr"';
  const lines = [
    `baa_dir=${lineWord(folder)} baa_id=${id}`,
    `baa_run() { (:${exportsOf(told)} && ${become}); }`,
    `eval ${lineWord(KEEP)}`,
  ];
  return { text: `${lines.join("; ")}\n`, given };
}

/** Returns the arguments of the shell that reaches whom `who` tells. */
export function reachArgs(who: string, signal: ReachSignal): string[] {
  const space = who.indexOf(" ");
  const [pid, was] = [who.slice(0, space), who.slice(space + 1)];
  return ["-c", REACH, "sh", pid, was, signal];
}

/** Returns the arguments of the shell that reaches the groups of children. */
export function reachChildrenArgs(
  parent: number,
  signal: ReachSignal,
): string[] {
  return ["-c", REACH_CHILDREN, "sh", `${parent}`, signal];
}

/** What is sent to a kept command; `0`: nothing. */
export type ReachSignal = "TERM" | "KILL" | "0";

/** Where a kept command has its files. */
export interface KeptPlace {
  /** Absolute, and nobody else's. */
  readonly folder: string;
  /** Of the gate that lets it begin: a file `gate-<id>` in the folder. */
  readonly id: string;
}

interface KeptLineOptions extends Pick<Job, "env"> {
  /** What makes a group, and its arguments. */
  readonly prefix: readonly string[];
  readonly shell: string;
  readonly place: KeptPlace;
}
