/** A longer line is cut into several entries. In UTF-16 units. */
const MAX_LINE = 65_536;

/** Cuts text that arrives in pieces into lines. */
export class LineSplitter {
  #rest = "";

  /** Returns the lines that are complete now. */
  push(text: string): string[] {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    const lines = parts.flatMap((it) => cut(it.replace(/\r$/, "")));
    while (this.#rest.length > MAX_LINE) {
      const [first = ""] = cut(this.#rest);
      lines.push(first);
      this.#rest = this.#rest.slice(first.length);
    }
    return lines;
  }

  /** Returns what came after the last line break. */
  end(): string[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : [rest];
  }
}

/** Cuts between characters, never inside a surrogate pair. */
function cut(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (line.length - from > MAX_LINE) {
    const splits = isHighSurrogate(line.charCodeAt(from + MAX_LINE - 1));
    const to = from + MAX_LINE - (splits ? 1 : 0);
    pieces.push(line.slice(from, to));
    from = to;
  }
  return [...pieces, line.slice(from)];
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
