const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
/** How many times the WAL was begun anew since what may still stand in it. */
const OLD_SALTS = 1_000_000;
/** A log is cut to a quarter of that; one that grew beyond is not read into memory. */
const MOST_BYTES = 268_435_456;

/**
 * Looks whether a write-ahead log is as SQLite leaves it, however the process or
 * the machine ended. SQLite itself reads up to the first frame that does not add
 * up and drops the rest without a word.
 * @throws {Error} when commits that were acknowledged stand behind damage
 */
export function checkWal(path: string): void {
  // Another process may be writing just now: what it is does not last.
  if (faultOf(path) === undefined) return;
  const fault = faultOf(path);
  if (fault !== undefined) {
    throw new Error(`its write-ahead log is damaged: ${fault}`);
  }
}

function faultOf(path: string): string | undefined {
  const bytes = read(path);
  // Without a frame nothing was ever committed in it.
  if (bytes.length <= HEADER_BYTES + FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer);
  const magic = view.getUint32(0);
  const isLittle = magic === MAGIC;
  let sums = checksum(view, { from: 0, to: 24, isLittle, before: [0, 0] });
  if ((magic & ~1) !== MAGIC || !stand(sums, view, 24)) {
    return "its header does not add up";
  }
  const [salt, saltToo] = [view.getUint32(16), view.getUint32(20)];
  const pageSize = view.getUint32(8);
  const size = FRAME_HEADER_BYTES + pageSize;
  let isBroken = false;
  let commitsBehind = 0;
  for (let at = HEADER_BYTES; at + size <= bytes.length; at += size) {
    const own = view.getUint32(at + 8);
    const isCurrent = own === salt && view.getUint32(at + 12) === saltToo;
    if (isCurrent && !isBroken) {
      const head = { from: at, to: at + 8, isLittle, before: sums };
      const body = { from: at + FRAME_HEADER_BYTES, to: at + size, isLittle };
      sums = checksum(view, { ...body, before: checksum(view, head) });
      isBroken = !stand(sums, view, at + 16);
    } else {
      isBroken = true;
      if (isCurrent && view.getUint32(at + 4) > 0) commitsBehind++;
      const age = (salt - own) >>> 0;
      if (own !== 0 && age > OLD_SALTS) return "a frame is not SQLite's";
    }
    // The last transaction may have been cut off by a power loss, no other.
    if (commitsBehind > 1) return "commits stand behind a broken frame";
  }
  return undefined;
}

function read(path: string): Uint8Array<ArrayBuffer> {
  try {
    const isHuge = Deno.statSync(path).size > MOST_BYTES;
    return isHuge ? new Uint8Array() : Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}

type Sums = readonly [number, number];

/** As SQLite's file format has it: over pairs of words, each sum taken into the other. */
function checksum(
  view: DataView,
  { from, to, isLittle, before: [a, b] }: {
    readonly from: number;
    readonly to: number;
    readonly isLittle: boolean;
    readonly before: Sums;
  },
): Sums {
  for (let at = from; at < to; at += 8) {
    a = (a + view.getUint32(at, isLittle) + b) >>> 0;
    b = (b + view.getUint32(at + 4, isLittle) + a) >>> 0;
  }
  return [a, b];
}

function stand([a, b]: Sums, view: DataView, at: number): boolean {
  return view.getUint32(at) === a && view.getUint32(at + 4) === b;
}
