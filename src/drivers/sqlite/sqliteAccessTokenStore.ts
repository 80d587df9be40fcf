import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import { scopes, type AccessToken, type AccessTokenStore } from '../../core/access/accessToken.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  id: fixed((token: AccessToken) => token.id),
  name: fixed((token: AccessToken) => token.name),
  scope: fixed((token: AccessToken) => token.scope),
  digest: fixed((token: AccessToken) => token.digest),
  created_at: fixed((token: AccessToken) => token.createdAt),
  expires_at: fixed((token: AccessToken) => token.expiresAt ?? null),
  revoked_at: stored((token: AccessToken) => token.revokedAt ?? null),
  used_at: stored((token: AccessToken) => token.usedAt ?? null),
};
type TokenRow = RowOf<typeof columns>;
const table = new EntityTable<AccessToken>('access_token', columns);

export class SqliteAccessTokenStore implements AccessTokenStore {
  readonly #list: Statement<[], TokenRow>;
  readonly #byDigest: Statement<[string], TokenRow>;
  readonly #insert: Statement<[object]>;
  readonly #update: Statement<[object]>;

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM access_token ORDER BY created_at DESC, id`);
    this.#byDigest = database.prepare(`SELECT * FROM access_token WHERE digest = ?`);
    this.#insert = database.prepare(table.insert());
    this.#update = database.prepare(table.update('id = :id'));
  }

  list(): readonly AccessToken[] {
    return this.#list.all().map(readToken);
  }

  byDigest(digest: string): AccessToken | undefined {
    const row = this.#byDigest.get(digest);
    return row && readToken(row);
  }

  insert(token: AccessToken): void {
    this.#insert.run(table.parameters(token));
  }

  update(token: AccessToken): void {
    this.#update.run(table.parameters(token));
  }
}

function readToken(row: TokenRow): AccessToken {
  return {
    id: parseId(row.id),
    name: row.name,
    scope: member(scopes, row.scope),
    digest: row.digest,
    createdAt: row.created_at,
    ...defined({
      expiresAt: row.expires_at ?? undefined,
      revokedAt: row.revoked_at ?? undefined,
      usedAt: row.used_at ?? undefined,
    }),
  };
}
