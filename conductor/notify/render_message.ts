import { createHmac } from "node:crypto";
import { type Clock, isoTime } from "../../shared/clock.ts";
import { printable } from "../../shared/printable.ts";
import type { NotificationRow } from "../store/mod.ts";
import { type Details, LOOKS, type NotifyEvent } from "./news.ts";

/** Returns what is sent for a notification, as the receiver wants it. */
export function renderMessage(row: NotificationRow, options: MessageOptions) {
  const { base, node, format, withDetails } = options;
  const { notification_id: id, subject, at } = row;
  const event = row.event as NotifyEvent;
  const look = LOOKS[event];
  const link = new URL(`/v1/status/ui${look.page(subject)}`, base).href;
  const told: Details | undefined = withDetails && row.details !== null
    ? JSON.parse(row.details)
    : undefined;
  if (format === "json") {
    const facts = { id, event, subject, at: isoTime(at), node, link };
    return signed(JSON.stringify({ ...facts, ...told }), options);
  }
  const where = `${subject} on ${node}`;
  return {
    headers: {
      "title": headerText(told?.title ?? look.title),
      "priority": look.priority,
      "tags": look.tag,
      "click": link,
      "x-baa-notification-id": id,
    },
    body: told === undefined ? where : `${printable(told.message)}\n${where}`,
  };
}

export interface MessageOptions {
  /** Where the status pages are. */
  readonly base: URL;
  /** The controller's id. */
  readonly node: string;
  readonly format: "json" | "ntfy";
  readonly withDetails: boolean;
  /** Signs a JSON document; undefined: none is signed. */
  readonly secret: string | undefined;
  readonly clock: Clock;
}

/** The time in a signature tells how old what somebody recorded is. */
function signed(
  body: string,
  { secret, clock }: Pick<MessageOptions, "secret" | "clock">,
) {
  const headers = { "content-type": "application/json" };
  if (secret === undefined) return { headers, body };
  const t = Math.floor(clock.now() / 1000);
  const v1 = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
  return {
    headers: { ...headers, "x-baa-signature": `t=${t},v1=${v1}` },
    body,
  };
}

/** A header holds one line of ASCII: the rest is encoded as RFC 2047 says. */
function headerText(text: string): string {
  const line = printable(text);
  if (/^[\x20-\x7e]*$/.test(line)) return line;
  return `=?UTF-8?B?${new TextEncoder().encode(line).toBase64()}?=`;
}
