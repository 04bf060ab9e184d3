import type { TurnRequest } from "../../shared/contracts/mod.ts";
import { type AppError, invalidInput } from "../../shared/errors.ts";

type Input = NonNullable<TurnRequest["input"]>;

/** Returns what the app-server is given for a turn's input. */
export function codexInput(input: Input): readonly unknown[] {
  if (typeof input === "string") return [{ type: "text", text: input }];
  return input.map((item) =>
    item.type === "local_image" ? { ...item, type: "localImage" } : item
  );
}

/** Returns the words of an input. */
export function promptText(input: Input): string {
  if (typeof input === "string") return input;
  return input.flatMap((item) => item.type === "text" ? item.text : [])
    .join("\n");
}

/**
 * Returns the input of a request that needs one.
 * @throws {AppError} INVALID_INPUT
 */
export function inputOf({ action, input }: TurnRequest): Input {
  if (input !== undefined) return input;
  throw refusal(`Required with action "${action}"`);
}

/** @throws {AppError} INVALID_INPUT when there is one */
export function refuseInput({ action, input }: TurnRequest): void {
  if (input !== undefined) throw refusal(`Not allowed with action "${action}"`);
}

function refusal(why: string): AppError {
  return invalidInput("input", why, { message: "Cannot accept the body" });
}
