import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { isId, parseId, type ProjectId, type RunId, type ThreadId } from '../../base/ids.js';
import type { MergeStore } from '../../core/merges/mergeStore.js';
import type { ReviewStore } from '../../core/reviews/reviewStore.js';
import type { RunStore } from '../../core/runs/runStore.js';
import type { Thread, ThreadOutcome, WorktreeTrouble } from '../../core/threads/thread.js';
import { threadState, type ThreadState, type ThreadStatus } from '../../core/threads/threadStatus.js';
import type { ThreadFilter, ThreadPage, ThreadStore, ThreadView } from '../../core/threads/threadStore.js';
import { defined } from '../../base/defined.js';

interface ThreadRow {
  readonly id: string;
  readonly project_id: string;
  readonly agent: string;
  readonly outcome: string;
  readonly summary: string;
  readonly requested_base: string | null;
  readonly repository: string | null;
  readonly branch: string | null;
  readonly base_ref: string | null;
  readonly base_commit: string | null;
  readonly worktree: string | null;
  readonly head: string | null;
  readonly rescue: string | null;
  readonly common_dir: string | null;
  readonly registered_as: string | null;
  readonly trouble: string | null;
  readonly notes: string | null;
  readonly files_changed: number | null;
  readonly additions: number | null;
  readonly deletions: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

interface StoredThreadRow extends ThreadRow {
  readonly latest_run: string | null;
  readonly latest_merge: string | null;
  readonly project_name: string;
}

type StatedThread = ThreadState & Pick<ThreadView, 'thread' | 'projectName' | 'latestRun' | 'latestMerge'>;

interface PageParameters {
  readonly project: string | null;
  readonly agent: string | null;
  readonly outcome: string | null;
  readonly before: number;
  readonly before_id: string;
  readonly limit: number;
}

interface Totals {
  readonly cost_usd: number | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
}

const outcomes: readonly ThreadOutcome[] = ['open', 'completed', 'failed', 'abandoned'];

/** A thread with its project's name, which every list shows. */
const selectThread = `SELECT *, (SELECT name FROM project WHERE project.id = project_id) AS project_name FROM thread`;

/** Rows are read in blocks of this size while a page that filters by derived status fills up. */
const blockSize = 200;

export class SqliteThreadStore implements ThreadStore {
  readonly #runs: RunStore;
  readonly #merges: MergeStore;
  readonly #reviews: ReviewStore;
  readonly #insert: Statement<[ThreadRow]>;
  readonly #update: Statement<[ThreadRow]>;
  readonly #get: Statement<[string], StoredThreadRow>;
  readonly #withPrefix: Statement<[string, string], { id: string }>;
  readonly #database: Database;
  /** By which filters are set: a statement without the others' conditions can use the index of its own. */
  readonly #pages = new Map<string, Statement<[PageParameters], StoredThreadRow>>();
  readonly #withWorktree: Statement<[string | null, string | null], StoredThreadRow>;
  readonly #repositories: Statement<[], { repository: string }>;
  readonly #totals: Statement<[string], Totals>;
  readonly #queuePosition: Statement<[string], { position: number }>;
  readonly #queue: Statement<[], { id: string }>;

  constructor(
    database: Database,
    stores: { readonly runs: RunStore; readonly merges: MergeStore; readonly reviews: ReviewStore },
  ) {
    this.#database = database;
    this.#runs = stores.runs;
    this.#merges = stores.merges;
    this.#reviews = stores.reviews;
    this.#insert = database.prepare(`
      INSERT INTO thread (id, project_id, agent, outcome, summary, requested_base, repository, branch, base_ref, base_commit, worktree, head, rescue,
        common_dir, registered_as, trouble, notes, files_changed, additions, deletions, created_at, updated_at)
      VALUES (:id, :project_id, :agent, :outcome, :summary, :requested_base, :repository, :branch, :base_ref, :base_commit, :worktree, :head, :rescue,
        :common_dir, :registered_as, :trouble, :notes, :files_changed, :additions, :deletions, :created_at, :updated_at)`);
    this.#update = database.prepare(`
      UPDATE thread SET outcome = :outcome, summary = :summary, requested_base = :requested_base, repository = :repository, branch = :branch, base_ref = :base_ref,
        base_commit = :base_commit, worktree = :worktree, head = :head, rescue = :rescue, common_dir = :common_dir, registered_as = :registered_as,
        trouble = :trouble, notes = :notes, files_changed = :files_changed, additions = :additions,
        deletions = :deletions, updated_at = :updated_at
      WHERE id = :id`);
    this.#get = database.prepare(`${selectThread} WHERE id = ?`);
    this.#withPrefix = database.prepare(`SELECT id FROM thread WHERE id >= ? AND id < ? LIMIT 10`);
    this.#withWorktree = database.prepare(`
      ${selectThread} WHERE worktree IS NOT NULL AND (? IS NULL OR project_id = ?) ORDER BY created_at DESC`);
    this.#repositories = database.prepare(`SELECT DISTINCT repository FROM thread WHERE repository IS NOT NULL`);
    this.#totals = database.prepare(`
      SELECT SUM(cost_usd) AS cost_usd, SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens FROM run WHERE thread_id = ?`);
    this.#queue = database.prepare(`SELECT id FROM run WHERE status = 'queued' ORDER BY position`);
    this.#queuePosition = database.prepare(`
      SELECT COUNT(*) AS position FROM run WHERE status = 'queued' AND position <= (SELECT position FROM run WHERE id = ?)`);
  }

  get(id: ThreadId): Thread | undefined {
    const row = this.#get.get(id);
    return row && toThread(row);
  }

  withPrefix(prefix: string): readonly ThreadId[] {
    return this.#withPrefix.all(prefix, `${prefix}~`).map(row => parseId(row.id));
  }

  insert(thread: Thread): void {
    this.#insert.run(fromThread(thread));
  }

  update(thread: Thread): void {
    this.#update.run(fromThread(thread));
  }

  view(id: ThreadId): ThreadView | undefined {
    const row = this.#get.get(id);
    return row && this.#toView(this.#stateOf(row), run => this.#queuePosition.get(run)?.position);
  }

  page(filter: ThreadFilter): ThreadPage {
    const wanted = filter.statuses && filter.statuses.length > 0 ? new Set(filter.statuses) : undefined;
    const threads: ThreadView[] = [];
    let position = parseCursor(filter.cursor);
    let places: ReadonlyMap<string, number> | undefined;
    const placeOf = (run: RunId): number | undefined => (places ??= this.#placesInQueue()).get(run);
    for (;;) {
      const rows = this.#pageStatement(filter).all({
        project: filter.projectId ?? null,
        agent: filter.agent ?? null,
        outcome: onlyOutcome(filter.statuses),
        before: position.createdAt,
        before_id: position.id,
        limit: wanted ? blockSize : filter.limit + 1 - threads.length,
      });
      for (const row of rows) {
        if (threads.length === filter.limit) return { threads, nextCursor: formatCursor(position) };
        const state = this.#stateOf(row);
        if (!wanted || wanted.has(state.status)) threads.push(this.#toView(state, placeOf));
        position = { createdAt: row.created_at, id: row.id };
      }
      if (rows.length < (wanted ? blockSize : filter.limit)) return { threads };
    }
  }

  repositories(): readonly string[] {
    return this.#repositories.all().map(row => row.repository);
  }

  withWorktree(projectId?: ProjectId): readonly Thread[] {
    return this.#withWorktree.all(projectId ?? null, projectId ?? null).map(toThread);
  }

  #pageStatement(filter: ThreadFilter): Statement<[PageParameters], StoredThreadRow> {
    const conditions = [
      '(created_at, id) < (:before, :before_id)',
      ...(filter.projectId === undefined ? [] : ['project_id = :project']),
      ...(filter.agent === undefined ? [] : ['agent = :agent']),
      ...(onlyOutcome(filter.statuses) === null ? [] : ['outcome = :outcome']),
      ...(needsMerge(filter.statuses) ? ['latest_merge IS NOT NULL'] : []),
    ];
    const where = conditions.join(' AND ');
    let statement = this.#pages.get(where);
    if (!statement) {
      statement = this.#database.prepare(
        `${selectThread} WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT :limit`,
      );
      this.#pages.set(where, statement);
    }
    return statement;
  }

  /** What the status is derived from; cheap enough to be made for threads that a filter then leaves out. */
  #stateOf(row: StoredThreadRow): StatedThread {
    const thread = toThread(row);
    const latestRun = row.latest_run === null ? undefined : this.#runs.get(parseId(row.latest_run));
    const latestMerge = row.latest_merge === null ? undefined : this.#merges.get(parseId(row.latest_merge));
    return {
      thread,
      projectName: row.project_name,
      ...threadState(thread, latestRun, latestMerge),
      ...defined({ latestRun, latestMerge }),
    };
  }

  /** Of every queued run: for a list, counting for each of its rows would be counting the queue squared. */
  #placesInQueue(): ReadonlyMap<string, number> {
    return new Map(this.#queue.all().map(({ id }, index) => [id, index + 1]));
  }

  #toView(state: StatedThread, placeOf: (run: RunId) => number | undefined): ThreadView {
    const { thread, latestRun } = state;
    const totals = this.#totals.get(thread.id);
    return {
      ...state,
      ...this.#reviews.marks(thread.id),
      ...defined({
        queuePosition: latestRun?.status === 'queued' ? placeOf(latestRun.id) : undefined,
        costUsd: totals?.cost_usd,
        inputTokens: totals?.input_tokens,
        outputTokens: totals?.output_tokens,
      }),
    };
  }
}

/** True when every wanted status implies that there is a merge. */
function needsMerge(statuses: readonly ThreadStatus[] | undefined): boolean {
  return (
    statuses !== undefined &&
    statuses.length > 0 &&
    statuses.every(status => status === 'merged' || status === 'merging')
  );
}

/** The one outcome that all of these derived statuses have, so that SQL can leave out the rest. */
function onlyOutcome(statuses: readonly ThreadStatus[] | undefined): ThreadOutcome | null {
  if (!statuses || statuses.length === 0) return null;
  const found = new Set(
    statuses.map((status): ThreadOutcome | 'several' => {
      if (status === 'merged') return 'completed';
      if (status === 'failed' || status === 'abandoned') return status;
      return status === 'closed' ? 'several' : 'open';
    }),
  );
  const [first] = found;
  return found.size === 1 && first !== undefined && first !== 'several' ? first : null;
}

interface Position {
  readonly createdAt: number;
  readonly id: string;
}

function parseCursor(cursor: string | undefined): Position {
  const [createdAt, id] = (cursor ?? '').split('.');
  if (createdAt === undefined || id === undefined || !isId(id) || !/^\d{1,15}$/.test(createdAt)) {
    return { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
  }
  return { createdAt: Number(createdAt), id };
}

function formatCursor(position: Position): string {
  return `${position.createdAt}.${position.id}`;
}

function fromThread(thread: Thread): ThreadRow {
  return {
    id: thread.id,
    project_id: thread.projectId,
    agent: thread.agent,
    outcome: thread.outcome,
    summary: thread.summary,
    requested_base: thread.requestedBase ?? null,
    repository: thread.repository ?? null,
    branch: thread.branch ?? null,
    base_ref: thread.baseRef ?? null,
    base_commit: thread.baseCommit ?? null,
    worktree: thread.worktree ?? null,
    head: thread.head ?? null,
    rescue: thread.rescue ?? null,
    common_dir: thread.commonDir ?? null,
    registered_as: thread.registeredAs ?? null,
    trouble: thread.trouble === undefined ? null : JSON.stringify(thread.trouble),
    notes: thread.notes === undefined || thread.notes.length === 0 ? null : JSON.stringify(thread.notes),
    files_changed: thread.filesChanged ?? null,
    additions: thread.additions ?? null,
    deletions: thread.deletions ?? null,
    created_at: thread.createdAt,
    updated_at: thread.updatedAt,
  };
}

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

function toThread(row: ThreadRow): Thread {
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
