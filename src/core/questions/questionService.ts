import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import { isId, type IdSource } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import type { Ask } from '../mail/ask.js';
import { isRunActive, type Run } from '../runs/run.js';
import { resumeRun, waitRun } from '../runs/runTransitions.js';
import type { RunStores } from '../runs/runStore.js';
import type { Store } from '../store.js';
import { answerLetter, type Answer, type Decision, type Question } from './question.js';
import type { QuestionStores } from './questionStore.js';
import { questionWords } from './questionText.js';

type ServiceStores = QuestionStores & RunStores & EventStores;

/** What becomes of a question when it is asked: a person must see it, or it is answered already. */
export type Raised =
  { readonly kind: 'open' } | { readonly kind: 'answered'; readonly letter: ReturnType<typeof answerLetter> };

/** Questions of runs to people: asked, shown, answered. Their letters are carried by `core/mail/runMail.ts`. */
export class QuestionService {
  readonly #store: Store<ServiceStores>;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(options: { readonly store: Store<ServiceStores>; readonly clock: Clock; readonly ids: IdSource }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** Takes a letter for a question; the same letter again is the same question. */
  raise(run: Run, number: number, ask: Extract<Ask, { kind: 'question' | 'permission' }>): Raised {
    return this.#store.transact(stores => {
      const known = stores.questions.ofLetter(run.id, number);
      if (known) return known.answer ? { kind: 'answered', letter: answerLetter(known.answer) } : { kind: 'open' };
      const now = this.#clock.now();
      const words = questionWords(ask);
      const allowed = words.rule !== '' && stores.questions.alwaysAllowed(run.threadId, run.agent, words.rule);
      if (allowed) return { kind: 'answered', letter: answerLetter({ decision: 'allow', text: '', at: now }) };
      const { id: runId, threadId, agent } = run;
      stores.questions.insert({ id: this.#ids.next(), runId, number, threadId, agent, ...words, askedAt: now });
      this.#moved(stores, run, waitRun);
      return { kind: 'open' };
    });
  }

  /**
   * A person's answer; the run goes on with its clock when nothing else is open. Errors: `question.unknown`, `question.closed`
   * (answered already, or its run has ended), `request.invalid` for an answer that does not fit.
   */
  answer(reference: string, decision: Decision, text: string): Question {
    return this.#store.transact(stores => {
      const question = findQuestion(stores, reference);
      const run = stores.runs.get(question.runId);
      if (question.answer) throw closed(question, 'it was answered already');
      if (!run || !isRunActive(run.status)) throw closed(question, 'its run has ended');
      requireFits(question, decision, text);
      const answer: Answer = { decision, text, at: this.#clock.now() };
      stores.questions.update({ ...question, answer });
      if (stores.questions.openOf(run.id).length === 0) this.#moved(stores, run, resumeRun);
      else stores.events.append({ kind: 'thread_changed', threadId: run.threadId }, this.#clock.now());
      return { ...question, answer };
    });
  }

  #moved(stores: ServiceStores, { id }: Run, change: (run: Run) => Run): void {
    const run = stores.runs.get(id);
    if (!run) return;
    const next = change(run);
    if (next !== run) stores.runs.update(next);
    // Also when it waits already: there is one question more.
    const { threadId, status } = next;
    stores.events.append({ kind: 'run_changed', threadId, runId: id, status }, this.#clock.now());
  }
}

/** The question with this id or unique beginning of an id. Errors: `question.unknown`. */
export function findQuestion({ questions }: QuestionStores, reference: string): Question {
  const found = isId<'question'>(reference)
    ? [questions.get(reference)]
    : /^[0-9a-z]{3,12}$/.test(reference)
      ? questions.withPrefix(reference).map(id => questions.get(id))
      : [];
  const [question, ...others] = found;
  if (question && others.length === 0) return question;
  const shown = JSON.stringify(reference.slice(0, 60));
  const message = question
    ? `Several questions begin with ${shown}. Type more of its id; \`muster inbox\` lists those that are open.`
    : `There is no question ${shown}. \`muster inbox\` lists those that are open.`;
  throw new AppError('question.unknown', message, { question: reference.slice(0, 60) });
}

function requireFits({ kind, id }: Question, decision: Decision, text: string): void {
  const inWords = decision === 'answer';
  if (kind === 'permission' && inWords)
    throw unfit(`Question ${id} asks for permission: answer allow, deny or always.`);
  if (kind === 'text' && decision === 'always') throw unfit(`Question ${id} wants an answer in words.`);
  if (kind === 'text' && decision !== 'deny' && text.trim() === '')
    throw unfit(`Question ${id} wants an answer in words, and there are none.`);
}

function unfit(message: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', message, { field: 'decision', reason: 'does not fit the question' });
}

function closed({ id }: Question, why: string): AppError<'question.closed'> {
  return new AppError('question.closed', `Question ${id} takes no answer any more: ${why}.`, { question: id });
}
