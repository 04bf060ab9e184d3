// deno-lint-ignore-file no-console -- its output is what the test waits for
/**
 * Writes long events to the log in a folder until it is killed; prints the
 * number of each once it is written.
 *
 * Usage: deno run -A codexd/testing/event_writer.ts <folder> <chars>
 */
import { systemClock } from "../../shared/clock.ts";
import { EventLog } from "../sessions/event_log.ts";

const [folder = "", chars] = Deno.args;
const log = new EventLog({
  folder,
  clock: systemClock,
  maxAgeMs: Infinity,
  maxEvents: Infinity,
  maxBytes: Infinity,
  onError(error) {
    throw error;
  },
});
const data = { text: "x".repeat(Number(chars)) };
while (true) {
  log.append([{ session_id: "s", turn_id: null, type: "warning", data }]);
  console.log(log.lastSeq);
}
