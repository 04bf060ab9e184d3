import { isLoopback } from "../authority.ts";

/** Says in one line who can do what: at the start, in `--print-config`, in the status. */
export function whoMay(
  { listen, token, publicBase, knowsNames }: Entrances,
): string {
  const words = token === undefined
    ? [
      isLoopback(listen.hostname)
        ? "any program on this machine is the owner: no token is set"
        : `whoever reaches ${listen.origin} is the owner: no token is set, and the network is trusted`,
    ]
    : [
      "who has the shared token is the owner",
      ...(knowsNames ? ["a named token opens what its scopes allow"] : []),
      "without one only mode, health, version and uptime are shown",
    ];
  if (publicBase !== undefined) {
    words.push(
      token === undefined
        ? `through ${publicBase.host} only mode, health, version and uptime are shown`
        : `through ${publicBase.host} the shared token reads work, and pauses, drains and resumes it`,
    );
  }
  return words.join("; ");
}

/** The ways into a daemon. */
interface Entrances {
  readonly listen: URL;
  readonly token: string | undefined;
  readonly publicBase: URL | undefined;
  readonly knowsNames: boolean;
}
