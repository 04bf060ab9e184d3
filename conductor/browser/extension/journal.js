const MAX_LINES = 20;

/** The last things that went wrong, for the popup and for `plugin_status`. */
export class Journal {
  #lines = [];

  /** @param {string} message never holds a credential */
  add(message) {
    this.#lines.unshift({ at: new Date().toISOString(), message });
    this.#lines.length = Math.min(this.#lines.length, MAX_LINES);
  }

  get lines() {
    return [...this.#lines];
  }
}
