import { call } from "../../testing/http.ts";
import type { Answer } from "../../testing/http.ts";
import type { Ledger } from "./ledger.ts";
import type { Stage } from "./stage.ts";

/** One who uses conductor: does its part again and again, so many milliseconds after it has ended. */
export interface SoakClient {
  readonly everyMs: number;
  act(round: number): Promise<void>;
  /** When the load is over. */
  leave?(): Promise<void>;
}

/** Makes a client; what it does alone it keeps to itself. */
export type MakeClient = (desk: Desk) => SoakClient;

/** How clients call conductor: with the token, timed, and what was acknowledged noted. */
export class Desk {
  readonly stage: Stage;
  readonly ledger: Ledger;

  constructor(stage: Stage, ledger: Ledger) {
    this.stage = stage;
    this.ledger = ledger;
  }

  get headers(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.stage.token}` };
  }

  /** Milliseconds of the machine as the daemons count them. */
  daemonMs(ms: number): number {
    return Math.round(ms * (this.stage.time?.speed ?? 1));
  }

  /** The data of a success. */
  async get(kind: string, path: string): Promise<Answer["data"]> {
    return (await this.ask(kind, path)).data;
  }

  /** The data of a success, which stands in the audit trail from now on. */
  async post(
    kind: string,
    path: string,
    body: unknown,
  ): Promise<Answer["data"]> {
    const { request_id, data } = await this.ask(kind, path, body);
    this.ledger.acknowledged.add(request_id);
    return data;
  }

  /** An answer; one that is neither a success nor among `refusals` throws. */
  async ask(
    kind: string,
    path: string,
    body?: unknown,
    refusals: readonly string[] = [],
  ): Promise<Answer> {
    const url = this.stage.origin + path;
    const answer = await this.ledger.time(
      kind,
      () => call(url, body, this.headers),
    );
    if (!answer.ok && !refusals.includes(answer.error.code)) {
      throw new Error(
        `${path}: ${answer.status} ${JSON.stringify(answer.error)}`,
      );
    }
    return answer;
  }

  /** An answer that is left to be read; `signal` leaves it. */
  async open(
    path: string,
    { body, headers, signal }: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Response> {
    const response = await fetch(this.stage.origin + path, {
      ...(body !== undefined && {
        method: "POST",
        body: JSON.stringify(body),
      }),
      headers: {
        "content-type": "application/json",
        ...this.headers,
        ...headers,
      },
      ...(signal && { signal }),
    });
    if (!response.ok) {
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    }
    return response;
  }
}

/** Throws unless what came is what was to come. */
export function expect(found: unknown, wanted: unknown): void {
  const [came, right] = [found, wanted].map((it) => JSON.stringify(it));
  if (came !== right) throw new Error(`${came?.slice(0, 300)} came: ${right}`);
}
