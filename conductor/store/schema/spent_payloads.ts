/**
 * A payload without what was the run's alone: of `env` the names are left. One
 * that SQLite cannot read stays as it is.
 */
const SPENT = `
CASE WHEN json_valid(payload) THEN json_replace(
  payload,
  '$.env', json(CASE json_type(payload, '$.env')
    WHEN 'null' THEN 'null'
    WHEN 'object' THEN (
      SELECT json_group_object(key, '***') FROM json_each(payload, '$.env'))
    ELSE '"***"' END),
  '$.stdin', json(CASE json_type(payload, '$.stdin')
    WHEN 'null' THEN 'null' ELSE '"***"' END))
ELSE payload END`;

/** Few tasks have such a thing; the others are not written again. */
const HAS_ANY = `(instr(payload, '"env"') OR instr(payload, '"stdin"'))`;

/**
 * Whatever ends a task drops the values of `env` and `stdin` with it, in the
 * same transaction; those that have ended before lose theirs here.
 */
export const SPENT_PAYLOADS = `
CREATE TRIGGER tasks_spent AFTER UPDATE OF finished_at ON tasks
  WHEN OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL BEGIN
  UPDATE tasks SET payload = ${SPENT}
    WHERE seq = NEW.seq AND ${HAS_ANY};
END;
UPDATE tasks SET payload = ${SPENT}
  WHERE finished_at IS NOT NULL AND ${HAS_ANY};
`;
