import { type Clock, systemClock } from "../../shared/clock.ts";
import { EditWork } from "../edit_work.ts";

/** The work of an edit that somebody waits for. */
export function editWork(
  clock: Clock = systemClock,
  signal = new AbortController().signal,
): EditWork {
  return new EditWork({ absolutePath: "/f", clock, signal });
}
