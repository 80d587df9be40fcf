import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { Chain, ChainState, Said } from '../../core/chains/chain.js';
import type { ChainStore } from '../../core/chains/chainStore.js';
import { verdicts } from '../../core/chains/verdict.js';
import { JsonFields, parseTexts } from '../../base/jsonFields.js';

interface ChainRow {
  readonly thread_id: string;
  readonly state: string;
  readonly author: string;
  readonly depth: number;
  readonly waiting_json: string;
  readonly said_json: string;
  readonly note: string;
}

const states: readonly ChainState[] = ['going', 'handed', 'approved', 'commented', 'undecided', 'exhausted', 'off'];

export class SqliteChainStore implements ChainStore {
  readonly #get: Statement<[string], ChainRow>;
  readonly #save: Statement<[ChainRow]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM chain WHERE thread_id = ?`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO chain (thread_id, state, author, depth, waiting_json, said_json, note)
      VALUES (:thread_id, :state, :author, :depth, :waiting_json, :said_json, :note)`);
    this.#remove = database.prepare(`DELETE FROM chain WHERE thread_id = ?`);
  }

  ofThread(thread: ThreadId): Chain | undefined {
    const row = this.#get.get(thread);
    return row && toChain(row);
  }

  save(chain: Chain): void {
    this.#save.run({
      thread_id: chain.threadId,
      state: chain.state,
      author: chain.author,
      depth: chain.depth,
      waiting_json: JSON.stringify(chain.waiting),
      said_json: JSON.stringify({ said: chain.said }),
      note: chain.note,
    });
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
    ...defined({ verdict: verdict === undefined ? undefined : member(verdicts, verdict) }),
  };
}
