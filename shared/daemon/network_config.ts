import { isLoopback } from "../authority.ts";
import { readSecretFile } from "./secret_file.ts";
import { MAKE_A_TOKEN, weaknessOf } from "./token_strength.ts";

/** Reads the token file and judges the listen address against the token. */
export function judgeNetwork(settings: NetworkSettings): NetworkVerdict {
  const problems: string[] = [];
  const warnings: string[] = [];
  const { listen, listenVariable, sharedTokenFile: file } = settings;
  let token = settings.sharedToken;
  if (file !== undefined && token !== undefined) {
    problems.push(
      "BAA_SHARED_TOKEN and BAA_SHARED_TOKEN_FILE are both set: give one",
    );
  } else if (file !== undefined) {
    const read = readSecretFile("BAA_SHARED_TOKEN_FILE", file);
    token = read.secret;
    problems.push(...read.problems);
    warnings.push(...read.warnings);
  }
  const weakness = token === undefined ? undefined : weaknessOf(token);
  if (weakness !== undefined) {
    const where = settings.sharedToken !== undefined
      ? "BAA_SHARED_TOKEN"
      : `BAA_SHARED_TOKEN_FILE is ${JSON.stringify(file)}, and the token in it`;
    problems.push(`${where} can be guessed: ${weakness}; ${MAKE_A_TOKEN}`);
  }
  if (listen !== undefined && !isLoopback(listen.hostname)) {
    if (listen.port === "0") {
      problems.push(
        `${listenVariable} is "${listen.origin}": port 0 goes with a loopback address only`,
      );
    }
    if (token === undefined && !settings.allowUnauthenticatedLan) {
      problems.push(
        `${listenVariable} is "${listen.origin}", which is not loopback, and no token is set: give BAA_SHARED_TOKEN or BAA_SHARED_TOKEN_FILE, or BAA_ALLOW_UNAUTHENTICATED_LAN=1 when the network is trusted`,
      );
    } else if (token === undefined) {
      warnings.push(
        `Listening on ${listen.origin} without a token: everybody who reaches this address can run commands (BAA_ALLOW_UNAUTHENTICATED_LAN=1)`,
      );
    }
  }
  if (
    settings.publicApiBase !== undefined && token === undefined &&
    settings.publicProxyAddresses === undefined
  ) {
    warnings.push(
      "BAA_CONDUCTOR_PUBLIC_API_BASE is set without a token and without BAA_PUBLIC_PROXY_ADDRESSES: a proxy that hides itself would count as local",
    );
  }
  return { token, problems, warnings };
}

/** The settings that decide who may come in. */
export interface NetworkSettings {
  /** Undefined when what was given is not an address: that is a problem already. */
  readonly listen: URL | undefined;
  /** The name of the variable that holds `listen`. */
  readonly listenVariable: string;
  readonly sharedToken: string | undefined;
  readonly sharedTokenFile: string | undefined;
  readonly allowUnauthenticatedLan: boolean;
  readonly publicApiBase?: URL | undefined;
  readonly publicProxyAddresses?: readonly string[] | undefined;
}

/** The token in force, what stops the start, and what warns on each start. */
interface NetworkVerdict {
  readonly token: string | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}
