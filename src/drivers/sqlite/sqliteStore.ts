import type { Database, Transaction } from 'better-sqlite3';
import { Emitter } from '../../base/event.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { RecordedEvent } from '../../core/events/domainEvent.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { asUnwritable } from './openDatabase.js';
import { QuietCheckpoints } from './quietCheckpoints.js';
import { SqliteAccessTokenStore } from './sqliteAccessTokenStore.js';
import { SqliteLoginSessionStore, SqliteLoginStore } from './sqliteLoginStore.js';
import { SqliteBatchStore } from './sqliteBatchStore.js';
import { SqliteBreakerStore } from './sqliteBreakerStore.js';
import { SqliteChainStore } from './sqliteChainStore.js';
import { SqliteCommentStore } from './sqliteCommentStore.js';
import { SqliteConflictStore } from './sqliteConflictStore.js';
import { SqliteEventLog } from './sqliteEventLog.js';
import { SqliteLandingStore } from './sqliteLandingStore.js';
import { SqliteMergeCheckStore } from './sqliteMergeCheckStore.js';
import { SqliteMergeQueueStore } from './sqliteMergeQueueStore.js';
import { SqliteMergeResumptionStore } from './sqliteMergeResumptionStore.js';
import { SqliteMergeSetStore } from './sqliteMergeSetStore.js';
import { SqliteMergeTrainStore } from './sqliteMergeTrainStore.js';
import { SqliteMergeUndoStore } from './sqliteMergeUndoStore.js';
import { SqliteMergeStore } from './sqliteMergeStore.js';
import { SqliteModelAccessStore } from './sqliteModelAccessStore.js';
import { SqliteModelCallStore } from './sqliteModelCallStore.js';
import { SqliteMessageStore } from './sqliteMessageStore.js';
import { SqliteNotebookServerStore } from './sqliteNotebookServerStore.js';
import { SqliteThreadPartStore } from './sqliteThreadPartStore.js';
import { SqliteThreadModelStore } from './sqliteThreadModelStore.js';
import { SqlitePreparationStore } from './sqlitePreparationStore.js';
import { SqliteProjectStore } from './sqliteProjectStore.js';
import { SqliteOpenHandMergeStore } from './sqliteOpenHandMergeStore.js';
import { SqliteQuestionStore } from './sqliteQuestionStore.js';
import { SqliteReviewStore } from './sqliteReviewStore.js';
import { SqliteRunDelayStore } from './sqliteRunDelayStore.js';
import { SqliteRunPriorityStore } from './sqliteRunPriorityStore.js';
import { SqliteRunSecretStore } from './sqliteRunSecretStore.js';
import { SqliteRunStore } from './sqliteRunStore.js';
import { SqliteSandboxStore } from './sqliteSandboxStore.js';
import { SqliteScheduleStore } from './sqliteScheduleStore.js';
import { SqliteRescueStore } from './sqliteRescueStore.js';
import { SqliteScriptStore } from './sqliteScriptStore.js';
import { SqliteWebhookSourceStore } from './sqliteWebhookSourceStore.js';
import { SqliteTopicStore } from './sqliteTopicStore.js';
import { SqliteSpareWorktreeStore } from './sqliteSpareWorktreeStore.js';
import { SqliteThreadStore } from './sqliteThreadStore.js';
import { SqliteRecordStore } from './sqliteRecordStore.js';
import { SqliteRepositoryStore } from './sqliteRepositoryStore.js';
import { SqliteSharedStateStore } from './sqliteSharedStateStore.js';
import { SqliteUsageStore } from './sqliteUsageStore.js';
import { SqliteVerdictStore } from './sqliteVerdictStore.js';
import { SqliteWorktreeOperationStore } from './sqliteWorktreeOperationStore.js';

/** The host's database: one connection, one writer. */
export class SqliteStore implements Store<Stores>, Disposable {
  readonly epoch: string;
  readonly #database: Database;
  readonly #stores: Stores;
  readonly #eventLog: SqliteEventLog;
  readonly #committed: Emitter<readonly RecordedEvent[]>;
  readonly #checkpoints: QuietCheckpoints;
  /** Made once: making a function a transaction takes longer than most transactions. */
  readonly #transaction: Transaction<(work: () => void) => void>;

  /** Takes ownership of the connection. `newEpoch` names the database when it is new. */
  constructor(
    database: Database,
    options: { readonly newEpoch: string; readonly onListenerError: (error: unknown) => void },
  ) {
    this.#database = database;
    this.#transaction = database.transaction(work => work());
    this.#committed = new Emitter({ onListenerError: options.onListenerError });
    this.#checkpoints = new QuietCheckpoints(database);
    this.epoch = readEpoch(database, options.newEpoch);
    this.#eventLog = new SqliteEventLog(database);
    const runs = new SqliteRunStore(database);
    const merges = new SqliteMergeStore(database);
    const reviews = new SqliteReviewStore(database);
    const chains = new SqliteChainStore(database);
    const comments = new SqliteCommentStore(database);
    const conflicts = new SqliteConflictStore(database);
    const handMerges = new SqliteOpenHandMergeStore(database);
    const notebookServers = new SqliteNotebookServerStore(database);
    const questions = new SqliteQuestionStore(database);
    const delays = new SqliteRunDelayStore(database);
    const priorities = new SqliteRunPriorityStore(database);
    const batches = new SqliteBatchStore(database);
    const undos = new SqliteMergeUndoStore(database);
    const parts = new SqliteThreadPartStore(database);
    const views = {
      runs,
      batches,
      delays,
      priorities,
      merges,
      undos,
      reviews,
      chains,
      comments,
      conflicts,
      handMerges,
      questions,
      notebookServers,
      parts,
    };
    this.#stores = {
      projects: new SqliteProjectStore(database),
      threads: new SqliteThreadStore(database, views),
      parts,
      messages: new SqliteMessageStore(database),
      runs,
      modelAccess: new SqliteModelAccessStore(database),
      modelCalls: new SqliteModelCallStore(database),
      delays,
      priorities,
      usage: new SqliteUsageStore(database),
      batches,
      breakers: new SqliteBreakerStore(database),
      runSecrets: new SqliteRunSecretStore(database),
      merges,
      reviews,
      chains,
      sandboxes: new SqliteSandboxStore(database),
      comments,
      conflicts,
      handMerges,
      accessTokens: new SqliteAccessTokenStore(database),
      logins: new SqliteLoginStore(database),
      loginSessions: new SqliteLoginSessionStore(database),
      notebookServers,
      questions,
      verdicts: new SqliteVerdictStore(database),
      landings: new SqliteLandingStore(database),
      schedules: new SqliteScheduleStore(database),
      topics: new SqliteTopicStore(database),
      resumptions: new SqliteMergeResumptionStore(database),
      spares: new SqliteSpareWorktreeStore(database),
      webhooks: new SqliteWebhookSourceStore(database),
      preparations: new SqlitePreparationStore(database),
      threadModels: new SqliteThreadModelStore(database),
      scripts: new SqliteScriptStore(database),
      rescues: new SqliteRescueStore(database),
      operations: new SqliteWorktreeOperationStore(database),
      shared: new SqliteSharedStateStore(database),
      repositories: new SqliteRepositoryStore(database),
      records: new SqliteRecordStore(database),
      mergeQueue: new SqliteMergeQueueStore(database),
      trains: new SqliteMergeTrainStore(database),
      mergeSets: new SqliteMergeSetStore(database),
      checks: new SqliteMergeCheckStore(database),
      undos,
      events: this.#eventLog,
    };
  }

  get onDidCommit(): Store<Stores>['onDidCommit'] {
    return this.#committed.event;
  }

  transact<T>(work: (stores: Stores) => T): T {
    let result: T;
    try {
      // IMMEDIATE: the write lock is taken up front, so that a busy database fails before any work was done.
      result = this.#within('immediate', work);
    } catch (error) {
      this.#eventLog.takeAppended();
      throw asUnwritable(this.#database.name, error);
    }
    this.#checkpoints.committed();
    const events = this.#eventLog.takeAppended();
    if (events.length > 0) this.#committed.fire(events);
    return result;
  }

  read<T>(work: (stores: Stores) => T): T {
    return this.#within('deferred', work);
  }

  #within<T>(kind: 'immediate' | 'deferred', work: (stores: Stores) => T): T {
    const results: T[] = [];
    this.#transaction[kind](() => {
      const result = work(this.#stores);
      // What goes on later would not be in the transaction.
      if (result instanceof Promise) throw new TypeError('A transaction cannot wait');
      results.push(result);
    });
    for (const result of results) return result;
    throw new Error('A transaction did not do its work');
  }

  dispose(): void {
    this.#checkpoints.dispose();
    this.#committed.dispose();
    this.#database.close();
  }
}

function readEpoch(database: Database, newEpoch: string): string {
  database.prepare<[string]>(`INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING`).run(newEpoch);
  const row = database.prepare<[], { value: string }>(`SELECT value FROM meta WHERE key = 'epoch'`).get();
  if (!row) throw new Error('The database has no epoch');
  return row.value;
}
