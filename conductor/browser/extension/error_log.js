import { bareAddress } from "./addresses.js";

const MAX_LINES = 20;
const MAX_LENGTH = 500;

/** The last things that went wrong: for the popup, `plugin_status` and conductor's log. */
export class ErrorLog {
  /** @type {{ at: string, message: string }[]} */
  #lines = [];
  #tell;

  /** @param {(message: string) => void} tell passes a line on */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {string} said by Firefox or by us; addresses in it are cut short */
  add(said) {
    const message = said.replace(/\bhttps?:\/\/\S+/g, bareAddress)
      .slice(0, MAX_LENGTH);
    this.#lines.unshift({ at: new Date().toISOString(), message });
    this.#lines.length = Math.min(this.#lines.length, MAX_LINES);
    this.#tell(message);
  }

  get lines() {
    return [...this.#lines];
  }
}

/** A failure that conductor is told by its code. */
export class CodedError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {FailureFacts} facts
   */
  constructor(code, message = "", facts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/** @type {(thrown: unknown) => Failure} */
export function readError(thrown) {
  const { code, message = thrown, facts } = Object(thrown);
  return {
    code: typeof code === "string" ? code : "failed",
    message: String(message).slice(0, 1000),
    ...facts,
  };
}
