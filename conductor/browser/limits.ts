/** The only version of these messages so far. */
export const PROTOCOL_VERSION = 1;

/** Bounds that both ends keep; `hello_ack` tells them to the extension. */
export const BROWSER_LIMITS = {
  /** Characters of one frame, either way. */
  maxMessageChars: 4_194_304,
  /** Bytes of a body that one `body_chunk` or `stream_event` carries. */
  chunkBytes: 262_144,
  /** Bytes of a request's body. */
  maxRequestBytes: 16_777_216,
  /** Bytes of a response's body that is answered in one piece. */
  maxResponseBytes: 33_554_432,
  /** Bytes that an end lets wait in its socket before it holds back. */
  highWaterBytes: 4_194_304,
  /** Requests that run in one browser at once, whatever their platform. */
  maxInFlight: 32,
} as const;

/** The actions that conductor may ask of the extension. */
export const EXTENSION_ACTIONS = [
  "open_tab",
  "plugin_status",
  "ws_reconnect",
  "controller_reload",
  "tab_restore",
  "tab_focus",
  "tab_reload",
  "request_credentials",
] as const;
export type ExtensionAction = typeof EXTENSION_ACTIONS[number];
