import type { Status } from "./contract.ts";
import { cut, type Markup, markup, type Value } from "./markup.ts";
import { notes } from "./pieces.ts";
import { runChart } from "./run_chart.ts";
import { scheduleLanes } from "./schedule_lanes.ts";
import { taskLink } from "./shell.ts";
import { ago, counted, dateAndTime, duration, size } from "./words.ts";

/** Below this share of a disk its card warns. */
const LOW_DISK = 0.1;
/** Runs that are shown. */
const SHOWN = 20;

/** Renders everything that is not for strangers. */
export function details(
  status: Status,
  { leadsOn }: { readonly leadsOn: boolean },
): Markup {
  const cards = [
    queueCard(status),
    leaderCard(status),
    codexdCard(status),
    browserCard(status),
    diskCard(status),
    backupCard(status),
    descriptorsCard(status),
    versionsCard(status),
  ];
  // A card has no room for why somebody is away.
  const { codexd, browser } = status;
  const away = [codexd, browser].flatMap((it) => it?.reason ?? []);
  const degraded = [...new Set([...status.degraded, ...away])];
  const linked: Linked = ({ task_id, title }) =>
    leadsOn
      ? markup`<a href="${taskLink(task_id)}">${cut(title, 600)}</a>`
      : cut(title, 600);
  return markup`${notes(status.reasons, "bad")}${notes(degraded, "warn")}
${automation(status)}
<p class="quiet">Who may do what: ${cut(status.who_may, 1000)}</p>
<div class="cards">${cards}
</div>
${runChart(status.runs)}
${scheduleLanes(status)}
${activeRuns(status, linked)}
${lastErrors(status, linked)}`;
}

/** A title, which leads to its task where the reader may follow. */
type Linked = (
  it: { readonly task_id: string; readonly title: string },
) => Value;

/** Who changed the mode, and why; nobody has when it runs as it was installed. */
function automation({ automation, mode, at }: Status) {
  if (automation === null) return undefined;
  const { requested_by, reason, source, updated_at } = automation;
  const who = requested_by ?? source;
  if (mode === "running" && who === null && reason === null) return undefined;
  const words = `Set to ${mode} ${ago(updated_at, Date.parse(at))}` +
    (who === null ? "" : ` by ${who}`) + (reason === null ? "" : `: ${reason}`);
  return markup`<p class="quiet">${cut(words, 2000)}</p>`;
}

/** One figure, what it is, and a word on it. */
function card(
  title: string,
  figure: string,
  options: {
    readonly tone?: "good" | "warn" | "bad" | undefined;
    readonly line: string;
  },
): Markup {
  const { tone = "plain", line } = options;
  return markup`
<section class="card"><h3>${title}</h3><strong class="${tone}-text">${
    cut(figure, 400)
  }</strong><p>${cut(line, 1500)}</p></section>`;
}

function queueCard({ queue }: Status): Markup {
  const { active_runs, queued_tasks } = queue;
  const line = active_runs === 0
    ? "nothing runs"
    : `${counted(active_runs, "run")} at work`;
  return card("Queue", counted(queued_tasks, "task"), { line });
}

function leaderCard({ leader, node, at }: Status): Markup {
  if (leader === null) {
    return card("Leader", "nobody", { tone: "bad", line: "the lease is free" });
  }
  const left = duration(Date.parse(leader.lease_expires_at) - Date.parse(at));
  const isThis = leader.controller_id === node.controller_id &&
    node.role === "leader";
  return card("Leader", isThis ? "this node" : leader.controller_id, {
    line: `term ${leader.term}, lease for ${left} more`,
  });
}

function codexdCard({ codexd }: Status) {
  if (codexd === null) return undefined;
  const { state, reason, codex_version } = codexd;
  const version = codex_version === null ? "" : `Codex ${codex_version}`;
  return card("codexd", state, {
    tone: reason === null ? "good" : "warn",
    line: version,
  });
}

function browserCard({ browser }: Status) {
  if (browser === null) return undefined;
  const { state, reason, clients, in_flight } = browser;
  return card("Browser", state, {
    tone: reason === null ? "good" : "warn",
    line: `${counted(clients, "client")}, ${in_flight} in flight`,
  });
}

function diskCard({ disk }: Status): Markup {
  if (disk === null) return card("Disk", "unknown", { line: "" });
  const { free_bytes, total_bytes } = disk;
  return card("Disk", size(free_bytes), {
    tone: free_bytes < total_bytes * LOW_DISK ? "bad" : undefined,
    line: `free of ${size(total_bytes)}`,
  });
}

function backupCard({ backup, at }: Status) {
  if (backup === null) return undefined;
  const { created_at, size_bytes, verified, kept } = backup;
  return card("Newest backup", ago(created_at, Date.parse(at)), {
    tone: verified ? "good" : "warn",
    line: `${size(size_bytes)}, ${
      verified ? "verified" : "not verified"
    }, ${kept} kept`,
  });
}

function descriptorsCard({ descriptors }: Status): Markup | false {
  if (descriptors === null) return false;
  const { in_use, limit } = descriptors;
  return card("Descriptors", String(in_use), {
    tone: limit !== null && in_use >= limit / 2 ? "warn" : undefined,
    line: limit === null ? "in use" : `in use of ${limit}`,
  });
}

function versionsCard({ versions, node }: Status): Markup {
  return card("Version", versions.conductor, {
    line: `${node.controller_id}, Deno ${versions.deno}`,
  });
}

function activeRuns({ active_runs, at }: Status, linked: Linked) {
  const items = active_runs.slice(0, SHOWN).map((run) => {
    const since = duration(Date.parse(at) - Date.parse(run.started_at));
    const kind = cut(`${run.kind}, attempt ${run.attempt}`);
    return markup`
<li><div class="row"><span>${
      linked(run)
    }</span><span class="quiet">${since}</span></div>
<p class="quiet">${kind} · <code>${run.run_id}</code></p></li>`;
  });
  return items.length > 0 && markup`
<section class="panel"><h2>At work</h2>${
    active_runs.length > SHOWN &&
    markup`<p class="quiet">${SHOWN} of ${active_runs.length}</p>`
  }<ul class="list">${items}
</ul></section>`;
}

function lastErrors({ last_errors, at }: Status, linked: Linked): Markup {
  const items = last_errors.map((error) => {
    const when = ago(error.at, Date.parse(at));
    const code = error.code ?? error.status;
    return markup`
<li><div class="row"><span>${
      linked(error)
    }</span><time class="quiet" datetime="${error.at}" title="${
      dateAndTime(error.at)
    }">${when}</time></div>
<p class="message"><span class="bad-text">${cut(code)}</span> ${
      cut(error.message, 1300)
    }</p>${
      error.stderr_line !== null && markup`
<p class="message"><code>${cut(error.stderr_line, 500)}</code></p>`
    }
<p class="quiet">${cut(error.kind)} · <code>${error.run_id}</code></p></li>`;
  });
  const list = items.length === 0
    ? markup`<p class="quiet">None</p>`
    : markup`<ul class="list">${items}
</ul>`;
  return markup`
<section class="panel"><h2>Last errors</h2>${list}</section>`;
}
