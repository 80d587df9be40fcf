import type { Database } from 'better-sqlite3';
import { AppError } from '../../base/errors.js';
import { initial } from './migrations/0001Initial.js';
import { review } from './migrations/0002Review.js';
import { worktrees } from './migrations/0003Worktrees.js';
import { landing } from './migrations/0004Landing.js';
import { schedules } from './migrations/0005Schedules.js';
import { rescues } from './migrations/0006Rescues.js';
import { runSecrets } from './migrations/0007RunSecrets.js';
import { mergeQueue } from './migrations/0008MergeQueue.js';
import { quarantine } from './migrations/0009Quarantine.js';
import { history } from './migrations/0010History.js';
import { mergeUndo } from './migrations/0011MergeUndo.js';
import { sharedState } from './migrations/0012SharedState.js';
import { chains } from './migrations/0013Chains.js';
import { comments } from './migrations/0014Comments.js';
import { accessTokens } from './migrations/0015AccessTokens.js';
import { waitingFires } from './migrations/0016WaitingFires.js';
import { repositories } from './migrations/0017Repositories.js';
import { models } from './migrations/0018Models.js';
import { topicEvents } from './migrations/0019TopicEvents.js';
import { notebookServers } from './migrations/0020NotebookServers.js';
import { mail } from './migrations/0021Mail.js';
import { preparations } from './migrations/0022Preparations.js';
import { retries } from './migrations/0023Retries.js';
import { sandboxes } from './migrations/0024Sandboxes.js';
import { modelCalls } from './migrations/0025ModelCalls.js';
import { reviewed } from './migrations/0026Reviewed.js';
import { scripts } from './migrations/0027Scripts.js';
import { batches } from './migrations/0028Batches.js';
import { conflicts } from './migrations/0029Conflicts.js';
import { webhooks } from './migrations/0030Webhooks.js';
import { mergeTrains } from './migrations/0031MergeTrains.js';
import { spareWorktrees } from './migrations/0032SpareWorktrees.js';
import { positions } from './migrations/0033Positions.js';
import { workflows } from './migrations/0034Workflows.js';
import { threadModels } from './migrations/0041ThreadModels.js';
import { staged } from './migrations/0044Staged.js';
import { runTests } from './migrations/0045RunTests.js';
import { mergePushes } from './migrations/0046MergePushes.js';
import { liveInputs } from './migrations/0047LiveInputs.js';
import { queuedAgents } from './migrations/0048QueuedAgents.js';
import { farFacades } from './migrations/0049FarFacades.js';
import { runPriorities } from './migrations/0050RunPriorities.js';
import { mergeResumptions } from './migrations/0035MergeResumptions.js';
import { runCancels } from './migrations/0036RunCancels.js';
import { notebookSandboxes } from './migrations/0037NotebookSandboxes.js';
import { carriedChanges } from './migrations/0038CarriedChanges.js';
import { askedWith } from './migrations/0039AskedWith.js';
import { handMerges } from './migrations/0042HandMerges.js';
import { logins } from './migrations/0040Logins.js';
import { severalRepositories } from './migrations/0043SeveralRepositories.js';

/** Append-only: a migration that has shipped is never edited. `PRAGMA user_version` counts those that ran. */
export const migrations: readonly string[] = [
  initial,
  review,
  worktrees,
  landing,
  schedules,
  rescues,
  runSecrets,
  mergeQueue,
  quarantine,
  history,
  mergeUndo,
  sharedState,
  chains,
  comments,
  accessTokens,
  waitingFires,
  repositories,
  models,
  topicEvents,
  notebookServers,
  mail,
  preparations,
  retries,
  sandboxes,
  modelCalls,
  reviewed,
  scripts,
  batches,
  conflicts,
  webhooks,
  mergeTrains,
  spareWorktrees,
  positions,
  workflows,
  mergeResumptions,
  runCancels,
  notebookSandboxes,
  carriedChanges,
  askedWith,
  logins,
  threadModels,
  handMerges,
  severalRepositories,
  staged,
  runTests,
  mergePushes,
  liveInputs,
  queuedAgents,
  farFacades,
  runPriorities,
];

/** The schema version this program understands. */
export const schemaVersion = migrations.length;

/** Throws `state.newer` when a later Muster wrote the file. Writes nothing. */
export function refuseNewer(database: Database, file: string): void {
  const found = readVersion(database);
  if (found <= schemaVersion) return;
  throw new AppError(
    'state.newer',
    `${file} was written by a newer Muster (schema ${found}; this one knows ${schemaVersion}). Update Muster, or set MUSTER_HOME to another directory.`,
    { file, found, supported: schemaVersion },
  );
}

/**
 * Brings the database to {@link schemaVersion}; each migration and its number commit together. Foreign keys must be off: a table
 * that is made anew is dropped in between, and what refers to it must not go with it.
 */
export function migrate(database: Database): void {
  for (let version = readVersion(database); version < schemaVersion; version++) {
    const sql = migrations[version];
    if (sql === undefined) throw new Error(`Migration ${version + 1} is missing`);
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${version + 1}`);
    })();
  }
}

function readVersion(database: Database): number {
  const version: unknown = database.pragma('user_version', { simple: true });
  if (typeof version !== 'number') throw new Error('PRAGMA user_version did not answer a number');
  return version;
}
