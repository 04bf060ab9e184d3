import type { Clock, Timer } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type {
  Database,
  Fence,
  Identity,
  Leader,
  Lease,
  Stores,
} from "../store/mod.ts";
import { leaderOf, notLeader } from "./leader.ts";

/** Rows of dead controllers are shown for a day. */
const GONE_AFTER_MS = 86_400_000;

/**
 * This process as a controller: its registration, its heartbeat and, while
 * nobody else has it, the lease. Time on the wire is the wall clock, since
 * processes share it; how long this one may trust its lease is measured by the
 * clock that never jumps.
 */
export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #listeners = new Set<LeadershipListener>();
  #fence: Fence | undefined;
  /** Until when, monotonically, the lease is surely ours. */
  #safeUntil = 0;
  #leads = false;
  /** Another one's lease, and since when it is known, monotonically. */
  #seen:
    | Pick<Lease, "term" | "expires_at"> & { readonly since: number }
    | undefined;
  #failures = 0;
  #trouble: string | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  listen(listener: LeadershipListener): void {
    this.#listeners.add(listener);
  }

  /** Registers, and leads at once when nobody else does. */
  start(): void {
    this.#beat();
  }

  /** Whether this process leads at this very moment. */
  get isLeader(): boolean {
    return this.#leads && !this.#isOverdue();
  }

  /**
   * The same, of a process that may have been stopped for a while: it looks
   * before it gives up. Who is told no is told when it leads again.
   */
  stillLeads(): boolean {
    if (this.#leads && this.#isOverdue()) this.#beat();
    return this.isLeader;
  }

  get role(): "leader" | "standby" {
    return this.isLeader ? "leader" : "standby";
  }

  get identity(): Identity {
    return this.#options.identity;
  }

  /**
   * What keeps this process from renewing, or from becoming, a leader. A single
   * failure is no trouble: another process may just have been writing.
   */
  get trouble(): string | undefined {
    return this.#failures > 1 ? this.#trouble : undefined;
  }

  /** Whether what was begun under `fence` can surely never be written any more. */
  isOver(fence: Fence): boolean {
    try {
      const { instance_id, term } = this.#options.leases.read();
      return term !== fence.term || instance_id !== fence.instance_id;
    } catch {
      return false;
    }
  }

  /** Who holds the lease, as the database has it. */
  leader(): Leader | null {
    return leaderOf(this.#options.leases.read(), this.#now());
  }

  /**
   * Runs `action` as a transaction that commits only while the lease is held:
   * that is checked inside it, so a process that was stopped meanwhile, and does
   * not know, is refused.
   * @throws {AppError} `NOT_LEADER` naming the leader
   */
  write<T>(action: (fence: Fence) => T): T {
    return this.#options.db.write(this.#fenced(action));
  }

  /**
   * The same in one transaction with what else comes in this turn; resolves once
   * it is durable.
   * @throws {AppError} `NOT_LEADER` naming the leader
   */
  async share<T>(action: (fence: Fence) => T): Promise<T> {
    return await this.#options.db.share(this.#fenced(action));
  }

  #fenced<T>(action: (fence: Fence) => T): () => T {
    const fence = this.stillLeads() ? this.#fence : undefined;
    if (fence === undefined) throw notLeader(this.leader());
    return () => {
      if (!this.#options.leases.holds(fence, this.#now())) {
        throw notLeader(this.leader());
      }
      return action(fence);
    };
  }

  /** Ends the registration and gives the lease back. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    const { db, leases, controllers, identity, log } = this.#options;
    const fence = this.#fence;
    this.#leads = false;
    try {
      db.write(() => {
        if (fence !== undefined && leases.release(fence)) {
          this.#emit("lease.released", fence.term);
        }
        controllers.remove(identity.instance_id);
      });
    } catch (error) {
      log.warn("Cannot give the lease back: it will expire", { error });
    }
  }

  #beat(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    let next: number;
    try {
      next = this.#leads ? this.#renew() : this.#acquire();
      this.#failures = 0;
      this.#trouble = undefined;
    } catch (error) {
      this.#failures++;
      this.#trouble = messageOf(error);
      this.#options.log.warn("Cannot renew or take the lease", { error });
      next = this.#options.leaseMs / 10;
    }
    if (this.#leads && this.#isOverdue()) {
      this.#stepDown(this.#trouble ?? "the lease could not be renewed in time");
    }
    const limit = this.#leads
      ? Math.max(0, this.#safeUntil - this.#options.clock.monotonic())
      : Infinity;
    this.#timer = this.#options.clock.after(
      Math.min(next, limit),
      () => this.#beat(),
    );
  }

  /** Returns when to beat again. */
  #renew(): number {
    const { db, leases, leaseMs, clock } = this.#options;
    const fence = this.#fence;
    if (fence === undefined) throw new Error("Cannot renew: there is no fence");
    const started = clock.monotonic();
    // An expired lease that nobody took is still ours: nobody acted meanwhile.
    const renewed = db.write(() => {
      const now = this.#register();
      return leases.renew(fence, now + leaseMs);
    });
    if (!renewed) {
      this.#stepDown("another controller has taken the lease");
      return 0;
    }
    this.#trust(started);
    this.#tell((it) => it.renewed?.());
    return leaseMs / 3;
  }

  /** Takes the lease when it is free. Returns when to look again. */
  #acquire(): number {
    const { db, leases, leaseMs, clock } = this.#options;
    const started = clock.monotonic();
    const { fence, lease } = db.write(() => {
      const now = this.#register();
      const lease = leases.read();
      return { lease, fence: this.#take(lease, now) };
    });
    if (fence === undefined) {
      const left = lease.expires_at - this.#now();
      return Math.min(leaseMs / 3, Math.max(left, 1));
    }
    this.#fence = fence;
    this.#trust(started);
    this.#leads = true;
    this.#options.log.info("Leading", { term: fence.term });
    this.#tell((it) => it.gained?.());
    return leaseMs / 3;
  }

  #take(lease: Lease, now: number): Fence | undefined {
    const { leases, controllers, events, identity, leaseMs, isDead, onTerm } =
      this.#options;
    const { instance_id } = identity;
    const before = this.#fence;
    if (before !== undefined && leases.renew(before, now + leaseMs)) {
      // We had stepped down, and nobody led since: the term goes on.
      this.#emit("lease.acquired", before.term);
      return before;
    }
    const leader = leaderOf(lease, now);
    // Who stops gives the lease back.
    const hasCrashed = lease.instance_id !== null && isDead(lease.instance_id);
    if (leader !== null) {
      if (!hasCrashed && !this.#isForsaken(lease)) return undefined;
      controllers.remove(leader.instance_id);
    }
    const term = leases.take(identity, now + leaseMs);
    onTerm({ instance_id, term }, now);
    if (hasCrashed) {
      events.append("daemon.crashed", {
        daemon: "conductor",
        instance_id: lease.instance_id,
      }, now);
    }
    this.#emit("lease.acquired", term);
    return { instance_id, term };
  }

  /**
   * Tells whether nobody has renewed a lease for its whole period. How long it
   * seems to last does not count: its maker's clock, or ours, may have been set.
   */
  #isForsaken({ term, expires_at }: Lease): boolean {
    const { clock, leaseMs } = this.#options;
    const now = clock.monotonic();
    const seen = this.#seen;
    if (seen?.term !== term || seen.expires_at !== expires_at) {
      this.#seen = { term, expires_at, since: now };
      return false;
    }
    return now - seen.since >= leaseMs;
  }

  /** Says in the database that this process lives. Returns the time. */
  #register(): number {
    const { controllers, identity, leaseMs } = this.#options;
    const now = this.#now();
    if (!controllers.heartbeat(identity.instance_id, now)) {
      controllers.register(identity, now);
    }
    controllers.prune(identity.controller_id, {
      silentSince: now - leaseMs,
      goneSince: now - GONE_AFTER_MS,
    });
    return now;
  }

  /** A fifth of the period is kept back: time to end what runs. */
  #trust(since: number): void {
    this.#safeUntil = since + this.#options.leaseMs * 0.8;
  }

  #isOverdue(): boolean {
    return this.#options.clock.monotonic() >= this.#safeUntil;
  }

  #stepDown(reason: string): void {
    this.#leads = false;
    this.#options.log.warn("Stepping down", {
      reason,
      term: this.#fence?.term,
    });
    this.#tell((it) => it.lost?.(reason));
  }

  /** One that fails, since the disk does, keeps no other from hearing. */
  #tell(news: (listener: LeadershipListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        news(listener);
      } catch (error) {
        this.#options.log.warn("Cannot follow the lease now", { error });
      }
    }
  }

  #emit(type: "lease.acquired" | "lease.released", term: number): void {
    const { controller_id, instance_id, host } = this.#options.identity;
    const data = { controller_id, instance_id, host, term };
    this.#options.events.append(type, data, this.#now());
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

/** Who wants to know when this process starts and stops leading. */
interface LeadershipListener {
  gained?(): void;
  /** It leads still. */
  renewed?(): void;
  /** What was started in this term must end at once. */
  lost?(reason: string): void;
}

interface LeadershipOptions
  extends Pick<Stores, "leases" | "controllers" | "events"> {
  readonly db: Database;
  readonly identity: Identity;
  /** How long a lease lasts without renewal. */
  readonly leaseMs: number;
  /** Whether a process has surely ended, so that its lease is free. */
  readonly isDead: (instanceId: string) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Runs inside the transaction that makes this process the leader of a new
   * term: cleans up after the one before.
   */
  readonly onTerm: (fence: Fence, now: number) => void;
}
