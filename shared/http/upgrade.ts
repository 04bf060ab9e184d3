import { AppError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { RouteContext } from "./route.ts";

/**
 * Answers a WebSocket route: the route judges first, the 101 comes after.
 * @throws {AppError} UPGRADE_REQUIRED, INVALID_INPUT, or what the route throws
 */
export async function upgrade<Deps>(
  call: Call<Deps>,
  onSocket: (socket: WebSocket) => void,
): Promise<Response> {
  const { request, route, headerMap } = call;
  if (headerMap.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new AppError("UPGRADE_REQUIRED", undefined, {
      headers: { upgrade: "websocket", connection: "upgrade" },
    });
  }
  const plan = await route.socket?.(call as unknown as RouteContext<Deps>);
  if (plan === undefined) throw new AppError("ROUTE_NOT_FOUND");
  let upgraded: Deno.WebSocketUpgrade;
  try {
    upgraded = Deno.upgradeWebSocket(request, {
      idleTimeout: 30,
      ...(plan.protocol !== undefined && { protocol: plan.protocol }),
    });
  } catch (cause) {
    throw new AppError(
      "INVALID_INPUT",
      "Cannot upgrade: the WebSocket handshake is not valid",
      { cause },
    );
  }
  onSocket(upgraded.socket);
  plan.accept(upgraded.socket);
  return upgraded.response;
}
