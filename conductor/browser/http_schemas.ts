import { z } from "zod";
import { ELSEWHERE } from "../../shared/describe/mod.ts";
import { identifier } from "./contract.ts";
import { EXTENSION_ACTIONS } from "./limits.ts";

const time = z.iso.datetime();
const recordStatus = z.enum(["fresh", "stale", "lost"]);
const platformName = z.string().min(1).max(64);
const address = z.string().min(1).max(8192);
const containerName = z.string().min(1).max(256);

/** Whose login: a container of the browser. */
const ofContainer = {
  cookie_store: z.string().nullable().describe(
    "Firefox's id of the container; null: it was not told",
  ),
  container: z.string().nullable().describe(
    'Its name; "default" outside of all containers',
  ),
};

/** Longest that a browser request may take: an hour. */
const MAX_TIMEOUT_MS = 3_600_000;

/** `GET /v1/browser?…` */
export const browserQuery = z.strictObject({
  platform: platformName.optional(),
  host: z.string().min(1).max(256).optional(),
  client_id: identifier.optional(),
  container: containerName.optional().describe(
    "Of tabs and login records: name or cookie store id",
  ),
  status: recordStatus.optional(),
});
export type BrowserQuery = z.output<typeof browserQuery>;

/** `GET /v1/browser/challenge?…` */
export const challengeQuery = z.strictObject({
  client_nonce: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/).optional()
    .describe("Random: 16 bytes or more in base64url"),
  client_id: identifier.optional(),
});
export type ChallengeQuery = z.output<typeof challengeQuery>;

/** What `GET /v1/browser/challenge` answers. */
export const browserChallenge = z.object({
  nonce: z.string(),
  expires_in_ms: z.int(),
  authority: z.string().describe("The address that was dialled"),
  admits_by: z.enum(["token", "pairing"]),
  identity_proof: z.string().nullable().describe(
    "HMAC-SHA-256 of identity, authority, client_nonce and nonce; null without client_nonce, or where client_id is not paired",
  ),
});
export type BrowserChallenge = z.output<typeof browserChallenge>;

const sighting = {
  client_id: z.string(),
  platform: z.string().nullable(),
  host: z.string(),
  seen_at: time,
  status: recordStatus,
};

/** What `GET /v1/browser` answers. */
export const browserView = z.object({
  bridge: z.object({
    connected: z.boolean(),
    websocket: z.string(),
    active_client_id: z.string().nullable(),
    in_flight: z.int(),
    heartbeat_ms: z.int(),
    clients: z.array(z.object({
      client_id: z.string(),
      connected: z.boolean(),
      active: z.boolean(),
      connection_id: z.string().nullable(),
      connected_since: time.nullable(),
      in_flight: z.int(),
      extension_version: z.string(),
      browser: z.string(),
      platform: z.string(),
      capabilities: z.array(z.string()),
      containers: z.array(z.object({
        cookie_store: z.string(),
        name: z.string(),
      })),
      first_seen_at: time,
      seen_at: time,
    })),
    pairing: z.object({
      /** False: the shared token decides who may connect. */
      required: z.boolean(),
      open_until: time.nullable(),
      paired: z.int(),
    }).meta({ [ELSEWHERE]: true }),
  }),
  tabs: z.array(z.object({
    ...sighting,
    tab_id: z.int(),
    ...ofContainer,
    url: z.string(),
    title: z.string(),
    active: z.boolean(),
    load: z.string(),
  })),
  login_records: z.array(z.object({
    ...sighting,
    ...ofContainer,
    header: z.string(),
    name: z.string(),
    fingerprint: z.string(),
    length: z.int(),
    captured_at: time,
    logged_out: z.boolean(),
  })),
  endpoints: z.array(z.object({
    ...sighting,
    method: z.string(),
    path: z.string(),
  })),
  policy: z.object({
    max_in_flight: z.int(),
    spacing_ms: z.int(),
    breaker_failures: z.int(),
    allowed_hosts: z.array(z.string()).describe(
      "Loopback and private targets that may be reached (BAA_BROWSER_HOSTS), beside every public http(s) host",
    ),
    platforms: z.array(
      z.object({
        platform: z.string(),
        in_flight: z.int(),
        failures_in_a_row: z.int(),
        breaker: z.enum(["closed", "open", "half_open"]),
        /** Null: the breaker stops nothing now. */
        breaker_until: time.nullable(),
        /** The end of the spacing; null: it is over. */
        next_request_at: time.nullable(),
        retry_after_ms: z.int(),
      }).meta({ [ELSEWHERE]: true }),
    ),
  }),
  platforms: z.array(z.object({
    name: z.string(),
    hosts: z.array(z.string()),
  })),
  summary: z.object({
    clients: z.int(),
    connected_clients: z.int(),
    tabs: z.int(),
    login_records: z.int(),
    endpoints: z.int(),
    fresh: z.int(),
    stale: z.int(),
    lost: z.int(),
  }).meta({ [ELSEWHERE]: true }),
});
export type BrowserView = z.output<typeof browserView>;

/** The actions of `POST /v1/browser/actions`: the extension's, and pairing. */
const BROWSER_ACTIONS = [...EXTENSION_ACTIONS, "pair", "unpair"] as const;

/** `POST /v1/browser/actions` */
export const actionBody = z.strictObject({
  action: z.enum(BROWSER_ACTIONS),
  platform: platformName.optional(),
  client_id: identifier.optional(),
  tab_id: z.int().min(0).optional(),
  container: containerName.optional(),
  url: address.optional(),
  reason: z.string().max(1024).optional(),
});
export type ActionBody = z.output<typeof actionBody>;

/** What an action answers: the outcome as the extension reports it. */
export const actionData = z.object({
  action: z.enum(BROWSER_ACTIONS),
  client_id: z.string().nullable(),
  ok: z.boolean(),
  result: z.record(z.string(), z.unknown()),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ActionData = z.output<typeof actionData>;

/** `POST /v1/browser/request`, and the payload of a `browser` task. */
export const requestBody = z.strictObject({
  request_id: identifier.optional(),
  platform: platformName.optional(),
  url: address.optional(),
  path: address.optional(),
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    .default("GET"),
  headers: z.record(z.string(), z.string().max(16_384)).default({}),
  body: z.json().optional(),
  body_base64: z.string().optional(),
  response_mode: z.enum(["buffered", "sse"]).optional(),
  timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).optional(),
  follow_redirects: z.boolean().optional().describe(
    "To other origins, too, as GET or HEAD without the body and most headers: any other redirect there is the answer",
  ),
  client_id: identifier.optional(),
  tab_id: z.int().min(0).optional(),
  container: containerName.optional(),
});
export type RequestBody = z.output<typeof requestBody>;

/** What is known of a response before its body. */
const responseHead = {
  status: z.int(),
  /** Lower-case names, without credentials. */
  headers: z.record(z.string(), z.string()),
  /** Redirects followed. */
  url: z.string(),
  /** Whose principal sent the request; null when the browser does not say. */
  via: z.enum(["page", "background"]).nullable(),
  tab_id: z.int().nullable(),
  ...ofContainer,
  /** Another origin that the site sends it on to; null: it does not. */
  redirected_to: z.string().nullable(),
  /** Null when the browser does not say. */
  from_cache: z.boolean().nullable(),
};

/** What a buffered request answers. */
export const requestData = z.object({
  request_id: z.string(),
  client_id: z.string(),
  platform: z.string(),
  ...responseHead,
  body: z.string().nullable(),
  body_base64: z.string().nullable(),
  body_bytes: z.int(),
  started_at: time,
  duration_ms: z.int(),
});
export type RequestData = z.output<typeof requestData>;

const ofRequest = { request_id: z.string() };

/** The events of a streamed request. */
export const requestEvents = {
  stream_open: z.object({
    ...ofRequest,
    ...responseHead,
    format: z.enum(["sse", "text"]),
  }),
  stream_event: z.object({
    ...ofRequest,
    seq: z.int(),
    event: z.string(),
    data: z.string(),
    id: z.string().optional(),
  }),
  stream_end: z.object({ ...ofRequest, events: z.int(), chars: z.int() }),
  stream_error: z.object({
    ...ofRequest,
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    hint: z.string().optional(),
    details: z.record(z.string(), z.unknown()),
  }),
};

/** `POST /v1/browser/request/cancel` */
export const cancelBody = z.strictObject({
  request_id: identifier,
  reason: z.string().max(1024).optional(),
});

/** What a cancel answers. */
export const cancelData = z.object({
  request_id: z.string(),
  running: z.boolean(),
  confirmed: z.boolean(),
});
export type CancelData = z.output<typeof cancelData>;
