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
