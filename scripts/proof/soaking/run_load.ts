import { systemClock } from "../../../shared/clock.ts";
import { sleep, within } from "../../../shared/wait.ts";
import { AGENT_CLIENTS } from "./agent_clients.ts";
import { BROWSER_CLIENTS } from "./browser_clients.ts";
import { HOST_CLIENTS } from "./host_clients.ts";
import { READING_CLIENTS } from "./reading_clients.ts";
import { SCHEDULE_CLIENTS } from "./schedule_clients.ts";
import type { Desk, MakeClient } from "./soak_client.ts";
import { TASK_CLIENTS } from "./task_clients.ts";

/** The longest part of a client takes some seconds. */
const MOST_MS = 60_000;

const ROOMS: Readonly<Record<string, Readonly<Record<string, MakeClient>>>> = {
  host: HOST_CLIENTS,
  tasks: TASK_CLIENTS,
  schedules: SCHEDULE_CLIENTS,
  readers: READING_CLIENTS,
  browser: BROWSER_CLIENTS,
  agents: AGENT_CLIENTS,
};

/**
 * Has every client do its part until `ends` is aborted; each finishes what it
 * has begun. What goes wrong is noted, and the client goes on.
 */
export async function runLoad(
  desk: Desk,
  { ends, only }: {
    readonly ends: AbortSignal;
    /** Rooms or clients, by name; none: all of them. */
    readonly only: readonly string[];
  },
): Promise<void> {
  const isWanted = (...names: readonly string[]) =>
    only.length === 0 || names.some((it) => only.includes(it));
  const clients = Object.entries(ROOMS).flatMap(([room, makers]) =>
    Object.entries(makers).filter(([name]) => isWanted(room, name)).map((
      [name, make],
    ) => runClient({ desk, make, where: `${room}/${name}`, ends }))
  );
  await Promise.all(clients);
}

async function runClient({ desk, make, where, ends }: {
  readonly desk: Desk;
  readonly make: MakeClient;
  readonly where: string;
  readonly ends: AbortSignal;
}): Promise<void> {
  const client = make(desk);
  for (let round = 0; !ends.aborted; round++) {
    try {
      const act = client.act(round);
      if (!await within(act, { ms: MOST_MS, clock: systemClock })) {
        throw new Error(`It took more than ${MOST_MS / 1000} s`);
      }
    } catch (error) {
      desk.ledger.fail(where, error);
    }
    await sleep(systemClock, client.everyMs, ends);
  }
}
