import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { Chain, ChainState, Said } from '../../core/chains/chain.js';
import type { ChainStore } from '../../core/chains/chainStore.js';
import { verdicts } from '../../base/verdict.js';
import { JsonFields, parseTexts } from '../../base/jsonFields.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((chain: Chain) => chain.threadId),
  state: stored((chain: Chain) => chain.state),
  author: stored((chain: Chain) => chain.author),
  depth: stored((chain: Chain) => chain.depth),
  waiting_json: stored((chain: Chain) => JSON.stringify(chain.waiting)),
  said_json: stored((chain: Chain) => JSON.stringify({ said: chain.said })),
  note: stored((chain: Chain) => chain.note),
};
type ChainRow = RowOf<typeof columns>;
const table = new EntityTable<Chain>('chain', columns);

const states: readonly ChainState[] = ['going', 'handed', 'approved', 'commented', 'undecided', 'exhausted', 'off'];

export class SqliteChainStore implements ChainStore {
  readonly #get: Statement<[string], ChainRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM chain WHERE thread_id = ?`);
    this.#save = database.prepare(table.replace());
    this.#remove = database.prepare(`DELETE FROM chain WHERE thread_id = ?`);
  }

  ofThread(thread: ThreadId): Chain | undefined {
    const row = this.#get.get(thread);
    return row && toChain(row);
  }

  save(chain: Chain): void {
    this.#save.run(table.parameters(chain));
  }

  remove(thread: ThreadId): void {
    this.#remove.run(thread);
  }
}

function toChain(row: ChainRow): Chain {
  return {
    threadId: parseId(row.thread_id),
    state: member(states, row.state),
    author: row.author,
    depth: row.depth,
    waiting: parseTexts(row.waiting_json),
    said: JsonFields.parse(row.said_json).list('said').map(toSaid),
    note: row.note,
  };
}

function toSaid(fields: JsonFields): Said {
  const verdict = fields.text('verdict');
  return {
    agent: fields.text('agent') ?? '',
    text: fields.text('text') ?? '',
    ...defined({
      verdict: verdict === undefined ? undefined : member(verdicts, verdict),
      commit: fields.text('commit'),
    }),
  };
}
