/** Returns a port that was free a moment ago. */
export function freePort(hostname = "127.0.0.1"): number {
  return freePorts(1, hostname)[0] ?? 0;
}

/** Returns ports that were free a moment ago; held all at once, so that they differ. */
export function freePorts(count: number, hostname = "127.0.0.1"): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname, port: 0 }),
  );
  const ports = listeners.map((it) => it.addr.port);
  for (const it of listeners) it.close();
  return ports;
}
