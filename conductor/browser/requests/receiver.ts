import type { AppError } from "../../../shared/errors.ts";
import type { FromExtension } from "../contract.ts";
import { withoutCredentials } from "../extension/mod.js";
import type { ResponseHead } from "./order.ts";

/** A message that answers an `api_request`. */
export type AnswerMessage = FromExtension<
  | "api_response"
  | "body_chunk"
  | "stream_open"
  | "stream_event"
  | "stream_end"
  | "stream_error"
>;

/** Takes a browser's answer to one request, message by message. */
export interface Receiver {
  /**
   * Takes the next message; returns whether the answer is complete.
   * @throws {AppError} when the message cannot belong to the answer.
   */
  take(message: AnswerMessage): boolean;
  /** Ends the answer early. */
  fail(error: AppError): void;
  /** The status of the response, once it is known. */
  readonly status: number | undefined;
}

type HeadFields = FromExtension<"stream_open">;

/** Reads the head of an answer; `url` is where the request was sent to. */
export function headOf(
  message: Omit<HeadFields, "type" | "id">,
  url: string,
): ResponseHead {
  return {
    status: message.status,
    headers: withoutCredentials(message.headers),
    url: message.url ?? url,
    via: message.via ?? null,
    tabId: message.tabId ?? null,
  };
}
