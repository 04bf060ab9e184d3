import type { TurnRequest } from "../../shared/contracts/mod.ts";
import { invalidInput } from "../../shared/errors.ts";

const CANNOT_ACCEPT = { message: "Cannot accept the body" };

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
  return input.map((item) => item.type === "text" ? item.text : "")
    .filter(Boolean).join("\n");
}

/**
 * Returns the input of a request that needs one.
 * @throws {AppError} INVALID_INPUT
 */
export function inputOf({ action, input }: TurnRequest): Input {
  if (input !== undefined) return input;
  throw invalidInput(
    "input",
    `Required with action "${action}"`,
    CANNOT_ACCEPT,
  );
}

/** @throws {AppError} INVALID_INPUT when there is one */
export function refuseInput({ action, input }: TurnRequest): void {
  if (input === undefined) return;
  throw invalidInput(
    "input",
    `Not allowed with action "${action}"`,
    CANNOT_ACCEPT,
  );
}
