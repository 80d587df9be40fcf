import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { VerdictStores } from '../chains/agentVerdict.js';
import type { EventStores } from '../events/eventLog.js';
import type { MessageStores } from '../messages/messageStore.js';
import type { CellService } from '../notebooks/cellService.js';
import type { QuestionService } from '../questions/questionService.js';
import type { Run } from '../runs/run.js';
import type { RunSupervisor } from '../runs/runSupervisor.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import { readAsk, type Ask, type CellAsk } from './ask.js';
import type { Letter, Mailbox } from './mailbox.js';

/** A kernel executes one cell after the other; more than this is an agent that has gone wrong. */
const mostCells = 20;

interface Attended {
  readonly run: Run;
  readonly subscription: Disposable;
  /** The clock stands still for each open question, by its letter. */
  readonly holds: Map<number, Disposable>;
  /** Cells that are at work, by their letter; aborting says that nobody waits for them any more. */
  readonly cells: Map<number, AbortController>;
  /** Letters whose cell may have been begun: by this host, or by an earlier one when they lay there at the first look. */
  readonly begun: Set<number>;
  isFirstLook: boolean;
}

/**
 * Reads what runs write to the host and sees that each letter gets its answer.
 *
 *   not attended ──attend (its process is there)──► attended ──leave (its process has ended)──► not attended
 *   a letter while attended:  unreadable ──► answered with what is wrong
 *                             verdict ──► stored ──► answered
 *                             question ──► open, the run's clock held ──a person answers──► answered, the clock let go
 *                             cell ──► at work in a kernel ──it has ended──► answered
 *   a letter at the end:      a verdict is still stored; nobody waits for a question any more; a cell is interrupted
 *
 * A look reads all letters without an answer, when the mailbox rings and when a question was answered; what cannot be written now
 * (a full disk) is found by the next look. {@link dispose} lets go of clocks and cells and answers nothing: what is open is found
 * again in mailbox, database and the kernels' journal by the next host.
 */
export class RunMail implements Disposable {
  readonly #store: Store<VerdictStores & MessageStores & ThreadStores & EventStores>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #mailbox: Mailbox;
  readonly #questions: QuestionService;
  readonly #supervisor: Pick<RunSupervisor, 'holdClock'>;
  readonly #cells: Pick<CellService, 'execute'>;
  /** Lets go of cells, which go on. */
  readonly #ending = new AbortController();
  readonly #attended = new Map<RunId, Attended>();

  constructor(options: {
    readonly store: Store<VerdictStores & MessageStores & ThreadStores & EventStores>;
    readonly clock: Clock;
    readonly log: Log;
    readonly mailbox: Mailbox;
    readonly questions: QuestionService;
    readonly supervisor: Pick<RunSupervisor, 'holdClock'>;
    readonly cells: Pick<CellService, 'execute'>;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#mailbox = options.mailbox;
    this.#questions = options.questions;
    this.#supervisor = options.supervisor;
    this.#cells = options.cells;
  }

  /** Reads a run's mail from now on, that which lies there first. */
  attend(run: Run): void {
    if (this.#attended.has(run.id)) return;
    const subscription = this.#mailbox.subscribe(run.id, () => this.look(run.id));
    const attended: Attended = {
      run,
      subscription,
      holds: new Map(),
      cells: new Map(),
      begun: new Set(),
      isFirstLook: true,
    };
    this.#attended.set(run.id, attended);
    this.look(run.id);
    attended.isFirstLook = false;
  }

  /** The run's process has ended: reads what it wrote last, and no more. */
  leave(id: RunId): void {
    const attended = this.#attended.get(id);
    if (!attended) return;
    this.#letters(id, letter => {
      const ask = readAsk(letter.body);
      // Whoever asked a person something is not there any more.
      if (typeof ask !== 'string' && ask.kind === 'verdict') this.#answer(attended, letter, ask);
    });
    this.#release(attended);
    for (const cell of attended.cells.values()) cell.abort();
    this.#attended.delete(id);
  }

  /** Reads what a run wrote, and answers what can be answered by now. */
  look(id: RunId): void {
    const attended = this.#attended.get(id);
    if (!attended) return;
    this.#letters(id, letter => {
      const ask = readAsk(letter.body);
      if (typeof ask === 'string') this.#mailbox.answer(id, letter.number, { error: ask });
      else this.#answer(attended, letter, ask);
    });
  }

  dispose(): void {
    this.#ending.abort();
    for (const attended of this.#attended.values()) this.#release(attended);
    this.#attended.clear();
  }

  #letters(id: RunId, each: (letter: Letter) => void): void {
    try {
      for (const letter of this.#mailbox.unanswered(id)) each(letter);
    } catch (error) {
      // A full disk, mostly: the letters lie there and are read again.
      this.#log.warn('The mail of a run could not be answered', { run: id, reason: errorMessage(error) });
    }
  }

  #answer(attended: Attended, { number }: Letter, ask: Ask): void {
    const { run, holds } = attended;
    if (ask.kind === 'cell') return this.#execute(attended, number, ask);
    if (ask.kind === 'verdict') {
      this.#mailbox.answer(run.id, number, this.#recordVerdict(run, ask));
      return;
    }
    const raised = this.#questions.raise(run, number, ask);
    if (raised.kind === 'open') {
      if (!holds.has(number)) holds.set(number, this.#supervisor.holdClock(run.id));
      return;
    }
    this.#mailbox.answer(run.id, number, raised.letter);
    void holds.get(number)?.dispose();
    holds.delete(number);
  }

  #execute({ run, cells, begun, isFirstLook }: Attended, number: number, ask: CellAsk): void {
    if (cells.has(number)) return;
    if (cells.size >= mostCells) {
      this.#mailbox.answer(run.id, number, { error: `${mostCells} cells are waiting already. Wait for them.` });
      return;
    }
    const unwanted = new AbortController();
    const again = isFirstLook || begun.has(number);
    cells.set(number, unwanted);
    begun.add(number);
    void this.#cells
      .execute({ run, number, ask, again }, { unwanted: unwanted.signal, letGo: this.#ending.signal })
      .then(letter => this.#mailbox.answer(run.id, number, letter))
      .catch((error: unknown) => {
        if (unwanted.signal.aborted || this.#ending.signal.aborted) return;
        this.#log.warn('A cell of a run has no answer yet', { run: run.id, reason: errorMessage(error) });
      })
      .finally(() => cells.delete(number));
  }

  #recordVerdict(
    run: Run,
    { verdict, summary, findings }: Ask & { kind: 'verdict' },
  ): Readonly<Record<string, unknown>> {
    return this.#store.transact(stores => {
      if (stores.messages.get(run.messageId)?.intent !== 'handoff')
        return { error: 'Nobody asked you for a verdict. Say what you think in your answer.' };
      const { id: runId, threadId, agent } = run;
      const thread = stores.threads.get(threadId);
      const commit = thread?.head ?? thread?.baseCommit ?? '';
      const at = this.#clock.now();
      stores.verdicts.save({ runId, threadId, agent, verdict, summary, findings, commit, at });
      stores.events.append({ kind: 'thread_changed', threadId }, at);
      return { recorded: verdict };
    });
  }

  #release({ subscription, holds }: Attended): void {
    void subscription.dispose();
    for (const hold of holds.values()) void hold.dispose();
  }
}
