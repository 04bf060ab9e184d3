import type { Desk } from "./soak_client.ts";

/** Reads the audit trail along, so that nothing of it is gone unseen. */
export class Auditor {
  readonly seen = new Set<string>();
  readonly #desk: Desk;
  #after = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Reads to the end of what is there. */
  async read(): Promise<void> {
    while (true) {
      const path = `/v1/audit?limit=200&after=${this.#after}`;
      const { entries, last_seq, gap } = await this.#desk.get("audit", path);
      if (gap) throw new Error(`Rows went unseen: ${JSON.stringify(gap)}`);
      for (const { request_id } of entries) this.seen.add(request_id);
      this.#after = entries.at(-1)?.seq ?? last_seq;
      if (entries.length < 200) return;
    }
  }
}
