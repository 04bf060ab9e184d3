import type { FakeCodexd } from "../../../conductor/codex/testing/fake_codexd.ts";
import type { RunningDaemon } from "../../testing/daemon.ts";

/** A way in that is tried, and what is right when it is. */
export interface Vector {
  readonly name: string;
  readonly room: Room;
  /** What is tried, in words. */
  readonly tries: string;
  readonly right: string;
  /** What it needs; without it, it is left out. */
  readonly needs: readonly Need[];
  /** Resolves with what got through; with undefined when nothing did. */
  readonly attempt: (stage: Stage) => Promise<string | undefined>;
}

/** The part of the product's rules that a vector is about. */
type Room =
  | "host"
  | "zone"
  | "origin"
  | "content type"
  | "token"
  | "size and rate"
  | "who is calling"
  | "the owner's pages"
  | "who is answering"
  | "staying alive"
  | "browser page"
  | "secrets";

/** Why each thing that a vector may need is not there. */
export const NEEDS = {
  own:
    "it leaves something behind: only an instance of the proof's own bears it",
  guarded: "no token is set there",
  state: "its state folder was not named",
  chromium: "there is no Chromium, or no driver (deno task real-parts)",
  stranger: "only root on Linux can become another user",
} as const;
export type Need = keyof typeof NEEDS;

/** A conductor that is attacked, and the token of its owner if it is known. */
export interface Target {
  readonly port: number;
  readonly token?: string | undefined;
}

/** What is attacked. */
export interface Stage {
  /** Without a token, where there is one: the ladder alone protects it. */
  readonly open: Target;
  /** With a token set. */
  readonly guarded: Target | undefined;
  /** `BAA_STATE_DIR` of the guarded one. */
  readonly stateDir: string | undefined;
  /** What the proof started itself; undefined: somebody else needs it. */
  readonly own: OwnStage | undefined;
}

/** Two conductors, and codexd, which nobody needs. */
export interface OwnStage {
  /** Of the guarded conductor. */
  readonly codexd: RunningDaemon;
  /** The open conductor's, which can be made to ask. */
  readonly fakeCodexd: FakeCodexd;
  readonly folder: string;
  readonly stateDir: string;
  /** What may be shown by nobody, planted in work and configuration. */
  readonly secrets: readonly string[];
  readonly token: string;
}

/** Returns the stage's own part. @throws {Error} where a vector forgot to need it */
export function ownOf({ own }: Stage): OwnStage {
  if (own === undefined) throw new Error("Cannot attack: it needs its own");
  return own;
}

/** Returns the conductor with a token. @throws {Error} as `ownOf()` */
export function guardedOf({ guarded }: Stage): Target {
  if (guarded === undefined) throw new Error("Cannot attack: it has no token");
  return guarded;
}
