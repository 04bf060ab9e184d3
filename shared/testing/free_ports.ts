/** Returns a port that was free a moment ago. */
export function freePort(hostname = "127.0.0.1"): number {
  return freePorts(1, hostname)[0] ?? 0;
}

/**
 * Returns ports that were free a moment ago, and none that the system gives to
 * who asks for any (from 32768 on Linux, 49152 on macOS): no other test gets
 * them meanwhile by listening on port 0.
 */
export function freePorts(count: number, hostname = "127.0.0.1"): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    try {
      Deno.listen({ hostname, port }).close();
      ports.add(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return [...ports];
}
