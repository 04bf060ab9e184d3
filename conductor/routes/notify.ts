import { AppError } from "../../shared/errors.ts";
import { type Deps, route, unlessLeader } from "../deps.ts";
import { TestOutcome } from "../notify/mod.ts";

const NOBODY = "nobody is notified: BAA_NOTIFY_URL is not set";

/** Why nothing can be sent now. */
const unavailable = (deps: Deps) =>
  deps.notifier === undefined ? NOBODY : unlessLeader(deps);

/** What tells the owner of what has happened. */
export const notifyRoutes = [
  route({
    id: "notify.test",
    method: "POST",
    path: "/v1/notify/test",
    kind: "write",
    surface: "control",
    exposure: "local",
    scope: "admin",
    summary: "Send a test notification, and tell if it came",
    notes: [
      "It goes through the outbox as the others do: what was not delivered is tried again.",
    ],
    data: TestOutcome,
    errors: ["CONFLICT", "NOT_LEADER", "NOT_READY"],
    unavailable,
    auditFacts: ({ notification_id, delivered }) => ({
      notification_id,
      delivered,
    }),
    async handler({ deps: { notifier }, signal }) {
      if (notifier !== undefined) return await notifier.test(signal);
      throw new AppError("CONFLICT", `Cannot send a notification: ${NOBODY}`, {
        hint: "Set BAA_NOTIFY_URL and start conductor again.",
      });
    },
  }),
];
