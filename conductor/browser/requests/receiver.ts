import type { AppError } from "../../../shared/errors.ts";
import type { AnswerMessage, FromExtension } from "../contract.ts";
import { withoutCredentials } from "../extension/mod.js";
import type { RequestData } from "../http_schemas.ts";

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
  /** Where the response came from; where it was asked for until that is known. */
  readonly url: string;
}

/** What is known of a response before its body, as HTTP answers it. */
export type ResponseHead = Pick<
  RequestData,
  | "status"
  | "headers"
  | "url"
  | "via"
  | "tab_id"
  | "cookie_store"
  | "container"
  | "redirected_to"
  | "from_cache"
>;

/** Reads the head of an answer; `url` is where the request was sent to. */
export function headOf(
  message: Omit<FromExtension<"stream_open">, "type" | "id">,
  url: string,
): ResponseHead {
  return {
    status: message.status,
    headers: withoutCredentials(message.headers),
    url: message.url ?? url,
    via: message.via ?? null,
    tab_id: message.tabId ?? null,
    cookie_store: message.cookieStore ?? null,
    container: message.container ?? null,
    redirected_to: message.redirectedTo ?? null,
    from_cache: message.fromCache ?? null,
  };
}
