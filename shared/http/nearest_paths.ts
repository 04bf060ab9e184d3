import { distance } from "../nearest.ts";

/** Paths that are named, at most. */
const MOST = 3;

/** Letters that may be wrong, as a part of a path. */
const TOLERANCE = 1 / 3;

/**
 * Returns those of `paths` that `wrong` most likely stands for, the nearest
 * first. A `:param` takes whatever stands in its place.
 */
export function nearestPaths(
  wrong: string,
  paths: readonly string[],
): readonly string[] {
  const most = Math.max(2, wrong.length * TOLERANCE);
  const near = [...new Set(paths)]
    .map((path) => ({ path, edits: editsBetween(wrong, path) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  const best = near[0]?.edits ?? 0;
  // What is only written otherwise needs no alternatives.
  const worst = best === 0 ? 0 : best + 1;
  return near.filter(({ edits }) => edits <= worst).slice(0, MOST)
    .map(({ path }) => path);
}

function editsBetween(wrong: string, path: string): number {
  if (wrong === path) return 0;
  const isPart = wrong.length > 1 && path.length > 1 &&
    (path.endsWith(wrong) || path.startsWith(`${wrong}/`));
  if (isPart) return 1;
  const parts = path.split("/");
  const given = wrong.split("/");
  if (parts.length !== given.length) {
    return distance(wrong.toLowerCase(), path.toLowerCase());
  }
  return parts.reduce((sum, part, at) => {
    const word = given[at] ?? "";
    if (part.startsWith(":")) return sum + (word === "" ? 2 : 0);
    const edits = distance(word.toLowerCase(), part.toLowerCase());
    // Another word altogether is no misspelling.
    return edits > Math.max(1, part.length / 2) ? Infinity : sum + edits;
  }, 0);
}
