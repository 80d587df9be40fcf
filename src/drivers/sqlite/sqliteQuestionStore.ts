import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type RunId, type ThreadId } from '../../base/ids.js';
import { decisions, type Question, type QuestionId } from '../../core/questions/question.js';
import type { QuestionStore } from '../../core/questions/questionStore.js';
import { parseTexts } from '../../base/jsonFields.js';

interface QuestionRow {
  readonly id: string;
  readonly run_id: string;
  readonly number: number;
  readonly thread_id: string;
  readonly agent: string;
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly options_json: string;
  readonly rule: string;
  readonly asked_at: number;
  readonly decision: string | null;
  readonly answer: string | null;
  readonly answered_at: number | null;
}

const kinds: readonly Question['kind'][] = ['permission', 'text'];
/** Of one thread, for looking back. */
const maxListed = 200;

export class SqliteQuestionStore implements QuestionStore {
  readonly #get: Statement<[string], QuestionRow>;
  readonly #ofLetter: Statement<[string, number], QuestionRow>;
  readonly #insert: Statement<[QuestionRow]>;
  readonly #update: Statement<[string, string, number, string]>;
  readonly #openOf: Statement<[string], QuestionRow>;
  readonly #open: Statement<[], QuestionRow>;
  readonly #ofThread: Statement<[string, number], QuestionRow>;
  readonly #always: Statement<[string, string, string], { found: number }>;
  readonly #withPrefix: Statement<[string, string], { id: string }>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM question WHERE id = ?`);
    this.#ofLetter = database.prepare(`SELECT * FROM question WHERE run_id = ? AND number = ?`);
    this.#insert = database.prepare(`
      INSERT INTO question (id, run_id, number, thread_id, agent, kind, title, detail, options_json, rule, asked_at, decision, answer, answered_at)
      VALUES (:id, :run_id, :number, :thread_id, :agent, :kind, :title, :detail, :options_json, :rule, :asked_at, :decision, :answer, :answered_at)`);
    this.#update = database.prepare(`UPDATE question SET decision = ?, answer = ?, answered_at = ? WHERE id = ?`);
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
    this.#insert.run({
      id: question.id,
      run_id: question.runId,
      number: question.number,
      thread_id: question.threadId,
      agent: question.agent,
      kind: question.kind,
      title: question.title,
      detail: question.detail,
      options_json: JSON.stringify(question.options),
      rule: question.rule,
      asked_at: question.askedAt,
      decision: question.answer?.decision ?? null,
      answer: question.answer?.text ?? null,
      answered_at: question.answer?.at ?? null,
    });
  }

  update({ id, answer }: Question): void {
    if (answer) this.#update.run(answer.decision, answer.text, answer.at, id);
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
