import { z } from "zod";
import { ask, type Finding, ok, script, warning } from "../node/mod.ts";

/** Fewer are taken within a second by who means ill. */
const LEAST = 4096;

const Descriptors = z.object({
  in_use: z.int(),
  limit: z.int().nullable(),
});

/** Tells whether conductor may have as many files and connections as it may come to need. */
export async function descriptorsCheck(
  base: string,
  token: string | undefined,
): Promise<readonly Finding[]> {
  const answer = await ask(base, "/v1/status", { token });
  // An older conductor does not tell, nor does any to who has no token.
  const { data } = Descriptors.safeParse(answer.data?.["descriptors"]);
  if (data === undefined) return [];
  const { in_use, limit } = data;
  if (limit === null) return [ok("descriptors", `${in_use} in use`)];
  const seen = `${in_use} of ${limit} in use`;
  return [
    limit >= LEAST ? ok("descriptors", seen) : warning(
      "descriptors",
      `${seen}: many connections at once make conductor end those that are idle`,
      "raise the hard limit: HardResourceLimits and SoftResourceLimits, " +
        `NumberOfFiles 8192, in its property list, then ${
          script("restart-launchd")
        }; elsewhere ulimit -Hn`,
    ),
  ];
}
