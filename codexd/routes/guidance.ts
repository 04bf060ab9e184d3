import type { SelfParts } from "../../shared/daemon/mod.ts";

/** What codexd's describe documents tell a newcomer: what to do first, what to know. */
export const CODEXD_GUIDANCE: SelfParts["guidance"] = {
  all: {
    flow: [
      "GET /describe",
      "GET /v1/codexd/status",
      "POST /v1/codexd/sessions",
      "POST /v1/codexd/turn with wait: true",
    ],
    notes: [
      'Every JSON answer is {"ok":true,"request_id":…,"data":…} or {"ok":false,"request_id":…,"error":{code,message,hint,retryable,details}}.',
      "codexd runs one `codex app-server` and is the only way to it; conductor serves the same under /v1/codex.",
      "session_id is the Codex thread id: sessions of other Codex clients can be read and resumed.",
      "Questions of Codex's are answered by policy: BAA_CODEX_APPROVALS, or approvals at session creation when that is stricter; under ask they wait for an answer.",
      "Lists take limit (default 20, at most 200) and cursor; next_cursor is null on the last page.",
    ],
    examples: [
      "codexd.status",
      "codexd.sessions.list",
      "codexd.sessions.open",
      "codexd.sessions.read",
      "codexd.turn",
      "service.health",
    ],
  },
  business: {
    flow: [
      "GET /v1/codexd/status",
      "POST /v1/codexd/sessions, or GET /v1/codexd/sessions for one that exists",
      "Follow /v1/codexd/events over a WebSocket",
      "POST /v1/codexd/turn",
      "GET /v1/codexd/sessions/:session_id",
    ],
    notes: [
      "Events have numbers that survive restarts: reconnect with ?after=<seq>.",
      "A turn that is not wanted any more: action interrupt. To add to a running one: action steer.",
      "What waits for an answer is in approvals.items[] of GET /v1/codexd/status: POST /v1/codexd/turn with action respond.",
    ],
  },
  control: {
    flow: ["GET /healthz", "GET /health", "GET /version"],
    notes: [
      "/healthz tells that codexd serves; how Codex stands is in /health.",
    ],
  },
};
