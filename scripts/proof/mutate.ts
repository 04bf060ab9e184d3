// deno-lint-ignore-file no-console -- a script talks to a terminal
import { fromFileUrl } from "@std/path";
import { parseArgs } from "node:util";
import { CopiedTree } from "./mutation/copied_tree.ts";
import { isExplained } from "./mutation/equivalents.ts";
import { judge, type Judgement, type Sample } from "./mutation/judge.ts";
import { type Mutant, mutantsOf } from "./mutation/mutants.ts";
import { type Subject, SUBJECTS } from "./mutation/subjects.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** So many of a hundred mutants must be noticed, in all. */
const LEAST_SCORE = 85;

/**
 * Changes the files that guard the product, one small thing at a time, and runs
 * their unit tests: a change that no test notices is named, with the command that
 * shows it. Returns whether enough are noticed, and all others are explained.
 */
export async function mutate(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      mutant: { type: "string" },
      sample: { type: "string" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: "1" },
    },
  });
  const { only = "", mutant } = values;
  const subjects = SUBJECTS.filter(({ file }) => file.includes(only));
  const [subject] = subjects;
  if (subject === undefined) {
    const files = SUBJECTS.map(({ file }) => file).join("\n");
    console.error(`No file "${only}". Known:\n${files}`);
    return false;
  }
  if (mutant !== undefined) return await replay(subject, numberOf(mutant));
  const sample = values.sample === undefined
    ? undefined
    : { size: numberOf(values.sample), seed: numberOf(values.seed) };
  return await judgeAll(subjects, {
    sample,
    workers: Math.max(1, numberOf(values.workers)),
  });
}

async function judgeAll(
  subjects: readonly Subject[],
  { sample, workers }: {
    readonly sample: Sample | undefined;
    readonly workers: number;
  },
): Promise<boolean> {
  await using stack = new AsyncDisposableStack();
  const trees: CopiedTree[] = [];
  for (let i = 0; i < workers; i++) {
    trees.push(stack.use(await CopiedTree.of(ROOT)));
  }
  const interrupted = () => {
    for (const tree of trees) tree.remove();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  stack.defer(() => Deno.removeSignalListener("SIGINT", interrupted));
  const rows: string[] = [];
  const total = { mutants: 0, killed: 0, explained: 0 };
  let faults = 0;
  const tell = (fault: string) => {
    faults++;
    console.log(`${fault}\n`);
  };
  for (const subject of subjects) {
    const { file } = subject;
    const found = await judge(subject, {
      root: ROOT,
      trees,
      sample,
      onSurvivor: (it) => {
        if (!isExplained(file, it)) tell(told(file, it));
      },
    });
    superfluous(file, found).forEach(tell);
    const mutants = found.mutants.length;
    const killed = mutants - found.survivors.length;
    const explained = found.survivors.filter((it) =>
      isExplained(file, it)
    ).length;
    total.mutants += mutants;
    total.killed += killed;
    total.explained += explained;
    rows.push(row(file, { mutants, killed, explained }));
  }
  console.log("| file | mutants | killed | explained | survived | score |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
  console.log([...rows, row("all", total)].join("\n"));
  return faults === 0 && scoreOf(total) >= LEAST_SCORE;
}

interface Counts {
  readonly mutants: number;
  readonly killed: number;
  /** Survivors of which it is known why no test can notice them. */
  readonly explained: number;
}

/** Explained mutants count as what they are: not killed. */
function scoreOf({ mutants, killed }: Counts): number {
  return mutants === 0 ? 100 : 100 * killed / mutants;
}

function row(name: string, counts: Counts): string {
  const { mutants, killed, explained } = counts;
  const survived = mutants - killed - explained;
  const score = `${scoreOf(counts).toFixed(1)} %`;
  return `| ${
    [name, mutants, killed, explained, survived, score].join(" | ")
  } |`;
}

function told(file: string, mutant: Mutant): string {
  const { number, line, within, was, is, why } = mutant;
  return `${file}:${line} ${within} (${why})\n  - ${was}\n  + ${is}\n` +
    `  deno task proof mutate --only ${file} --mutant ${number}`;
}

/** Mutants that are explained, and that a test notices all the same. */
function superfluous(
  file: string,
  { mutants, survivors }: Judgement,
): string[] {
  const survived = new Set(survivors);
  return mutants.filter((it) => isExplained(file, it) && !survived.has(it))
    .map((it) => `explained, and yet noticed: ${told(file, it)}`);
}

/** Runs one mutant, and shows what its tests say. */
async function replay(subject: Subject, number: number): Promise<boolean> {
  const { file } = subject;
  const mutants = mutantsOf(await Deno.readTextFile(`${ROOT}/${file}`));
  const mutant = mutants[number - 1];
  if (mutant === undefined) {
    console.error(`${file} has ${mutants.length} mutants, from 1`);
    return false;
  }
  await using tree = await CopiedTree.of(ROOT);
  await tree.prove(subject);
  const { passed, output } = await tree.run(subject, mutant.text);
  console.log(`${told(file, mutant)}\n\n${output}`);
  console.log(passed ? "It survived." : "It was killed.");
  return !passed;
}

function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`Cannot mutate: "${text}" is no number`);
}
