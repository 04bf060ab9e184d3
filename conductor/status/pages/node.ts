import type { BackupService } from "../../record/mod.ts";
import type { Controller, NamedToken } from "../../store/mod.ts";
import type { Status } from "../contract.ts";
import type { LastAttack } from "../last_attack.ts";
import { cut, type Markup, markup, type Value } from "../markup.ts";
import {
  badge,
  facts,
  ifRead,
  notes,
  panel,
  table,
  type Unread,
  when,
} from "../pieces.ts";
import { counted, duration, size } from "../words.ts";
import { frame } from "./frame.ts";

const SHOWN = 20;

type Backups = ReturnType<BackupService["list"]>;

/** Renders the machine's side: who may do what, room, versions, backups. */
export function nodePage(
  {
    status,
    tokens,
    controllers,
    backups,
    attack,
    memoryBytes,
    now,
    isSignedIn,
  }: {
    readonly status: Status;
    readonly tokens: readonly NamedToken[] | Unread;
    readonly controllers: readonly Controller[] | Unread;
    /** Newest first. */
    readonly backups: Backups;
    /** Undefined: there was none. */
    readonly attack: LastAttack | Unread | undefined;
    /** What the daemon holds of the machine's. */
    readonly memoryBytes: number;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const { node, ready, degraded, reasons } = status;
  return frame({
    here: "node",
    tone: !ready ? "bad" : degraded.length > 0 ? "warn" : "good",
    line: cut(`${node.controller_id} on ${node.host}, ${node.role}`, 400),
    now,
    isSignedIn,
    refreshS: 60,
    parts: [
      notes(reasons, "bad"),
      notes(degraded, "warn"),
      panel("Machine", machine(status, memoryBytes)),
      panel(
        "Who may do what",
        markup`<p>${cut(status.who_may, 1000)}</p>`,
        ifRead(tokens, (items) => tokenTable(items, now)),
      ),
      panel(
        "Backups",
        markup`<p class="quiet">One each day at 03:00; the newest seven are kept, and those that were asked for.</p>`,
        backupTable(backups, now),
      ),
      panel(
        "Self-attack (deno task proof attack)",
        attack === undefined
          ? markup`<p class="quiet">Not run yet</p>`
          : ifRead(attack, (it) => attacked(it, now)),
      ),
      panel("Controllers", ifRead(controllers, (items) => others(items, now))),
    ],
  });
}

function machine(status: Status, memoryBytes: number): Markup {
  const { disk, descriptors, versions, process_groups, uptime_ms } = status;
  const { notifications } = status;
  return facts({
    Version: cut(versions.conductor, 60),
    Deno: cut(versions.deno, 60),
    Up: duration(uptime_ms),
    "Disk free": disk &&
      `${size(disk.free_bytes)} of ${size(disk.total_bytes)}`,
    Memory: size(memoryBytes),
    Descriptors: descriptors &&
      `${descriptors.in_use} in use of ${descriptors.limit ?? "unknown"}`,
    "Commands start": process_groups &&
      (process_groups === "detached" ? "slowly: the daemon is copied" : "fast"),
    Notifications: notifications &&
      `${notifications.waiting} wait, ${notifications.failed} given up`,
  });
}

function tokenTable(tokens: readonly NamedToken[], now: number): Value {
  return table(
    [
      { head: "Token" },
      { head: "Scopes" },
      { head: "Made by" },
      { head: "Made", isNumber: true },
      { head: "Ends", isNumber: true },
    ],
    tokens.map((it) => [
      cut(it.name, 80),
      it.scopes.join(" · "),
      cut(it.created_by, 80),
      when(it.created_at, now),
      when(it.expires_at, now) ?? "never",
    ]),
    { empty: "No named tokens" },
  );
}

function backupTable(backups: Backups, now: number): Value {
  const rows = backups.slice(0, SHOWN).map((it) => [
    markup`<code>${cut(it.path.slice(it.path.lastIndexOf("/") + 1))}</code>`,
    it.isDaily ? "each day" : "asked for",
    badge(
      it.verified ? "verified" : "not verified",
      it.verified ? "good" : "bad",
    ),
    size(it.size_bytes),
    when(it.created_at, now),
  ]);
  return [
    table(
      [
        { head: "File" },
        { head: "Made" },
        { head: "State" },
        { head: "Size", isNumber: true },
        { head: "Age", isNumber: true },
      ],
      rows,
      { empty: "No backup yet" },
    ),
    backups.length > SHOWN &&
    markup`<p class="quiet">${SHOWN} of ${
      counted(backups.length, "backup")
    }</p>`,
  ];
}

function attacked(attack: LastAttack, now: number): Value {
  const { failed, passed, left_out, vectors } = attack;
  return [
    facts({
      Outcome: failed > 0
        ? badge(`${failed} got through`, "bad")
        : badge("nothing got through", "good"),
      Vectors: `${passed} passed, ${failed} failed, ${left_out} left out`,
      Against: cut(attack.against, 200),
      Version: cut(attack.version, 60),
      When: when(attack.at, now),
    }),
    notes(
      vectors.filter((it) => it.outcome === "failed")
        .map((it) => `${it.name}: ${it.why ?? "got through"}`),
      "bad",
    ),
  ];
}

function others(controllers: readonly Controller[], now: number): Value {
  return table(
    [
      { head: "Controller" },
      { head: "Role" },
      { head: "Version" },
      { head: "Started", isNumber: true },
      { head: "Heard of", isNumber: true },
    ],
    controllers.map((it) => [
      markup`${cut(it.controller_id, 120)}<br><small class="quiet">${
        cut(it.host, 120)
      }</small>`,
      badge(it.role, it.role === "lost" ? "bad" : "good"),
      cut(it.version, 60),
      when(it.started_at, now),
      when(it.last_heartbeat_at, now),
    ]),
    { empty: "No controller" },
  );
}
