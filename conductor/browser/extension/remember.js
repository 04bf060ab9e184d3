/** Records of a kind that are remembered; conductor takes no more at once. */
export const MAX_RECORDS = 500;

/**
 * Adds a record as the newest; the oldest goes when there are too many.
 * @type {<K, T>(records: Map<K, T>, key: K, record: T) => void}
 */
export function remember(records, key, record) {
  records.delete(key);
  records.set(key, record);
  for (const oldest of records.keys()) {
    if (records.size <= MAX_RECORDS) return;
    records.delete(oldest);
  }
}
