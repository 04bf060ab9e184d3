import { isoTime } from "../../shared/clock.ts";
import type { ScopeName } from "../../shared/http/mod.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { Database } from "./database.ts";
import { type List, type Page, readPage } from "./list.ts";
import type { NamedToken } from "./model/token.ts";

const LIST: List<StoredToken, NamedToken> = {
  name: "tokens",
  columns: "k.*",
  table: "tokens k",
  indexes: {},
  toItem: toToken,
};

/** Named tokens by the hashes of their secrets. */
export class TokenStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert({ scopes, ...token }: TokenInsert): void {
    this.#db.insert("tokens", { ...token, scopes: JSON.stringify(scopes) });
  }

  get(tokenId: string): NamedToken | undefined {
    const row = this.#db.get<StoredToken>(
      "SELECT * FROM tokens WHERE token_id = ?",
      tokenId,
    );
    return row && toToken(row);
  }

  /** The token with this secret, also one that has expired. */
  findByHash(hash: string): NamedToken | undefined {
    const row = this.#db.get<StoredToken>(
      "SELECT * FROM tokens WHERE hash = ?",
      hash,
    );
    return row && toToken(row);
  }

  findByName(name: string): NamedToken | undefined {
    const row = this.#db.get<StoredToken>(
      "SELECT * FROM tokens WHERE name = ?",
      name,
    );
    return row && toToken(row);
  }

  /** What was made with a token, and what was made with that, and so on. */
  madeWith(tokenId: string): readonly NamedToken[] {
    return this.#db.all<StoredToken>(
      `WITH RECURSIVE made (id) AS (
         SELECT token_id FROM tokens WHERE made_by = ?
         UNION
         SELECT token_id FROM tokens JOIN made ON made_by = id
       )
       SELECT tokens.* FROM tokens JOIN made ON token_id = id ORDER BY seq`,
      tokenId,
    ).map(toToken);
  }

  ids(): ReadonlySet<string> {
    const rows = this.#db.all<Pick<StoredToken, "token_id">>(
      "SELECT token_id FROM tokens",
    );
    return new Set(rows.map((it) => it.token_id));
  }

  count(): number {
    return this.#db.get<{ readonly n: number }>(
      "SELECT count(*) AS n FROM tokens",
    )?.n ?? 0;
  }

  /** Newest first. */
  list(page: PageRequest): Page<NamedToken> {
    return readPage(this.#db, LIST, page);
  }

  delete(tokenId: string): void {
    this.#db.run("DELETE FROM tokens WHERE token_id = ?", tokenId);
  }

  deleteExpired(now: number): void {
    this.#db.run("DELETE FROM tokens WHERE expires_at <= ?", now);
  }
}

interface TokenInsert {
  readonly token_id: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: readonly ScopeName[];
  readonly created_at: number;
  readonly created_by: string;
  /** The token that it was made with; null for the owner's. */
  readonly made_by: string | null;
  readonly expires_at: number | null;
}

type StoredToken = Omit<TokenInsert, "scopes"> & {
  readonly seq: number;
  readonly scopes: string;
};

function toToken(row: StoredToken): NamedToken {
  const { token_id, name, created_by, expires_at } = row;
  return {
    token_id,
    name,
    scopes: JSON.parse(row.scopes),
    created_at: isoTime(row.created_at),
    created_by,
    expires_at: expires_at === null ? null : isoTime(expires_at),
  };
}
