import type { Database } from 'better-sqlite3';
import type { Log } from '../../base/log.js';

/** A column that holds JSON which a host reads at its start, and what stands in it when its text is none. */
interface JsonColumn {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  /** SQL of the text that is put in its place, or `delete` for a row that says nothing without it. */
  readonly instead: string;
}

/** A project without agents: it is listed, its threads are there, and `muster up` writes its next revision. */
const emptySpec = `json_object('name', (SELECT name FROM project WHERE id = project_id), 'variables', json('[]'), 'providers', json('[]'),
  'agents', json('[]'), 'limits', json('{}'), 'merge', json('{}'), 'hooks', json('[]'), 'workspaces', json('[]'), 'mcpServers', json('[]'),
  'octobusServers', json('[]'), 'volumes', json('[]'), 'network', json('{"mode":"default"}'))`;

const columns: readonly JsonColumn[] = [
  { table: 'project_revision', key: 'project_id', column: 'spec_json', instead: emptySpec },
  { table: 'thread', key: 'id', column: 'trouble', instead: 'NULL' },
  { table: 'thread', key: 'id', column: 'notes', instead: 'NULL' },
  { table: 'merge', key: 'id', column: 'files_json', instead: `'[]'` },
  {
    table: 'run_digest',
    key: 'run_id',
    column: 'digest_json',
    // Launched, and nothing of its output read: it is read again from the beginning, and never started again.
    instead: `'{"offset":0,"answer":"","sawResult":false,"errors":[],"activity":"","usage":{}}'`,
  },
  { table: 'event', key: 'sequence', column: 'data_json', instead: 'delete' },
];

/**
 * Puts aside every value that should be JSON and is not (a bad disk, a hand in the file), so that one row does not keep every
 * host from starting. The text is kept in the table `quarantine`, and the log names its place.
 */
export function quarantineBadRows(
  database: Database,
  { log, now }: { readonly log: Log; readonly now: () => number },
): void {
  for (const { table, key, column, instead } of columns) {
    const bad = `${column} IS NOT NULL AND NOT json_valid(${column})`;
    const rows = database
      .prepare<[], { key: string | number }>(`SELECT ${key} AS key FROM ${table} WHERE ${bad}`)
      .all();
    if (rows.length === 0) continue;
    database.transaction(() => {
      database
        .prepare(
          `INSERT INTO quarantine (source, row, value, at) SELECT '${table}.${column}', ${key}, ${column}, ? FROM ${table} WHERE ${bad}`,
        )
        .run(now());
      if (instead === 'delete') database.exec(`DELETE FROM ${table} WHERE ${bad}`);
      else database.exec(`UPDATE ${table} SET ${column} = ${instead} WHERE ${bad}`);
    })();
    log.error('Damaged rows of the database were put aside (table quarantine); what they held is missing', {
      place: `${table}.${column}`,
      rows: rows.slice(0, 20).map(row => row.key),
      count: rows.length,
    });
  }
}
