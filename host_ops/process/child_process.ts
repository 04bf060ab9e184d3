/** A program that runs as the leader of a process group of its own. */
export interface ChildProcess {
  /** Its process id, which is the id of its group as well. */
  readonly pid: number;
  readonly stdin: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** How the leader ended. Never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  /**
   * Tells of a program that seems to have failed whether it was never begun, so
   * that it can be started afresh: the waiting shell had been killed, or it
   * could not enter the working folder.
   */
  neverBegan?(end: {
    readonly status: Deno.CommandStatus;
    readonly stderr: string;
  }): Promise<boolean>;
  /** Asks every process of the group to end. */
  terminate(): void;
  /** Tells whether any process of the group is left. */
  alive(): Promise<boolean>;
  /** Kills what is left of the group and forgets it; to be called in any case. */
  end(): Promise<void>;
}

/** A program to run. */
export interface Job {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Variables on top of the environment that every child gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for its standard input; without it that is `/dev/null`. */
  readonly stdin?: string;
}
