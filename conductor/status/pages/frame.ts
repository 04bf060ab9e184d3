import { isoTime } from "../../../shared/clock.ts";
import type { Value } from "../markup.ts";
import {
  foot,
  hero,
  type PageName,
  PAGES,
  shell,
  type Tone,
} from "../shell.ts";

/** Renders one of the owner's pages. */
export function frame(
  {
    here,
    title = PAGES[here][0],
    tone = "plain",
    line,
    now,
    isSignedIn,
    refreshS,
    parts,
  }: {
    readonly here: PageName;
    /** What stands at its head; default the page's name. */
    readonly title?: Value;
    readonly tone?: Tone;
    readonly line?: Value;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
    /** Seconds between two loads; a page that is typed into has none. */
    readonly refreshS?: number | undefined;
    readonly parts: readonly Value[];
  },
): string {
  return shell({
    title: `${PAGES[here][0]} · baa-conductor`,
    tone,
    here,
    isSignedIn,
    refreshS,
    parts: [
      hero({ tone, title, line }),
      ...parts,
      foot({ at: isoTime(now), source: "conductor", refreshS }),
    ],
  });
}

/** The tone of a state of a task, a run, a session. */
export function toneOf(state: string): Tone {
  if (["succeeded", "completed", "idle", "fresh"].includes(state)) {
    return "good";
  }
  if (["failed", "lost"].includes(state)) return "bad";
  return ["running", "stale"].includes(state) ? "warn" : "plain";
}
