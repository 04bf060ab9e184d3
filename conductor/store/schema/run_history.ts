/** Runs by their start: the picture of the last day reads no other row. */
export const RUN_HISTORY_SCHEMA = `
CREATE INDEX runs_by_start ON runs (started_at, status);
`;
