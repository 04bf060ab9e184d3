import { z } from "zod";
import { TurnStatus } from "../../shared/contracts/mod.ts";
import { PersistentMap, type PersistentMapOptions } from "./persistent_map.ts";

/** What came of a turn that did not run to its end. */
const CutTurn = z.object({
  status: TurnStatus,
  reason: z.string().nullable(),
  /** What was being said. */
  message: z.object({ item_id: z.string(), text: z.string() }).nullable(),
});
type CutTurn = z.infer<typeof CutTurn>;

const MAX_TURNS = 256;
const MAX_CHARS = 65_536;

/**
 * Turns that were cut short, on disk: Codex's own history has no word of what
 * was being said, nor why it ended.
 */
export class CutTurns extends PersistentMap<CutTurn> {
  constructor(
    options: Omit<PersistentMapOptions<CutTurn>, "schema" | "maxEntries">,
  ) {
    super({ ...options, schema: CutTurn, maxEntries: MAX_TURNS });
  }

  override set(turnId: string, { message, ...turn }: CutTurn): void {
    const text = message?.text.slice(0, MAX_CHARS);
    super.set(turnId, {
      ...turn,
      message: message && { ...message, text: text ?? "" },
    });
  }
}
