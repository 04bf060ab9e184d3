import type { Mutant } from "./mutants.ts";

/**
 * Changes that no unit test can notice: what is done is the same, or it takes
 * what such a test cannot have; each with the reason. Lines move, so they go by
 * what is changed, and in what.
 */
export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: "shared/http/guard.ts",
    within: "Guard.#checkHost",
    changes: [
      ["known !== undefined && header === request.target.authority", "false"],
      ["this.#spellings.size < MAX_SPELLINGS", "false"],
      ["this.#spellings.size < MAX_SPELLINGS", "true"],
      [
        "this.#spellings.size < MAX_SPELLINGS",
        "this.#spellings.size <= MAX_SPELLINGS",
      ],
      [
        "this.#spellings.size < MAX_SPELLINGS",
        "this.#spellings.size >= MAX_SPELLINGS",
      ],
      ["this.#spellings.set(header, zone);", ";"],
    ],
    because: "hosts are remembered to save work, and judged alike without that",
  },
  {
    file: "shared/http/guard.ts",
    within: "MAX_SPELLINGS",
    changes: [["64", "65"]],
    because: "how many are remembered shows in memory alone",
  },
  {
    file: "shared/http/lockout.ts",
    within: "Lockout.fail",
    changes: [['""', '"mutated"']],
    because: "there is an oldest one: the default is for the type",
  },
  {
    file: "shared/http/token.ts",
    within: "bearerToken",
    changes: [["header === undefined", "false"]],
    because: 'the pattern finds no token in "undefined"',
  },
  {
    file: "shared/http/hosts.ts",
    within: "keyOf",
    changes: [['port ?? ""', "port"], ['""', '"mutated"']],
    because: "any text that is no port keeps a host without one apart",
  },
  {
    file: "host_ops/policy.ts",
    within: "PathPolicy.admit",
    changes: [
      ["it === path", "false"],
      ["inside === path", "false"],
      ["inside === path", "true"],
      ["inside === path", "inside !== path"],
    ],
    because: "what is known already is looked up again, with the same result",
  },
  {
    file: "host_ops/policy.ts",
    within: "PathPolicy.admit",
    changes: [
      ["at !== undefined && it.identity === at", "undefined"],
      ["at !== undefined", "at === undefined"],
    ],
    because:
      "a folder has a second real path by a bind mount or on a disk without case alone",
  },
  {
    file: "host_ops/policy.ts",
    within: "PathPolicy.#look",
    changes: [
      [
        '[ ...this.#roots[access] ?? ["/"], ...this.#options[`${access}Roots`] ?? [], ]',
        "[]",
      ],
      ["isOutside", "false"],
      [
        "!roots.some((it) => isBelow(it, refused))",
        "roots.some((it) => isBelow(it, refused))",
      ],
    ],
    because:
      "the runtime refuses to look with the daemon's permissions alone: sandbox_slow_test.ts",
  },
  {
    file: "host_ops/own_files.ts",
    within: "SETTLED_AFTER_MS",
    changes: [["2_000", "2001"]],
    because: "a margin above the second that some filesystems keep",
  },
  {
    file: "host_ops/own_files.ts",
    within: "OwnFiles.#search",
    changes: [["return false;", "return undefined;"]],
    because: "it is asked for by some(), which takes both for no",
  },
  {
    file: "host_ops/own_files.ts",
    within: "OwnFiles.#listingOf",
    changes: [["this.#listings.set(path, listing);", ";"]],
    because: "a folder is listed again, with the same result",
  },
  {
    file: "shared/http/token.ts",
    within: "sameSecret",
    changes: [["a[i % a.length] ?? 0", "a[i % a.length]"], [
      "b[i] ?? 0",
      "b[i]",
    ]],
    because: "^ takes undefined for 0: the default is for the type",
  },
  {
    file: "host_ops/own_files.ts",
    within: "OwnFiles.#listingOf",
    changes: [["info.mtime?.getTime() ?? Infinity", "info.mtime?.getTime()"]],
    because: "every system has the time of change; without it nothing is kept",
  },
  {
    file: "conductor/automation/leadership.ts",
    within: "Leadership.#isForsaken",
    changes: [["return false;", "return undefined;"]],
    because: "it is asked for by !, which takes both for no",
  },
  {
    file: "shared/mask_secrets.ts",
    within: "maskSecrets",
    changes: [
      ["text.length < LEAST_SECRET", "false"],
      ['text.includes("-----BEGIN")', "true"],
      ['"-----BEGIN"', '""'],
      ["text.length >= LEAST_TOKEN", "true"],
      ['text.includes("://")', "true"],
      ['"://"', '""'],
    ],
    because: "only saves the search for what a text cannot hold",
  },
];

interface Equivalent {
  readonly file: string;
  readonly within: string;
  readonly changes: readonly (readonly [was: string, is: string])[];
  readonly because: string;
}

/** Tells whether it is known why no test can notice a mutant of a file. */
export function isExplained(file: string, mutant: Mutant): boolean {
  return EQUIVALENTS.some((it) =>
    it.file === file && it.within === mutant.within &&
    it.changes.some(([was, is]) => was === mutant.was && is === mutant.is)
  );
}
