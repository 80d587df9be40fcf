import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import type { Thread, ThreadOutcome, WorktreeTrouble } from '../../core/threads/thread.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

/** The columns of the `thread` table, without what other stores point to. */
const threadColumns = {
  id: fixed((thread: Thread) => thread.id),
  project_id: fixed((thread: Thread) => thread.projectId),
  agent: fixed((thread: Thread) => thread.agent),
  outcome: stored((thread: Thread) => thread.outcome),
  summary: stored((thread: Thread) => thread.summary),
  requested_base: stored((thread: Thread) => thread.requestedBase ?? null),
  repository: stored((thread: Thread) => thread.repository ?? null),
  branch: stored((thread: Thread) => thread.branch ?? null),
  base_ref: stored((thread: Thread) => thread.baseRef ?? null),
  base_commit: stored((thread: Thread) => thread.baseCommit ?? null),
  carried: stored((thread: Thread) => thread.carried ?? null),
  worktree: stored((thread: Thread) => thread.worktree ?? null),
  head: stored((thread: Thread) => thread.head ?? null),
  rescue: stored((thread: Thread) => thread.rescue ?? null),
  common_dir: stored((thread: Thread) => thread.commonDir ?? null),
  registered_as: stored((thread: Thread) => thread.registeredAs ?? null),
  trouble: stored((thread: Thread) => (thread.trouble === undefined ? null : JSON.stringify(thread.trouble))),
  notes: stored((thread: Thread) =>
    thread.notes === undefined || thread.notes.length === 0 ? null : JSON.stringify(thread.notes),
  ),
  files_changed: stored((thread: Thread) => thread.filesChanged ?? null),
  additions: stored((thread: Thread) => thread.additions ?? null),
  deletions: stored((thread: Thread) => thread.deletions ?? null),
  created_at: fixed((thread: Thread) => thread.createdAt),
  updated_at: stored((thread: Thread) => thread.updatedAt),
};

export type ThreadRow = RowOf<typeof threadColumns>;

export const threadTable = new EntityTable<Thread>('thread', threadColumns);

export const outcomes: readonly ThreadOutcome[] = ['open', 'completed', 'failed', 'abandoned'];

const troubleKinds: readonly WorktreeTrouble['kind'][] = ['replaced', 'unfinished', 'missing', 'failed'];

function parseTrouble(json: string | null): WorktreeTrouble | undefined {
  if (json === null) return undefined;
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  return {
    kind: member(troubleKinds, String(fields.get('kind'))),
    message: String(fields.get('message')),
    files: texts(fields.get('files')),
  };
}

function parseNotes(json: string | null): readonly string[] | undefined {
  return json === null ? undefined : texts(JSON.parse(json));
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}

export function toThread(row: ThreadRow): Thread {
  return {
    id: parseId(row.id),
    projectId: parseId(row.project_id),
    agent: row.agent,
    outcome: member(outcomes, row.outcome),
    summary: row.summary,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...defined({
      requestedBase: row.requested_base,
      repository: row.repository,
      branch: row.branch,
      baseRef: row.base_ref,
      baseCommit: row.base_commit,
      carried: row.carried,
      worktree: row.worktree,
      head: row.head,
      rescue: row.rescue,
      commonDir: row.common_dir,
      registeredAs: row.registered_as,
      trouble: parseTrouble(row.trouble),
      notes: parseNotes(row.notes),
      filesChanged: row.files_changed,
      additions: row.additions,
      deletions: row.deletions,
    }),
  };
}
