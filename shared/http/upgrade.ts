import { AppError, invalidInput } from "../errors.ts";
import type { Call } from "./call.ts";
import type { HeaderMap, RouteWith } from "./route.ts";
import { CLOSE } from "./socket.ts";

/** Seconds without a frame until Deno pings, twice that until it gives up. */
const IDLE_TIMEOUT_S = 30;

/**
 * Answers a WebSocket route: the route judges first, the 101 comes after.
 * `onSocket` comes before the route's own `accept`.
 * @throws {AppError} UPGRADE_REQUIRED, INVALID_INPUT, or what the route throws
 */
export async function upgrade<Deps>(
  call: Call<Deps>,
  route: RouteWith<Deps, "socket">,
  onSocket: (socket: WebSocket) => void,
): Promise<Response> {
  const { request, headerMap } = call;
  checkHandshake(request.method, headerMap);
  // Deno watches the client only from the moment that this is read.
  const { signal } = request;
  const plan = await route.socket(call);
  // A client that left meanwhile gives a socket that never opens nor closes.
  if (signal.aborted) throw new AppError("CONFLICT", "The client left");
  const { socket, response } = Deno.upgradeWebSocket(request, {
    idleTimeout: IDLE_TIMEOUT_S,
    ...(plan.protocol !== undefined && { protocol: plan.protocol }),
  });
  response.headers.set("x-request-id", call.requestId);
  onSocket(socket);
  signal.addEventListener("abort", () => {
    if (socket.readyState !== WebSocket.CONNECTING) return;
    socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  }, { once: true });
  endWith(call.ended, socket);
  try {
    plan.accept(socket);
  } catch (error) {
    // From here on any other answer than the 101 would end the whole server.
    call.log.error("A socket could not be accepted", { error });
    closeWhenOpen(socket, 1011, "internal error");
  }
  return response;
}

/** Closes a socket when what its client presented counts no more. */
function endWith(ended: AbortSignal | undefined, socket: WebSocket): void {
  if (ended === undefined) return;
  const close = () => {
    closeWhenOpen(socket, CLOSE.policy, "the token counts no more");
  };
  ended.addEventListener("abort", close);
  socket.addEventListener("close", () => {
    ended.removeEventListener("abort", close);
  });
}

/** Closes a socket; one that is still connecting as soon as it is open. */
export function closeWhenOpen(
  socket: WebSocket,
  code: number,
  reason: string,
): void {
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.addEventListener("open", () => socket.close(code, reason));
  } else socket.close(code, reason);
}

/** Checks what Deno takes on trust: it upgrades a POST and any version. */
function checkHandshake(method: string, headers: HeaderMap): void {
  const upgrades = headers.get("upgrade")?.toLowerCase() === "websocket" &&
    /\bupgrade\b/i.test(headers.get("connection") ?? "");
  if (!upgrades || method !== "GET") {
    throw new AppError("UPGRADE_REQUIRED", undefined, {
      headers: { upgrade: "websocket", connection: "upgrade" },
    });
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new AppError(
      "UPGRADE_REQUIRED",
      "Cannot upgrade: sec-websocket-version must be 13",
      { headers: { upgrade: "websocket", "sec-websocket-version": "13" } },
    );
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    throw invalidInput("sec-websocket-key", "Must be 16 bytes in base64", {
      message: "Cannot upgrade: the WebSocket handshake is not valid",
    });
  }
}
