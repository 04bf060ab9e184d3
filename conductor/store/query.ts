import type { BindValue } from "@db/sqlite";

/** The conditions of a list, and what they are bound to. */
export interface Conditions {
  readonly sql: string;
  readonly params: readonly BindValue[];
}

/** Makes `a = ? AND b = ?` of the columns that have a value. */
export function whereEqual(
  columns: Readonly<Record<string, string | undefined>>,
): Conditions {
  const given = Object.entries(columns).filter(([, it]) => it !== undefined);
  return {
    sql: given.map(([column]) => `${column} = ? AND `).join(""),
    params: given.map(([, value]) => value),
  };
}
