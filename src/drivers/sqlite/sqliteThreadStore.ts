import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type ProjectId, type RunId, type ThreadId } from '../../base/ids.js';
import { attemptOf, type BatchStore } from '../../core/batches/batch.js';
import type { Merge } from '../../core/merges/merge.js';
import type { ConflictStore } from '../../core/merges/conflictPrediction.js';
import type { MergeStore } from '../../core/merges/mergeStore.js';
import type { OpenHandMergeStore } from '../../core/merges/openHandMerge.js';
import type { MergeUndoStore } from '../../core/merges/mergeUndo.js';
import { standingMerge } from '../../core/merges/standingMerge.js';
import type { NotebookServerStore } from '../../core/notebooks/notebookServerStore.js';
import type { ChainStore } from '../../core/chains/chainStore.js';
import type { CommentStore } from '../../core/reviews/commentStore.js';
import type { QuestionStore } from '../../core/questions/questionStore.js';
import type { ReviewMarks } from '../../core/reviews/review.js';
import type { ReviewStore } from '../../core/reviews/reviewStore.js';
import { isRunActive, isRunStopping, type Run } from '../../core/runs/run.js';
import type { RunDelayStore } from '../../core/runs/runDelay.js';
import { inTurn, type RunPriorityStore } from '../../core/runs/runPriority.js';
import type { RunStore } from '../../core/runs/runStore.js';
import type { RepositoryPlace } from '../../core/workspaces/knownRepository.js';
import type { ThreadPartStore } from '../../core/threads/part.js';
import { partsOf } from '../../core/threads/partLookup.js';
import type { Thread, ThreadOutcome } from '../../core/threads/thread.js';
import { threadState, type ThreadState } from '../../core/threads/threadStatus.js';
import type { ThreadFilter, ThreadPage, ThreadStore, ThreadView } from '../../core/threads/threadStore.js';
import { defined } from '../../base/defined.js';
import { formatCursor, needsMerge, onlyOutcome, parseCursor } from './threadPaging.js';
import { commentsOn, conflictOf, marksOf } from './wholeThread.js';
import { outcomes, threadTable, toThread, type ThreadRow } from './threadRow.js';

interface StoredThreadRow extends ThreadRow {
  readonly latest_run: string | null;
  readonly latest_merge: string | null;
  readonly project_name: string;
}

type StatedThread = ThreadState &
  Pick<
    ThreadView,
    | 'thread'
    | 'projectName'
    | 'latestRun'
    | 'latestMerge'
    | 'handMerge'
    | 'undone'
    | 'chain'
    | 'questions'
    | 'awaited'
    | 'parts'
    | 'partOf'
  >;

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

/** A thread with its project's name, which every list shows. */
const selectThread = `SELECT *, (SELECT name FROM project WHERE project.id = project_id) AS project_name FROM thread`;
/** People see the thread that a part belongs to. */
const isWhole = `NOT EXISTS (SELECT 1 FROM thread_part WHERE thread_part.thread_id = thread.id)`;

/** Rows are read in blocks of this size while a page that filters by derived status fills up. */
const blockSize = 200;

export class SqliteThreadStore implements ThreadStore {
  readonly #runs: RunStore;
  readonly #merges: MergeStore;
  readonly #reviews: ReviewStore;
  readonly #undos: MergeUndoStore;
  readonly #chains: ChainStore;
  readonly #comments: CommentStore;
  readonly #conflicts: ConflictStore;
  readonly #handMerges: OpenHandMergeStore;
  readonly #notebookServers: NotebookServerStore;
  readonly #questions: QuestionStore;
  readonly #delays: RunDelayStore;
  readonly #priorities: RunPriorityStore;
  readonly #batches: BatchStore;
  readonly #parts: ThreadPartStore;
  readonly #insert: Statement<[ReturnType<typeof threadTable.parameters>]>;
  readonly #update: Statement<[ReturnType<typeof threadTable.parameters>]>;
  readonly #get: Statement<[string], StoredThreadRow>;
  readonly #withPrefix: Statement<[string, string], { id: string }>;
  readonly #database: Database;
  /** By which filters are set: a statement without the others' conditions can use the index of its own. */
  readonly #pages = new Map<string, Statement<[PageParameters], StoredThreadRow>>();
  readonly #withWorktree: Statement<[string | null, string | null], StoredThreadRow>;
  readonly #branches: Statement<[], string>;
  readonly #inRepository: Statement<[string, string], StoredThreadRow>;
  readonly #beganWith: Statement<[string], StoredThreadRow>;
  readonly #reassign: Statement<[string, string]>;
  readonly #repositories: Statement<[], { repository: string }>;
  readonly #totals: Statement<[string], Totals>;
  readonly #queuePosition: Statement<[string], { position: number }>;
  readonly #queue: Statement<[], { id: string }>;
  readonly #outcomes: Statement<[], { outcome: string; count: number }>;
  readonly #messages: Statement<[], { count: number }>;

  constructor(
    database: Database,
    stores: {
      readonly runs: RunStore;
      readonly merges: MergeStore;
      readonly undos: MergeUndoStore;
      readonly reviews: ReviewStore;
      readonly chains: ChainStore;
      readonly comments: CommentStore;
      readonly conflicts: ConflictStore;
      readonly handMerges: OpenHandMergeStore;
      readonly notebookServers: NotebookServerStore;
      readonly questions: QuestionStore;
      readonly delays: RunDelayStore;
      readonly priorities: RunPriorityStore;
      readonly batches: BatchStore;
      readonly parts: ThreadPartStore;
    },
  ) {
    this.#database = database;
    this.#runs = stores.runs;
    this.#merges = stores.merges;
    this.#undos = stores.undos;
    this.#reviews = stores.reviews;
    this.#chains = stores.chains;
    this.#comments = stores.comments;
    this.#conflicts = stores.conflicts;
    this.#handMerges = stores.handMerges;
    this.#notebookServers = stores.notebookServers;
    this.#questions = stores.questions;
    this.#delays = stores.delays;
    this.#priorities = stores.priorities;
    this.#batches = stores.batches;
    this.#parts = stores.parts;
    this.#insert = database.prepare(threadTable.insert());
    this.#update = database.prepare(threadTable.update('id = :id'));
    this.#get = database.prepare(`${selectThread} WHERE id = ?`);
    this.#withPrefix = database.prepare(`SELECT id FROM thread WHERE id >= ? AND id < ? AND ${isWhole} LIMIT 10`);
    this.#withWorktree = database.prepare(`
      ${selectThread} WHERE worktree IS NOT NULL AND (? IS NULL OR project_id = ?) ORDER BY created_at DESC`);
    this.#branches = database
      .prepare<[], string>(`SELECT branch FROM thread WHERE worktree IS NOT NULL AND branch IS NOT NULL`)
      .pluck();
    this.#inRepository = database.prepare(
      `${selectThread} WHERE common_dir = ? OR (common_dir IS NULL AND repository = ?)`,
    );
    this.#beganWith = database.prepare(`${selectThread} WHERE carried = ?`);
    this.#reassign = database.prepare(`UPDATE thread SET project_id = ? WHERE project_id = ?`);
    this.#repositories = database.prepare(`SELECT DISTINCT repository FROM thread WHERE repository IS NOT NULL`);
    this.#totals = database.prepare(`
      SELECT SUM(cost_usd) AS cost_usd, SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens FROM run WHERE thread_id = ?`);
    this.#outcomes = database.prepare(
      `SELECT outcome, COUNT(*) AS count FROM thread WHERE ${isWhole} GROUP BY outcome`,
    );
    this.#messages = database.prepare(`SELECT COUNT(*) AS count FROM message`);
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

  count(): { readonly outcomes: ReadonlyMap<ThreadOutcome, number>; readonly messages: number } {
    const rows = this.#outcomes.all();
    return {
      outcomes: new Map(rows.map(({ outcome, count }) => [member(outcomes, outcome), count])),
      messages: this.#messages.get()?.count ?? 0,
    };
  }

  insert(thread: Thread): void {
    this.#insert.run(threadTable.parameters(thread));
  }

  update(thread: Thread): void {
    this.#update.run(threadTable.parameters(thread));
  }

  view(id: ThreadId): ThreadView | undefined {
    const row = this.#get.get(id);
    return row && this.#toView(this.#stateOf(row), run => this.#placeInQueue(run));
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

  inRepository({ commonDir, root }: RepositoryPlace): readonly Thread[] {
    return this.#inRepository.all(commonDir, root).map(toThread);
  }

  beganWith(carried: string): readonly Thread[] {
    return this.#beganWith.all(carried).map(toThread);
  }

  reassign(from: ProjectId, to: ProjectId): void {
    this.#reassign.run(to, from);
  }

  withWorktree(projectId?: ProjectId): readonly Thread[] {
    return this.#withWorktree.all(projectId ?? null, projectId ?? null).map(toThread);
  }

  branches(): readonly string[] {
    return this.#branches.all();
  }

  #pageStatement(filter: ThreadFilter): Statement<[PageParameters], StoredThreadRow> {
    const conditions = [
      '(created_at, id) < (:before, :before_id)',
      isWhole,
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
    const partOf = this.#parts.of(thread.id);
    const parts = partOf ? [] : partsOf({ threads: this, parts: this.#parts }, thread.id);
    // What works on a thread works on all of its repositories.
    const run = partOf ? (this.#get.get(partOf.whole)?.latest_run ?? null) : row.latest_run;
    const latestRun = run === null ? undefined : this.#runs.get(parseId(run));
    const latestMerge = row.latest_merge === null ? undefined : this.#merges.get(parseId(row.latest_merge));
    const standing = standingMerge({ undos: this.#undos }, { thread, latestMerge }) ?? unmerged(latestMerge);
    // Whoever takes a merge back opens the thread again.
    const mayBeUndone = thread.outcome === 'open' && latestMerge?.status === 'merged';
    const undone = mayBeUndone ? this.#undos.get(latestMerge.id)?.kind : undefined;
    const handMerge = thread.worktree === undefined ? undefined : this.#handMerges.ofThread(thread.id);
    const chain = this.#chains.ofThread(thread.id);
    const awaited = latestRun?.status === 'queued' ? this.#batches.awaited(latestRun.id) : [];
    const questions = latestRun?.status === 'waiting' ? this.#questions.openOf(latestRun.id) : [];
    return {
      thread,
      projectName: row.project_name,
      ...threadState(thread, {
        run: latestRun,
        merge: standing,
        marks: this.#marksFor(thread, standing),
        handMerge,
        chain,
        questions,
        awaited,
        parts,
      }),
      questions,
      awaited,
      parts,
      ...defined({ latestRun, latestMerge, handMerge, undone, chain, partOf }),
    };
  }

  /** They decide only about a merge that was blocked. */
  #marksFor({ id }: Thread, merge: Merge | undefined): ReviewMarks {
    return merge?.status === 'blocked' ? this.#reviews.marks(id) : {};
  }

  /** Of every queued run: for a list, counting for each of its rows would be counting the queue squared. */
  #placesInQueue(): ReadonlyMap<string, number> {
    const queued = inTurn(
      this.#queue.all().map(({ id }) => ({ id: parseId<'run'>(id) })),
      this.#priorities.waiting(),
    );
    return new Map([...queued].map(({ id }, index) => [id, index + 1]));
  }

  #placeInQueue(run: RunId): number | undefined {
    if (this.#priorities.waiting().length === 0) return this.#queuePosition.get(run)?.position;
    return this.#placesInQueue().get(run);
  }

  #isStopping(run: Run): boolean {
    return isRunStopping(run, isRunActive(run.status) && this.#runs.isCancelled(run.id));
  }

  #toView(state: StatedThread, placeOf: (run: RunId) => number | undefined): ThreadView {
    const { thread, latestRun } = state;
    const totals = this.#totals.get(thread.id);
    const batch = this.#batches.of(thread.id);
    return {
      ...state,
      ...marksOf(this.#reviews, state),
      comments: commentsOn(this.#comments, state),
      ...conflictOf(this.#conflicts, state),
      ...defined({
        notebookServer: this.#notebookServers.ofThread(thread.id),
        batch,
        attempt: attemptOf(this.#batches, thread.id, batch),
        queuePosition: latestRun?.status === 'queued' ? placeOf(latestRun.id) : undefined,
        delay: latestRun?.status === 'queued' ? this.#delays.of(latestRun.id) : undefined,
        stopping: (latestRun && this.#isStopping(latestRun)) || undefined,
        costUsd: totals?.cost_usd,
        inputTokens: totals?.input_tokens,
        outputTokens: totals?.output_tokens,
      }),
    };
  }
}

/** A merge that speaks for its thread whether or not another one was taken back. */
function unmerged(merge: Merge | undefined): Merge | undefined {
  return merge?.status === 'merged' ? undefined : merge;
}
