import { z } from "zod";

/** A conductor process that is, or was, registered in the database. */
export const Controller = z.strictObject({
  controller_id: z.string(),
  /** Random for each process: two with one `controller_id` are told apart. */
  instance_id: z.string(),
  host: z.string(),
  /** `lost`: its heartbeat is older than the lease period. */
  role: z.enum(["leader", "standby", "lost"]),
  is_leader: z.boolean(),
  version: z.string(),
  started_at: z.iso.datetime(),
  last_heartbeat_at: z.iso.datetime(),
});
export type Controller = z.infer<typeof Controller>;

/** What a process says of itself when it registers. */
export interface Identity {
  readonly controller_id: string;
  readonly instance_id: string;
  readonly host: string;
  readonly version: string;
}

/** What fences a leader's writes: this process, this term, nobody else since. */
export interface Fence {
  readonly instance_id: string;
  readonly term: number;
}
