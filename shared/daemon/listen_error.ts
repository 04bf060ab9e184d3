import { messageOf } from "../errors.ts";

/** Another process holds the address, or it may not be used. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor(address: ListenAddress, cause: unknown) {
    const what = "path" in address ? "socket" : "port";
    const reason = cause instanceof Deno.errors.AddrInUse
      ? `the ${what} is already in use`
      : messageOf(cause);
    super(`Cannot listen on ${nameOf(address)}: ${reason}`, { cause });
  }
}

/** Where a listener listens: on an address of the network, or on a Unix socket. */
export type ListenAddress =
  | { readonly hostname: string; readonly port: number }
  | { readonly path: string };

/** Returns an address as it stands in logs and errors. */
export function nameOf(address: ListenAddress): string {
  if ("path" in address) return address.path;
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
