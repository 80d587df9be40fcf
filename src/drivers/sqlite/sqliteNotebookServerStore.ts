import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { NotebookServer, NotebookServerState } from '../../core/notebooks/notebookServer.js';
import type { NotebookServerStore } from '../../core/notebooks/notebookServerStore.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((server: NotebookServer) => server.threadId),
  id: stored((server: NotebookServer) => server.id),
  state: stored((server: NotebookServer) => server.state),
  started_at: stored((server: NotebookServer) => server.startedAt),
  ready_at: stored((server: NotebookServer) => server.readyAt ?? null),
  ended_at: stored((server: NotebookServer) => server.endedAt ?? null),
  reason: stored((server: NotebookServer) => server.reason ?? null),
  sandbox_id: stored((server: NotebookServer) => server.sandbox ?? null),
};
type ServerRow = RowOf<typeof columns>;
const table = new EntityTable<NotebookServer>('notebook_server', columns);

const states: readonly NotebookServerState[] = ['starting', 'ready', 'stopped', 'failed'];

export class SqliteNotebookServerStore implements NotebookServerStore {
  readonly #get: Statement<[string], ServerRow>;
  readonly #alive: Statement<[], ServerRow>;
  readonly #save: Statement<[object]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM notebook_server WHERE thread_id = ?`);
    this.#alive = database.prepare(`SELECT * FROM notebook_server WHERE state IN ('starting', 'ready')`);
    this.#save = database.prepare(table.replace());
  }

  ofThread(thread: ThreadId): NotebookServer | undefined {
    const row = this.#get.get(thread);
    return row && toServer(row);
  }

  alive(): readonly NotebookServer[] {
    return this.#alive.all().map(toServer);
  }

  save(server: NotebookServer): void {
    this.#save.run(table.parameters(server));
  }
}

function toServer(row: ServerRow): NotebookServer {
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    state: member(states, row.state),
    startedAt: row.started_at,
    ...defined({
      readyAt: row.ready_at ?? undefined,
      endedAt: row.ended_at ?? undefined,
      reason: row.reason ?? undefined,
      sandbox: row.sandbox_id === null ? undefined : parseId<'sandbox'>(row.sandbox_id),
    }),
  };
}
