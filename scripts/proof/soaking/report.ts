// deno-lint-ignore-file no-console -- a script talks to a terminal
import { quantile } from "../../bench/harness.ts";
import type { Kept } from "./aftermath.ts";
import { type Leeway, type Point, trendOf } from "./trend.ts";

/** What may rise within the second half. Memory: a heap between two collections. */
const LEEWAYS: readonly (readonly [RegExp, Leeway])[] = [
  [/RSS/, { share: 0.05, plus: 4 }],
  [/MiB/, { share: 0.1, plus: 1 }],
  [/./, { share: 0.1, plus: 5 }],
];

/** Prints how what the daemons take went on; returns whether nothing grew. */
export function showTrends(
  points: ReadonlyMap<string, readonly Point[]>,
): boolean {
  let isFlat = true;
  console.log(`
| what | at 10 % | at 50 % | at 100 % | per hour, second half | verdict |
| --- | --- | --- | --- | --- | --- |`);
  for (const [name, figures] of points) {
    if (figures.some(({ value }) => Number.isNaN(value))) continue;
    const [, leeway = { share: 0, plus: 0 }] = LEEWAYS.find(([pattern]) =>
      pattern.test(name)
    ) ?? [];
    const { at, perHour, verdict } = trendOf(figures, leeway);
    isFlat &&= verdict !== "growing";
    const digits = name.endsWith("MiB") ? 1 : 0;
    const cells = [
      name,
      ...at.map((it) => it.toFixed(digits)),
      `${perHour < 0 ? "−" : "+"} ${Math.abs(perHour).toFixed(digits)}`,
      verdict === "growing" ? `**${verdict}**` : verdict,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  return isFlat;
}

/** Prints how many calls of each kind there were and how long they took. */
export function showCalls(
  times: ReadonlyMap<string, readonly number[]>,
): void {
  console.log(`
| call | count | p50 | p95 | p99 | max, ms |
| --- | --- | --- | --- | --- | --- |`);
  for (const [kind, all] of [...times].sort()) {
    const figures = [0.5, 0.95, 0.99, 1].map((it) =>
      quantile(all, it).toFixed(1)
    );
    console.log(`| ${[kind, all.length, ...figures].join(" | ")} |`);
  }
  const count = [...times.values()].reduce((sum, it) => sum + it.length, 0);
  console.log(`\n${count} calls`);
}

/** Prints each unexpected error with its count; returns whether there was none. */
export function showErrors(errors: ReadonlyMap<string, number>): boolean {
  for (const [text, count] of errors) {
    console.log(`ERROR   ${count} × ${text}`);
  }
  console.log(`${[...errors.values()].reduce((a, b) => a + b, 0)} errors\n`);
  return errors.size === 0;
}

/** Prints what was promised for the end; returns whether all of it was kept. */
export function showKept(kept: readonly Kept[]): boolean {
  for (const { promise, found, isKept } of kept) {
    console.log(`${isKept ? "kept  " : "BROKEN"}  ${promise}: ${found}`);
  }
  return kept.every((it) => it.isKept);
}
