import { formatAuthority, parseAuthority } from "../../../shared/authority.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { DaemonPorts } from "../../../shared/daemon/mod.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Logger } from "../../../shared/log.ts";
import {
  BRIDGE_PURPOSE,
  isProof,
  proof,
  type ProofKey,
  proofKey,
} from "../../../shared/proof.ts";
import type { BrowserChallenge, ChallengeQuery } from "../http_schemas.ts";
import { type OfferedProof, readProtocols } from "./admission.ts";
import { Challenges, NONCE_MS } from "./challenges.ts";
import { type Pairing, visitorIdentity } from "./pairing.ts";

/**
 * The door of the bridge: conductor proves here who answers, and judges, before
 * there is a socket, whoever knocks. No secret crosses, either way.
 */
export class Door {
  readonly #challenges: Challenges;
  readonly #pairing: Pairing;
  readonly #log: Logger;
  /** What conductor may hold by its configuration, each with its host. */
  readonly #authorities: ReadonlyMap<string, string>;
  readonly #listening: Pick<DaemonPorts["listening"], "holds">;
  /** What the shared token makes; undefined: there is none, browsers are paired. */
  readonly #key: ProofKey | undefined;

  constructor(options: DoorOptions) {
    const { base, clock, listening, log, pairing, token } = options;
    this.#challenges = new Challenges(clock);
    this.#pairing = pairing;
    this.#log = log;
    this.#authorities = authoritiesOf(base);
    this.#listening = listening;
    this.#key = token === undefined
      ? undefined
      : proofKey(BRIDGE_PURPOSE, token);
  }

  /**
   * Gives a nonce to prove something by, and proves to who can judge it that
   * this is the conductor it knows.
   * @throws {AppError} HOST_NOT_ALLOWED where conductor does not hold the address
   */
  challenge(host: string | null, query: ChallengeQuery): BrowserChallenge {
    const authority = this.#authority(host);
    const { client_nonce, client_id } = query;
    const nonce = this.#challenges.issue(client_nonce);
    const key = this.#key ??
      (client_id === undefined ? undefined : this.#pairing.keyOf(client_id));
    const proves = key !== undefined && client_nonce !== undefined;
    return {
      nonce,
      expires_in_ms: NONCE_MS,
      authority,
      admits_by: this.#key === undefined ? "pairing" : "token",
      identity_proof: proves
        ? proof(key, {
          role: "identity",
          authority,
          nonces: [client_nonce, nonce],
        })
        : null,
    };
  }

  /**
   * Judges an upgrade. The guard has seen a token already where one is
   * presented, and where one is set and nothing is offered to prove.
   * @throws {AppError} UNAUTHORIZED, HOST_NOT_ALLOWED
   */
  admit(headers: Headers): Admitted {
    const origin = headers.get("origin") ?? undefined;
    const { proof } = readProtocols(headers.get("sec-websocket-protocol"));
    if (proof !== undefined) {
      const authority = this.#authority(headers.get("host"));
      return { origin, proven: this.#prove(proof, { authority, origin }) };
    }
    if (this.#key !== undefined && origin !== undefined) {
      throw new AppError(
        "UNAUTHORIZED",
        "Cannot let this browser in: it has to prove that it knows the token, " +
          "and never to send it",
      );
    }
    return { origin };
  }

  #prove(
    { clientId, clientNonce, mac }: OfferedProof,
    { authority, origin }: {
      readonly authority: string;
      readonly origin: string | undefined;
    },
  ): Proven {
    const key = this.#key ??
      this.#pairing.keyOf(clientId, visitorIdentity(origin, clientId));
    const nonce = key && this.#challenges.spend(
      clientNonce,
      (nonce) =>
        isProof(mac, {
          key,
          role: "client",
          authority,
          nonces: [clientNonce, nonce],
        }),
    );
    if (key === undefined || nonce === undefined) {
      const client_id = clientId.slice(0, 128);
      this.#log.warn("Refused a browser", {
        reason: "proof",
        origin,
        client_id,
      });
      throw new AppError(
        "UNAUTHORIZED",
        "Cannot let this browser in: its proof is wrong, used up or too old",
      );
    }
    const nonces = [clientNonce, nonce] as const;
    return {
      clientId,
      answer: proof(key, { role: "server", authority, nonces }),
    };
  }

  #authority(host: string | null): string {
    const dialled = parseAuthority(host ?? "");
    // As a client's own URL writes it: without the default port.
    const authority = dialled === undefined
      ? ""
      : new URL(`http://${formatAuthority(dialled)}`).host;
    const held = [...this.#authorities]
      .filter(([, host]) => this.#listening.holds(host))
      .map(([authority]) => authority);
    if (held.includes(authority)) return authority;
    throw new AppError(
      "HOST_NOT_ALLOWED",
      "Cannot prove who answers at this address: somebody else could pass the " +
        `proof on. Dial one of: ${held.join(", ")}`,
    );
  }
}

/** How an upgrade was let in. */
export interface Admitted {
  /** The upgrade's `Origin`; undefined for a local program. */
  readonly origin?: string | undefined;
  /** Undefined: it has proven nothing that is bound to a client. */
  readonly proven?: Proven;
}

interface Proven {
  readonly clientId: string;
  /** Proves to the client that conductor knows the key, too. */
  readonly answer: string;
}

interface DoorOptions {
  readonly pairing: Pairing;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where conductor listens, with the port that it really has. */
  readonly base: URL;
  readonly listening: Pick<DaemonPorts["listening"], "holds">;
  readonly token: string | undefined;
}

/**
 * The authorities under which nobody but conductor can answer while it holds
 * them: its listen address, and the loopback names with the same port.
 */
function authoritiesOf(base: URL): ReadonlyMap<string, string> {
  const names = [base.hostname, "127.0.0.1", "localhost", "[::1]"];
  return new Map(
    names.map((host) => [
      new URL(`${base.protocol}//${host}:${base.port}`).host,
      host,
    ]),
  );
}
