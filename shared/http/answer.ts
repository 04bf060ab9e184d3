import {
  type AnswerContext,
  json,
  page,
  plainText,
  success,
} from "./respond.ts";
import { Reply, type Route } from "./route.ts";

/** Turns what a handler returned into the answer that its route promises. */
export function write<Deps>(
  result: unknown,
  route: Route<Deps>,
  answer: AnswerContext,
): Response {
  const { data, status, headers } = result instanceof Reply
    ? result
    : { data: result, status: route.status ?? 200, headers: undefined };
  switch (route.produces ?? "json") {
    case "text":
      return plainText(String(data), answer, status);
    case "html":
      return page(String(data), answer, { headers });
    case "document":
      return json(data, answer, { status, headers });
    default:
      return success(data, answer, { status, headers });
  }
}
