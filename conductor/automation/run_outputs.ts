import { join } from "@std/path";

/** What a command prints to. */
export type OutputStream = "stdout" | "stderr";

/**
 * What the commands of runs have printed, to the byte, a folder a run. Raw: it
 * is nobody's but the owner's.
 */
export class RunOutputs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder of a run whose files its command makes. */
  makeFolder(runId: string): void {
    try {
      Deno.mkdirSync(this.folderOf(runId), { recursive: true, mode: 0o700 });
    } catch {
      /* what is wrong with the disk is told when the command starts */
    }
  }

  /** Makes the files of a run that is about to start. */
  async create(runId: string): Promise<OutputFiles> {
    const folder = this.folderOf(runId);
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const options = { createNew: true, write: true, mode: 0o600 };
    const stdout = await Deno.open(join(folder, "stdout"), options);
    const stderr = await Deno.open(join(folder, "stderr"), options);
    return {
      stdout,
      stderr,
      [Symbol.dispose]() {
        stdout.close();
        stderr.close();
      },
    };
  }

  /** Reads a part of an output; undefined when it is not kept. */
  async read(
    runId: string,
    { stream, offset = 0, maxBytes }: OutputPart,
  ): Promise<OutputBytes | undefined> {
    try {
      using file = await Deno.open(join(this.folderOf(runId), stream));
      const { size } = await file.stat();
      const length = Math.max(0, Math.min(maxBytes, size - offset));
      const bytes = new Uint8Array(length);
      await file.seek(offset, Deno.SeekMode.Start);
      let filled = 0;
      while (filled < length) {
        const read = await file.read(bytes.subarray(filled));
        if (read === null) break;
        filled += read;
      }
      return { bytes: bytes.subarray(0, filled), size };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  folderOf(runId: string): string {
    return join(this.#folder, runId);
  }
}

export interface OutputFiles
  extends
    Readonly<Record<OutputStream, Pick<Deno.FsFile, "write">>>,
    Disposable {}

/** Which bytes of an output are wanted. */
interface OutputPart {
  readonly stream: OutputStream;
  /** Byte to begin at. Default 0. */
  readonly offset?: number;
  readonly maxBytes: number;
}

export interface OutputBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many there are by now. */
  readonly size: number;
}
