import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import { scopes } from '../../core/access/accessToken.js';
import type { Login, LoginSession, LoginSessionStore, LoginStore, Shown } from '../../core/access/login.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const loginColumns = {
  user: fixed((login: Login) => login.user),
  scope: stored((login: Login) => login.scope),
  digest: stored((login: Login) => login.digest),
  changed_at: stored((login: Login) => login.changedAt),
};
type LoginRow = RowOf<typeof loginColumns>;
const loginTable = new EntityTable<Login>('login', loginColumns);

export class SqliteLoginStore implements LoginStore {
  readonly #list: Statement<[], LoginRow>;
  readonly #get: Statement<[string], LoginRow>;
  readonly #put: Statement<[object]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM login ORDER BY user`);
    this.#get = database.prepare(`SELECT * FROM login WHERE user = ?`);
    this.#put = database.prepare(loginTable.upsert('user'));
    this.#remove = database.prepare(`DELETE FROM login WHERE user = ?`);
  }

  list(): readonly Login[] {
    return this.#list.all().map(readLogin);
  }

  get(user: string): Login | undefined {
    const row = this.#get.get(user);
    return row && readLogin(row);
  }

  put(login: Login): void {
    this.#put.run(loginTable.parameters(login));
  }

  remove(user: string): void {
    this.#remove.run(user);
  }
}

function readLogin({ user, scope, digest, changed_at }: LoginRow): Login {
  return { user, scope: member(scopes, scope), digest, changedAt: changed_at };
}

const sessionColumns = {
  id: fixed((session: LoginSession) => session.id),
  user: fixed((session: LoginSession) => session.user),
  scope: fixed((session: LoginSession) => session.scope),
  digest: fixed((session: LoginSession) => session.digest),
  shown: fixed((session: LoginSession) => session.shown.by),
  token_id: fixed((session: LoginSession) => (session.shown.by === 'token' ? session.shown.token : null)),
  mark: fixed((session: LoginSession) => session.mark),
  created_at: fixed((session: LoginSession) => session.createdAt),
  expires_at: fixed((session: LoginSession) => session.expiresAt),
  revoked_at: stored((session: LoginSession) => session.revokedAt ?? null),
  used_at: stored((session: LoginSession) => session.usedAt ?? null),
};
type SessionRow = RowOf<typeof sessionColumns>;
const sessionTable = new EntityTable<LoginSession>('login_session', sessionColumns);

export class SqliteLoginSessionStore implements LoginSessionStore {
  readonly #list: Statement<[], SessionRow>;
  readonly #byDigest: Statement<[string], SessionRow>;
  readonly #insert: Statement<[object]>;
  readonly #update: Statement<[object]>;
  readonly #forget: Statement<[number]>;

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM login_session ORDER BY created_at DESC, id`);
    this.#byDigest = database.prepare(`SELECT * FROM login_session WHERE digest = ?`);
    this.#insert = database.prepare(sessionTable.insert());
    this.#update = database.prepare(sessionTable.update('id = :id'));
    this.#forget = database.prepare(`DELETE FROM login_session WHERE expires_at < ?`);
  }

  list(): readonly LoginSession[] {
    return this.#list.all().map(readSession);
  }

  byDigest(digest: string): LoginSession | undefined {
    const row = this.#byDigest.get(digest);
    return row && readSession(row);
  }

  insert(session: LoginSession): void {
    this.#insert.run(sessionTable.parameters(session));
  }

  update(session: LoginSession): void {
    this.#update.run(sessionTable.parameters(session));
  }

  forget(before: number): void {
    this.#forget.run(before);
  }
}

const shownWords = ['password', 'token', 'provider'] as const;

function readSession(row: SessionRow): LoginSession {
  return {
    id: parseId(row.id),
    user: row.user,
    scope: member(scopes, row.scope),
    digest: row.digest,
    shown: readShown(row),
    mark: row.mark,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...defined({ revokedAt: row.revoked_at ?? undefined, usedAt: row.used_at ?? undefined }),
  };
}

function readShown({ shown, token_id }: SessionRow): Shown {
  const by = member(shownWords, shown);
  return by === 'token' ? { by, token: parseId(token_id ?? '') } : { by };
}
