import { z } from "zod";
import { type ExtensionAction, PROTOCOL_VERSION } from "./limits.ts";

/**
 * What conductor and the Firefox extension say to each other on `/ws/firefox`:
 * JSON text frames, one message a frame, told apart by `type`. Unknown fields
 * are dropped, never stored: an extension may be newer than its conductor.
 */

/** A name that the other side chose: of a client, a request, an action. */
export const identifier = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);

const short = z.string().max(256);
const sentence = z.string().max(4096);
const address = z.string().max(8192);
const status = z.int().min(100).max(599);
const headers = z.record(z.string().max(256), z.string().max(32_768));

/** Base64 text, read as its bytes. */
const base64 = z.string().transform((text, context) => {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    context.addIssue("give base64");
    return z.NEVER;
  }
});

/** A moment: ISO 8601, or milliseconds since the epoch. Read as the latter. */
const moment = z.union([
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  z.number().int().min(0).max(8.64e15),
]);

const jsonObject = z.record(z.string(), z.unknown());

/** A container of the browser: a login of its own. */
const containerSchema = z.object({
  cookieStore: short.describe("Firefox's id of it, e.g. firefox-container-1"),
  name: short.describe('As its owner named it; "default" outside of all'),
});

/** What a failure says beside its code. */
const failureFacts = {
  message: sentence.default(""),
  containers: z.array(
    containerSchema.extend({ tabIds: z.array(z.int()).max(500).default([]) }),
  ).max(500).optional().describe(
    "What could have been meant: with no_container, ambiguous_container",
  ),
  tabs: z.array(z.object({
    tabId: z.int(),
    state: z.enum(["busy", "dialog", "discarded"]),
  })).max(500).optional().describe("Why no tab could be used: with tab_busy"),
};

const failure = z.object({ code: short, ...failureFacts });

/** A tab, as far as it may be known: its address has no query and no fragment. */
const tabSchema = z.object({
  id: z.int().min(0),
  url: address,
  title: z.string().max(1024).default(""),
  active: z.boolean().default(false),
  status: short.default("complete"),
  cookieStore: short.default("").describe("Of its container"),
});

/** A credential that the browser sent to a site: everything but its value. */
const credentialSchema = z.object({
  platform: short.optional(),
  host: short,
  cookieStore: short.default("").describe("Of the container it was sent from"),
  header: short.describe("Lower-case header name, e.g. cookie"),
  name: short.default("").describe(
    "The cookie's name, where the header is cookie",
  ),
  fingerprint: z.string().regex(/^[0-9a-f]{8,64}$/).describe(
    "A hash with a key that never leaves the browser, so it cannot be guessed back",
  ),
  length: z.int().min(0).describe("Length of the value in characters"),
  capturedAt: moment.optional(),
  seenAt: moment.optional(),
  loggedOut: z.boolean().default(false).describe(
    "The site took the credential away",
  ),
});

/** An endpoint that a page was seen to use. */
const endpointSchema = z.object({
  platform: short.optional(),
  host: short,
  method: short,
  path: address.describe(
    "The path with what looks like an id replaced by :id; no query",
  ),
  lastSeenAt: moment.optional(),
});

/** What is known of a response before its body. */
const responseHead = {
  status,
  headers: headers.default({}),
  url: address.optional().describe(
    "Where the response came from in the end, redirects followed",
  ),
  via: z.enum(["page", "background"]).optional().describe(
    "Whose principal sent the request",
  ),
  tabId: z.int().min(0).optional(),
  cookieStore: short.optional().describe("Whose login was used"),
  container: short.optional().describe("Its name"),
  redirectedTo: address.optional().describe(
    "Where the site sends it on to: another origin, cut of its secrets",
  ),
  fromCache: z.boolean().optional(),
};

/** A piece of a body. */
const chunk = {
  id: identifier,
  seq: z.int().min(0).describe("From 0, without a gap"),
  last: z.boolean(),
};

const apiResponse = z.object({
  type: z.literal("api_response"),
  id: identifier,
  ...responseHead,
  status: status.optional().describe("Absent in a failure"),
  body: z.string().optional(),
  bodyBase64: base64.optional(),
  chunked: z.boolean().default(false).describe(
    "The body follows in body_chunk messages",
  ),
  error: failure.optional(),
}).refine(
  (it) => it.status !== undefined || it.error !== undefined,
  { message: "give a status or an error" },
);

/** What the extension may say. */
export const extensionMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    protocol: z.int().default(PROTOCOL_VERSION),
    clientId: identifier.describe("Stable per browser profile"),
  }).describe("Nothing else is said before the other end has proven itself"),
  z.object({
    type: z.literal("client_info"),
    extensionVersion: short.default(""),
    browser: z.union([
      short,
      z.object({ name: short, version: short.default("") }),
    ]).default(""),
    platform: z.union([
      short,
      z.object({ os: short, arch: short.default("") }),
    ]).default(""),
    capabilities: z.array(short).max(64).default([]),
  }),
  z.object({
    type: z.literal("tabs"),
    tabs: z.array(tabSchema).max(500).describe(
      "All of them, on each change; id and url are required",
    ),
    containers: z.array(containerSchema).max(500).default([]),
  }),
  z.object({
    type: z.literal("credentials"),
    credentials: z.array(credentialSchema).max(500).describe(
      "host, header, fingerprint (8 to 64 hex digits of a keyed hash, never a value) and length are required; times are ISO 8601 or milliseconds",
    ),
  }),
  z.object({
    type: z.literal("api_endpoints"),
    endpoints: z.array(endpointSchema).max(500).describe(
      "host, method and path are required",
    ),
  }),
  z.object({
    type: z.literal("action_request"),
    id: identifier.optional(),
    action: z.enum(["pause", "resume", "drain"]),
    requestedBy: short.optional(),
    reason: sentence.optional(),
  }),
  apiResponse,
  z.object({ type: z.literal("body_chunk"), ...chunk, data: base64 }),
  z.object({ type: z.literal("stream_open"), id: identifier, ...responseHead }),
  z.object({
    type: z.literal("stream_event"),
    id: identifier,
    seq: z.int().min(0).describe("From 0, without a gap"),
    chunk: z.string().describe(
      "Text just as it arrived: conductor alone parses event streams",
    ),
  }),
  z.object({ type: z.literal("stream_end"), id: identifier }),
  z.object({
    type: z.literal("stream_error"),
    id: identifier,
    code: short,
    ...failureFacts,
  }),
  z.object({
    type: z.literal("client_log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    message: sentence,
  }),
  z.object({ type: z.literal("pong") }),
  z.object({
    type: z.literal("action_status"),
    id: identifier,
    action: short,
    ok: z.boolean(),
    result: jsonObject.optional(),
    error: failure.optional(),
  }),
]);
export type ExtensionMessage = z.output<typeof extensionMessage>;

/** What the extension may write: fields with a default may be left out. */
export type ExtensionInput = z.input<typeof extensionMessage>;

/** One message of the extension by its `type`. */
export type FromExtension<T extends ExtensionMessage["type"]> = Extract<
  ExtensionMessage,
  { readonly type: T }
>;

/** A message that answers an `api_request`. */
export type AnswerMessage = FromExtension<
  | "api_response"
  | "body_chunk"
  | "stream_open"
  | "stream_event"
  | "stream_end"
  | "stream_error"
>;

const action = <const A extends ExtensionAction>(type: A) =>
  z.object({
    type: z.literal(type),
    id: identifier,
    platform: short.optional(),
    tabId: z.int().min(0).optional(),
    container: short.optional().describe("Name or cookie store id"),
    url: address.optional(),
    reason: sentence.optional(),
  });

/** The answer to `hello`: what holds for the connection, or why there is none. */
const helloAck = z.discriminatedUnion("ok", [
  z.object({
    type: z.literal("hello_ack"),
    ok: z.literal(true),
    connectionId: identifier,
    protocol: z.literal(PROTOCOL_VERSION),
    heartbeatMs: z.int(),
    limits: z.record(z.string(), z.int()),
    platforms: z.array(z.object({ name: short, hosts: z.array(short) }))
      .describe(
        "Which hosts belong to which platform: only these are observed",
      ),
    allowedHosts: z.array(short).describe(
      "Loopback and private targets that requests may reach, as host:port",
    ),
    state: jsonObject,
    proof: short.optional().describe(
      "Answers the proof of the upgrade: nothing is obeyed before it is right",
    ),
    pairingKey: short.optional().describe(
      "32 bytes in base64url: what to prove from now on; given once",
    ),
  }),
  z.object({
    type: z.literal("hello_ack"),
    ok: z.literal(false),
    reason: z.enum(["bad_hello", "not_paired", "no_hello"]),
    message: sentence,
    closeCode: z.int(),
  }),
]);

/** What conductor may say. */
export const conductorMessage = z.discriminatedUnion("type", [
  helloAck,
  z.object({ type: z.literal("state_snapshot"), state: jsonObject }),
  z.object({
    type: z.literal("action_result"),
    id: identifier.optional(),
    action: short,
    ok: z.boolean(),
    state: jsonObject.optional(),
    error: failure.optional(),
  }),
  action("open_tab"),
  action("plugin_status"),
  action("ws_reconnect"),
  action("controller_reload"),
  action("tab_restore"),
  action("tab_focus"),
  action("tab_reload"),
  action("request_credentials"),
  z.object({
    type: z.literal("api_request"),
    id: identifier,
    method: short,
    url: address,
    platform: short.optional(),
    headers,
    body: z.string().optional(),
    bodyBase64: z.string().optional(),
    chunked: z.boolean().describe("The body follows in body_chunk messages"),
    responseMode: z.enum(["buffered", "sse"]),
    timeoutMs: z.int().min(1),
    followRedirects: z.boolean().describe(
      "Whether a redirect to another origin is followed, or is the answer",
    ),
    notTo: z.array(short).describe(
      "Hosts that are to be left alone now: a redirect to one is the answer",
    ),
    tabId: z.int().min(0).optional().describe(
      "The tab to use; without it, one of the same origin",
    ),
    container: short.optional().describe(
      "Name or cookie store id: the request runs there or nowhere",
    ),
  }),
  z.object({ type: z.literal("body_chunk"), ...chunk, data: z.string() }),
  z.object({
    type: z.literal("request_cancel"),
    id: identifier,
    reason: sentence,
  }),
  z.object({ type: z.literal("ping") }),
  z.object({ type: z.literal("error"), code: short, message: sentence }),
]);
export type ConductorMessage = z.output<typeof conductorMessage>;

/** One message of conductor by its `type`. */
export type FromConductor<T extends ConductorMessage["type"]> = Extract<
  ConductorMessage,
  { readonly type: T }
>;
