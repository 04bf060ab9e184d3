import type { SelfParts } from "../shared/daemon/mod.ts";

/** What conductor's describe documents tell a newcomer: what to do first, what to know. */
export const GUIDANCE: SelfParts["guidance"] = {
  all: {
    flow: [
      "GET /describe",
      "GET /v1/capabilities",
      "GET /v1/system/state",
      "GET /v1/tasks or /v1/runs",
      "GET /describe/control if local shell or file access is needed",
      "Use POST system routes or host operations only when a write or exec is intended",
    ],
    notes: [
      'Every JSON answer is {"ok":true,"request_id":…,"data":…} or {"ok":false,"request_id":…,"error":{code,message,retryable,details}}.',
      "Host operations answer 200 once admitted: data.ok tells whether the operation itself succeeded.",
      "Unknown body fields are refused. Add ?pretty to indent an answer.",
      "Lists take limit (default 20, at most 200) and cursor; next_cursor is null on the last page.",
      "Streams are text/event-stream: use curl -N. Those with id lines resume with Last-Event-ID.",
      "Times are ISO 8601 UTC, durations end in _ms or Ms, sizes in _bytes or Bytes.",
      "With a shared token configured, routes that are not public need Authorization: Bearer.",
    ],
  },
  business: {
    flow: [
      "GET /describe/business",
      "Optionally GET /v1/capabilities",
      "Use read-only routes such as /v1/controllers, /v1/tasks and /v1/runs",
      "Use /describe/control if a local shell or file operation is intended",
    ],
    notes: [
      "This surface is enough for business queries without reading other docs.",
      "Control actions and host operations are on the other surface: /describe/control.",
    ],
  },
  control: {
    flow: [
      "GET /describe/control",
      "Optionally GET /v1/capabilities",
      "GET /v1/system/state",
      "Read host_operations if a local shell or file action is intended",
      "Only then call pause, resume, drain or a host operation",
    ],
    notes: [
      "This surface is enough for control without reading other docs.",
      "Business queries are on the other surface: /describe/business.",
      "Host operations answer their own result union in data, inside the outer envelope.",
    ],
  },
  public: {
    flow: ["GET /describe", "GET /v1/capabilities", "GET /v1/system/state"],
    notes: [
      'Every JSON answer is {"ok":true,"request_id":…,"data":…} or {"ok":false,"request_id":…,"error":{code,message,retryable,details}}.',
      "Only what is exposed through the public host is listed here; a caller with the shared token sees more.",
      "Times are ISO 8601 UTC, durations end in _ms or Ms, sizes in _bytes or Bytes. Add ?pretty to indent an answer.",
    ],
  },
};
