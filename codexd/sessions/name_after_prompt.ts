import { messageOf } from "../../shared/errors.ts";
import type { CodexClient } from "../app_server/mod.ts";
import type { SessionPorts } from "./ports.ts";
import { NO_TITLE } from "./session_service.ts";

const TITLE_CHARS = 80;
const PREVIEW_CHARS = 200;

/** A session without a title is named after its first prompt. */
export function nameAfterPrompt(
  { index, log }: Pick<SessionPorts, "index" | "log">,
  session: {
    readonly sessionId: string;
    readonly prompt: string;
    readonly client: Pick<CodexClient, "nameThread">;
  },
): void {
  const { sessionId, prompt, client } = session;
  const record = index.get(sessionId);
  if (record === undefined || prompt === "") return;
  if (record.preview === "") {
    index.update(sessionId, { preview: prompt.slice(0, PREVIEW_CHARS) });
  }
  if (record.title !== NO_TITLE || record.ephemeral) return;
  const title = prompt.replace(/\s+/g, " ").trim().slice(0, TITLE_CHARS);
  client.nameThread(sessionId, title || NO_TITLE).catch((error) =>
    log.debug("Cannot name a session", { reason: messageOf(error) })
  );
}
