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
   * What stands in `stderr` before all that the program prints. At an end
   * without it nothing of the program has run, and it can be started afresh: the
   * shell was killed before, or could not enter the working folder.
   */
  readonly mark?: string;
  /** Asks every process of the group to end. */
  terminate(): void;
  /** Tells whether any process of the group is left. */
  alive(): Promise<boolean>;
  /** Finds what runs of the group. Takes as long as a command. */
  members(): Promise<GroupMembers>;
  /** Kills those that left the group. */
  endStrays(ids: GroupMembers["strays"]): void;
  /** Kills what is left of the group and forgets it; to be called in any case. */
  end(): Promise<void>;
}

/** What runs of a group. */
export interface GroupMembers {
  readonly count: number;
  /**
   * Process ids of those that left it, but not the session that it began with:
   * jobs of a shell with job control. Not known on macOS.
   */
  readonly strays: readonly number[];
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
