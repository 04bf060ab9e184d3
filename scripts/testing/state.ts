import { join } from "@std/path";
import { tempDir } from "../../shared/testing/fakes.ts";

/** A state folder that several daemons use at once or one after the other. */
export interface SharedState extends AsyncDisposable {
  readonly folder: string;
  readonly database: string;
  /** What a daemon is started with to use it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a state folder that outlives the daemons on it. */
export async function sharedState(): Promise<SharedState> {
  const { path: folder, [Symbol.asyncDispose]: dispose } = await tempDir();
  return {
    folder,
    database: join(folder, "conductor", "conductor.db"),
    env: { BAA_STATE_DIR: folder },
    [Symbol.asyncDispose]: dispose,
  };
}
