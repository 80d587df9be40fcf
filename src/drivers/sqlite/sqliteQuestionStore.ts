import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type RunId, type ThreadId } from '../../base/ids.js';
import { decisions, type Question, type QuestionId } from '../../core/questions/question.js';
import type { QuestionStore } from '../../core/questions/questionStore.js';
import { parseTexts } from '../../base/jsonFields.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  id: fixed((question: Question) => question.id),
  run_id: fixed((question: Question) => question.runId),
  number: fixed((question: Question) => question.number),
  thread_id: fixed((question: Question) => question.threadId),
  agent: fixed((question: Question) => question.agent),
  kind: fixed((question: Question) => question.kind),
  title: fixed((question: Question) => question.title),
  detail: fixed((question: Question) => question.detail),
  options_json: fixed((question: Question) => JSON.stringify(question.options)),
  rule: fixed((question: Question) => question.rule),
  asked_at: fixed((question: Question) => question.askedAt),
  decision: stored((question: Question) => question.answer?.decision ?? null),
  answer: stored((question: Question) => question.answer?.text ?? null),
  answered_at: stored((question: Question) => question.answer?.at ?? null),
};
type QuestionRow = RowOf<typeof columns>;
const table = new EntityTable<Question>('question', columns);

const kinds: readonly Question['kind'][] = ['permission', 'text'];
/** Of one thread, for looking back. */
const maxListed = 200;

export class SqliteQuestionStore implements QuestionStore {
  readonly #get: Statement<[string], QuestionRow>;
  readonly #ofLetter: Statement<[string, number], QuestionRow>;
  readonly #insert: Statement<[object]>;
  readonly #update: Statement<[object]>;
  readonly #openOf: Statement<[string], QuestionRow>;
  readonly #open: Statement<[], QuestionRow>;
  readonly #ofThread: Statement<[string, number], QuestionRow>;
  readonly #always: Statement<[string, string, string], { found: number }>;
  readonly #withPrefix: Statement<[string, string], { id: string }>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM question WHERE id = ?`);
    this.#ofLetter = database.prepare(`SELECT * FROM question WHERE run_id = ? AND number = ?`);
    this.#insert = database.prepare(table.insert());
    this.#update = database.prepare(table.update('id = :id'));
    this.#openOf = database.prepare(`SELECT * FROM question WHERE run_id = ? AND answered_at IS NULL ORDER BY number`);
    this.#open = database.prepare(`
      SELECT question.* FROM question JOIN run ON run.id = run_id
      WHERE answered_at IS NULL AND run.status IN ('running', 'waiting') ORDER BY asked_at, question.id`);
    this.#ofThread = database.prepare(`
      SELECT * FROM (SELECT * FROM question WHERE thread_id = ? ORDER BY asked_at DESC, id DESC LIMIT ?) ORDER BY asked_at, id`);
    this.#always = database.prepare(`
      SELECT 1 AS found FROM question WHERE thread_id = ? AND agent = ? AND rule = ? AND decision = 'always' LIMIT 1`);
    this.#withPrefix = database.prepare(`SELECT id FROM question WHERE id >= ? AND id < ? LIMIT 10`);
  }

  get(id: QuestionId): Question | undefined {
    const row = this.#get.get(id);
    return row && toQuestion(row);
  }

  ofLetter(run: RunId, number: number): Question | undefined {
    const row = this.#ofLetter.get(run, number);
    return row && toQuestion(row);
  }

  insert(question: Question): void {
    this.#insert.run(table.parameters(question));
  }

  update(question: Question): void {
    this.#update.run(table.parameters(question));
  }

  openOf(run: RunId): readonly Question[] {
    return this.#openOf.all(run).map(toQuestion);
  }

  open(): readonly Question[] {
    return this.#open.all().map(toQuestion);
  }

  ofThread(thread: ThreadId): readonly Question[] {
    return this.#ofThread.all(thread, maxListed).map(toQuestion);
  }

  alwaysAllowed(thread: ThreadId, agent: string, rule: string): boolean {
    return this.#always.get(thread, agent, rule) !== undefined;
  }

  withPrefix(prefix: string): readonly QuestionId[] {
    return this.#withPrefix.all(prefix, `${prefix}~`).map(row => parseId(row.id));
  }
}

function toQuestion(row: QuestionRow): Question {
  const { decision, answered_at: at } = row;
  return {
    id: parseId(row.id),
    runId: parseId(row.run_id),
    number: row.number,
    threadId: parseId(row.thread_id),
    agent: row.agent,
    kind: member(kinds, row.kind),
    title: row.title,
    detail: row.detail,
    options: parseTexts(row.options_json),
    rule: row.rule,
    askedAt: row.asked_at,
    ...(decision === null || at === null
      ? {}
      : { answer: { decision: member(decisions, decision), text: row.answer ?? '', at } }),
  };
}
