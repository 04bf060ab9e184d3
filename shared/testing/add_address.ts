/** Gives this machine an address for the length of a scope, where that is allowed. */
export function addAddress(address: string): AsyncDisposable | undefined {
  const ip = (...args: string[]) => {
    try {
      return new Deno.Command("ip", { args, stdout: "null", stderr: "null" })
        .outputSync().success;
    } catch {
      return false;
    }
  };
  if (!ip("addr", "add", `${address}/32`, "dev", "lo")) return undefined;
  return {
    [Symbol.asyncDispose]: () =>
      Promise.resolve(void ip("addr", "del", `${address}/32`, "dev", "lo")),
  };
}
