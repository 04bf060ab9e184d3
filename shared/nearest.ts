/** What fields and values are called elsewhere, folded. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  command: ["cmd", "shell", "script", "bash", "code", "run"],
  args: ["argv", "arguments"],
  cwd: ["dir", "directory", "folder", "workdir", "workingdirectory"],
  timeoutMs: ["timeout", "timeoutseconds", "timeoutsec"],
  maxBufferBytes: ["maxbuffer", "maxoutput", "maxoutputbytes"],
  stdin: ["input"],
  env: ["environment", "vars"],
  detach: ["background", "async"],
  path: ["file", "filename", "filepath"],
  maxBytes: ["limit", "length", "size"],
  content: ["text", "data", "body"],
  createParents: ["mkdir", "mkdirs"],
  old: ["oldstring", "oldstr", "oldtext", "search", "find"],
  new: ["newstring", "newstr", "newtext", "replace", "replacement"],
  all: ["replaceall", "global"],
  max_attempts: ["retries", "attempts", "maxretries"],
  timeout_ms: ["timeout", "timeoutseconds", "timeoutsec"],
  wait_ms: ["wait"],
  not_before: ["at", "when", "runat", "startat", "delay"],
  title: ["name"],
  kind: ["type"],
  input: ["prompt", "message", "text"],
  status: ["state"],
  queued: ["pending", "waiting"],
  running: ["active", "started"],
  succeeded: ["done", "success", "ok", "completed", "finished"],
  failed: ["error", "failure"],
  warn: ["warning"],
};

/** Returns the known name that `name` most likely stands for, if any is near. */
export function nearest(
  name: string,
  known: readonly string[],
): string | undefined {
  const plain = fold(name);
  const meant = known.find((it) => SYNONYMS[it]?.includes(plain));
  if (meant !== undefined) return meant;
  const most = Math.max(1, Math.floor(plain.length / 3));
  const [best] = known
    .map((it) => ({ name: it, edits: distance(plain, fold(it)) }))
    .filter((it) => it.edits <= most)
    .sort((a, b) => a.edits - b.edits);
  return best?.name;
}

function fold(name: string): string {
  return name.slice(0, 64).toLowerCase().replaceAll(/[_-]/g, "");
}

/** Levenshtein's distance: how many letters are to be changed. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
