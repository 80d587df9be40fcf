import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { NotebookServer, NotebookServerState } from '../../core/notebooks/notebookServer.js';
import type { NotebookServerStore } from '../../core/notebooks/notebookServerStore.js';

interface ServerRow {
  readonly thread_id: string;
  readonly id: string;
  readonly state: string;
  readonly started_at: number;
  readonly ready_at: number | null;
  readonly ended_at: number | null;
  readonly reason: string | null;
}

const states: readonly NotebookServerState[] = ['starting', 'ready', 'stopped', 'failed'];

export class SqliteNotebookServerStore implements NotebookServerStore {
  readonly #get: Statement<[string], ServerRow>;
  readonly #alive: Statement<[], ServerRow>;
  readonly #save: Statement<[ServerRow]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM notebook_server WHERE thread_id = ?`);
    this.#alive = database.prepare(`SELECT * FROM notebook_server WHERE state IN ('starting', 'ready')`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO notebook_server (thread_id, id, state, started_at, ready_at, ended_at, reason)
      VALUES (:thread_id, :id, :state, :started_at, :ready_at, :ended_at, :reason)`);
  }

  ofThread(thread: ThreadId): NotebookServer | undefined {
    const row = this.#get.get(thread);
    return row && toServer(row);
  }

  alive(): readonly NotebookServer[] {
    return this.#alive.all().map(toServer);
  }

  save(server: NotebookServer): void {
    this.#save.run({
      thread_id: server.threadId,
      id: server.id,
      state: server.state,
      started_at: server.startedAt,
      ready_at: server.readyAt ?? null,
      ended_at: server.endedAt ?? null,
      reason: server.reason ?? null,
    });
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
    }),
  };
}
