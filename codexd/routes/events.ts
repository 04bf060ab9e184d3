import { codexdEvents } from "../../shared/contracts/mod.ts";
import { route } from "../deps.ts";

export const eventRoutes = [
  route({
    ...codexdEvents,
    produces: "websocket",
    socket: ({ deps, query }) => ({
      accept: (socket) =>
        deps.subscriptions.accept(socket, {
          after: query.after,
          sessionId: query.session_id,
        }),
    }),
  }),
];
