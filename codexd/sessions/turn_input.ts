import type { TurnInput, TurnRequest } from "../../shared/contracts/mod.ts";
import { type AppError, invalidInput } from "../../shared/errors.ts";
import type { PathBase } from "../../shared/user_path.ts";
import { checkImageData, findImage } from "./image.ts";

/**
 * Returns what the app-server is given for a turn's input. Images are looked at
 * first: Codex itself would run the turn without one that cannot be read.
 * `place`: where the session works.
 * @throws {AppError} INVALID_INPUT
 */
export async function codexInput(
  input: TurnInput,
  place: PathBase,
): Promise<readonly unknown[]> {
  if (typeof input === "string") return [{ type: "text", text: input }];
  return await Promise.all(input.map(async (item, index) => {
    switch (item.type) {
      case "text":
        return item;
      case "image":
        checkImageData(item.url, `input.${index}.url`);
        return item;
      case "local_image": {
        const path = await findImage(item.path, {
          place,
          field: `input.${index}.path`,
        });
        return { type: "localImage", path };
      }
    }
  }));
}

/** Returns the words of an input. */
export function promptText(input: TurnInput): string {
  if (typeof input === "string") return input;
  return input.flatMap((item) => item.type === "text" ? item.text : [])
    .join("\n");
}

/**
 * Returns the input of a request that needs one.
 * @throws {AppError} INVALID_INPUT
 */
export function inputOf({ action, input, prompt }: TurnRequest): TurnInput {
  const given = input ?? prompt;
  if (given !== undefined) return given;
  throw refusal(`Required with action "${action}"`);
}

/** Returns what the app-server is to review. @throws {AppError} INVALID_INPUT */
export function reviewTarget({ target, input, prompt }: TurnRequest): unknown {
  const own = input ?? prompt;
  if (own !== undefined) {
    const instructions = promptText(own);
    if (typeof own === "string" || own.every(({ type }) => type === "text")) {
      return { type: "custom", instructions };
    }
    throw refusal('Only text goes with action "review"');
  }
  switch (target?.type) {
    case "base_branch":
      return { type: "baseBranch", branch: target.branch };
    case "commit":
      return { type: "commit", sha: target.sha, title: null };
    default:
      return { type: "uncommittedChanges" };
  }
}

/** @throws {AppError} INVALID_INPUT when there is one */
export function refuseInput({ action, input, prompt }: TurnRequest): void {
  if ((input ?? prompt) === undefined) return;
  throw refusal(`Not allowed with action "${action}"`);
}

function refusal(why: string): AppError {
  return invalidInput("input", why, { message: "Cannot accept the body" });
}
