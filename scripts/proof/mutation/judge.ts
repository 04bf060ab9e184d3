import { join } from "@std/path";
import { Random } from "../simulation/random.ts";
import type { CopiedTree } from "./copied_tree.ts";
import { type Mutant, mutantsOf } from "./mutants.ts";
import type { Subject } from "./subjects.ts";

/** Runs the tests of a subject on its mutants, one after the other in each tree. */
export async function judge(
  subject: Subject,
  { root, trees, sample, onSurvivor }: JudgeOptions,
): Promise<Judgement> {
  const all = mutantsOf(await Deno.readTextFile(join(root, subject.file)));
  const chosen = sample === undefined ? all : pickSome(all, sample);
  const left = [...chosen];
  const survivors: Mutant[] = [];
  await Promise.all(trees.map(async (tree) => {
    await tree.prove(subject);
    for (let mutant = left.shift(); mutant; mutant = left.shift()) {
      const { passed } = await tree.run(subject, mutant.text);
      if (!passed) continue;
      survivors.push(mutant);
      onSurvivor?.(mutant);
    }
  }));
  return { mutants: chosen, survivors };
}

export interface JudgeOptions {
  /** The checkout that is judged. */
  readonly root: string;
  /** Its copies: so many mutants at once. */
  readonly trees: readonly CopiedTree[];
  /** Only so many mutants, which the seed decides; default: all. */
  readonly sample?: Sample | undefined;
  /** Is told of each at once. */
  readonly onSurvivor?: (mutant: Mutant) => void;
}

export interface Sample {
  readonly size: number;
  readonly seed: number;
}

export interface Judgement {
  readonly mutants: readonly Mutant[];
  /** Those that no test has noticed. */
  readonly survivors: readonly Mutant[];
}

function pickSome(
  mutants: readonly Mutant[],
  { size, seed }: Sample,
): readonly Mutant[] {
  const random = new Random(seed);
  return mutants
    .map((mutant) => ({ mutant, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, size)
    .map(({ mutant }) => mutant);
}
